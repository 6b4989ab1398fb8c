import { ArgumentError, expected } from "../errors.ts";
import { UNARY } from "./unary-codes.ts";

export type UnaryName = keyof typeof UNARY;

/** What the kernels take: a clamp to [lo, hi], then perhaps a function of unary.ts with its two parameters. */
export interface Epilogue {
  readonly lo: number;
  readonly hi: number;
  /** Code of the function, or 0. */
  readonly code: number;
  readonly alpha: number;
  readonly beta: number;
}

export const NO_ACTIVATION: Epilogue = { lo: -Infinity, hi: Infinity, code: 0, alpha: 0, beta: 0 };

export function clampEpilogue(lo: number, hi: number): Epilogue {
  return { ...NO_ACTIVATION, lo, hi };
}

export function unaryEpilogue(name: UnaryName, alpha = 0, beta = 0): Epilogue {
  return { ...NO_ACTIVATION, code: UNARY[name], alpha, beta };
}

/** A function to apply behind an operator: its name, or its name with its parameters. */
export type Activation =
  | "relu"
  | "relu6"
  | Exclude<UnaryName, "clamp">
  | { readonly type: "clamp"; readonly min?: number; readonly max?: number }
  | { readonly type: Exclude<UnaryName, "clamp">; readonly alpha?: number; readonly beta?: number };

/** Parameters of the functions that have some, where none are given. */
const DEFAULTS: Partial<Record<UnaryName, readonly [alpha: number, beta?: number]>> = {
  leakyRelu: [0.01],
};

export function resolveActivation(where: string, activation: Activation | undefined): Epilogue {
  if (activation === undefined) return NO_ACTIVATION;
  if (activation === "relu") return clampEpilogue(0, Infinity);
  if (activation === "relu6") return clampEpilogue(0, 6);
  const { type, ...given } = typeof activation === "string" ? { type: activation } : activation;
  if (type === "clamp") {
    const { min = -Infinity, max = Infinity } = given as { min?: number; max?: number };
    return clampEpilogue(min, max);
  }
  if (!Object.hasOwn(UNARY, type)) {
    throw new ArgumentError(expected(where, "activation", `relu, relu6, ${Object.keys(UNARY).join(", ")}`, type));
  }
  const [alpha, beta] = DEFAULTS[type] ?? [0];
  const parameters = given as { alpha?: number; beta?: number };
  return unaryEpilogue(type, parameters.alpha ?? alpha, parameters.beta ?? beta);
}
