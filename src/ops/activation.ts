import { ArgumentError, expected } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { call } from "./call.ts";
import { clampEpilogue, type Epilogue, NO_ACTIVATION, unaryEpilogue } from "./epilogue.ts";
import { prepareUnary } from "./unary.ts";

/** Every activation with its parameters, as they are where none are given. */
export const DEFAULTS = {
  /** max(x, 0). */
  relu: {},
  /** x between 0 and 6. */
  relu6: {},
  /** x between minValue and maxValue. */
  clamp: { minValue: -Infinity, maxValue: Infinity },
  /** alpha * x + beta. */
  linear: { alpha: 1, beta: 0 },
  /** alpha * x below 0. */
  leakyRelu: { alpha: 0.01 },
  /** x above alpha, else 0. */
  thresholdedRelu: { alpha: 1 },
  /** alpha * (e^x - 1) below 0. */
  elu: { alpha: 1 },
  /** gamma times elu. */
  selu: { alpha: 1.6732632423543772, gamma: 1.0507009873554805 },
  /** alpha * (e^(x / alpha) - 1) below 0; alpha > 0. */
  celu: { alpha: 1 },
  /** x * (1 + erf(x / sqrt(2))) / 2, or with `approximate: "tanh"` its approximation. */
  gelu: { approximate: "none" },
  /** 1 / (1 + e^-x). */
  sigmoid: {},
  /** alpha * x + beta between 0 and 1 (PyTorch's alpha is 1 / 6). */
  hardSigmoid: { alpha: 0.2, beta: 0.5 },
  /** x * (x + 3 between 0 and 6) / 6. */
  hardSwish: {},
  /** x * sigmoid(alpha * x), also known as Swish. */
  silu: { alpha: 1 },
  /** x * tanh(softplus(x)). */
  mish: {},
  /** log(1 + e^x). */
  softplus: {},
  /** x / (1 + |x|). */
  softsign: {},
  tanh: {},
  erf: {},
  exp: {},
  log: {},
} as const;

export type ActivationName = keyof typeof DEFAULTS;

/** The parameters of an activation. */
export type ActivationOptions<N extends ActivationName> = {
  readonly [P in Extract<keyof (typeof DEFAULTS)[N], string>]?:
    | (P extends "approximate" ? "none" | "tanh" : number)
    | undefined;
};

/** A function to apply behind an operator: its name, or its name with its parameters, as in `{ type: "elu", alpha: 0.5 }`. */
export type Activation =
  | ActivationName
  | { [N in ActivationName]: { readonly type: N } & ActivationOptions<N> }[ActivationName];

/** Checks an activation, called `what` in messages; none is what does nothing. */
export function resolveActivation(
  where: string,
  activation: Activation | undefined,
  what: string = "activation",
): Epilogue {
  if (activation === undefined) return NO_ACTIVATION;
  const isName = typeof activation === "string";
  const { type, ...parameters } = isName || activation === null ? { type: activation as ActivationName } : activation;
  if (!Object.hasOwn(DEFAULTS, type ?? "")) {
    throw new ArgumentError(expected(where, what, Object.keys(DEFAULTS).join(", "), type ?? activation));
  }
  return activationEpilogue(where, type, parameters, `${what}.`);
}

/** Checks the parameters of an activation; `prefix` comes before their names in messages. */
export function activationEpilogue(
  where: string,
  name: ActivationName,
  given: Readonly<Record<string, unknown>>,
  prefix = "",
): Epilogue {
  const defaults: Readonly<Record<string, number | string>> = DEFAULTS[name];
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, key)) {
      const known = Object.keys(defaults).join(", ") || `no parameters of ${name}`;
      throw new ArgumentError(expected(where, `${prefix}${prefix ? name : "option"}`, known, key));
    }
    if (value === undefined || key === "approximate" || (typeof value === "number" && !Number.isNaN(value))) continue;
    throw new ArgumentError(expected(where, prefix + key, "a number", value));
  }
  const of = (key: string) => (given[key] ?? defaults[key]) as number;
  switch (name) {
    case "relu":
      return clampEpilogue(0, Infinity);
    case "relu6":
      return clampEpilogue(0, 6);
    case "clamp": {
      const [least, greatest] = [of("minValue"), of("maxValue")];
      if (least <= greatest) return clampEpilogue(least, greatest);
      throw new ArgumentError(expected(where, `${prefix}minValue`, `at most maxValue, which is ${greatest}`, least));
    }
    case "selu":
      return unaryEpilogue("selu", of("alpha"), of("gamma"));
    case "celu": {
      if (of("alpha") > 0) break;
      throw new ArgumentError(expected(where, `${prefix}alpha`, "a number above 0", of("alpha")));
    }
    case "gelu": {
      const approximate: unknown = of("approximate");
      if (approximate === "none") break;
      if (approximate === "tanh") return unaryEpilogue("geluTanh");
      throw new ArgumentError(expected(where, `${prefix}approximate`, '"none" or "tanh"', approximate));
    }
  }
  return unaryEpilogue(name, of("alpha") ?? 0, of("beta") ?? 0);
}

/** The function of an epilogue of each element of a float32 tensor, which is checked. The result lies as x does. */
export function applyEpilogue(w: Workspace, where: string, x: Tensor, epilogue: Epilogue): Tensor {
  const y = w.create(where, x.shape, w.format(x));
  call(w, where, prepareUnary(x.shape, epilogue), { inputs: [w.address(x)], outputs: [y] });
  return y;
}
