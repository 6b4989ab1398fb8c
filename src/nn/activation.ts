import { ArgumentError, expected } from "../errors.ts";
import { type Activation, DEFAULTS, resolveActivation } from "../ops/activation.ts";
import { checkOptions } from "../ops/call.ts";
import type { Epilogue } from "../ops/epilogue.ts";
import { layerName } from "./checks.ts";
import type { Layer, LayerOptions } from "./layer.ts";

const NAMES = [
  ...(["relu", "relu6", "leakyRelu", "elu", "gelu", "silu", "hardSwish"] as const),
  ...(["sigmoid", "hardSigmoid", "softplus", "tanh"] as const),
];

type Name = (typeof NAMES)[number];

/** An activation of a layer: its name, or its name with the parameters that the engine's operator has. */
export type LayerActivation = Exclude<
  Extract<Activation, Name | { readonly type: Name }>,
  { readonly type: "gelu" | "silu" }
>;

/** A checked activation. */
export interface ActivationUse {
  readonly name: Name;
  /** Its parameters, 0 where it has none. */
  readonly alpha: number;
  readonly beta: number;
  readonly epilogue: Epilogue;
}

/** Checks an activation; undefined is none. */
export function activationUse(where: string, activation: LayerActivation | undefined): ActivationUse | undefined {
  if (activation === undefined) return undefined;
  const isName = typeof activation === "string" || activation === null;
  const name = isName ? activation : activation.type;
  if (!NAMES.includes(name) || (!isName && (name as string) in { gelu: 0, silu: 0 })) {
    throw new ArgumentError(expected(where, "activation", NAMES.join(", "), isName ? name : activation));
  }
  const epilogue = resolveActivation(where, activation);
  const given: { readonly alpha?: number; readonly beta?: number } = isName ? {} : (activation as object);
  const defaults = DEFAULTS[name] as { readonly alpha?: number; readonly beta?: number };
  return {
    name,
    alpha: given.alpha ?? defaults.alpha ?? 0,
    beta: given.beta ?? defaults.beta ?? 0,
    epilogue,
  };
}

/**
 * A function of each element.
 *
 * @throws ArgumentError for an activation that layers do not have.
 */
export function activation(type: LayerActivation, options: LayerOptions = {}): Layer {
  const where = "activation";
  checkOptions(where, options, ["name"]);
  if (type === undefined) throw new ArgumentError(expected(where, "type", NAMES.join(", "), type));
  const use = activationUse(where, type);
  return {
    kind: where,
    prefix: typeof type === "string" ? type : type.type,
    name: layerName(where, options.name),
    place: ({ name, inputShape }) => ({
      ...({ kind: "activation", name, inputShape, outputShape: inputShape } as const),
      activation: use,
    }),
  };
}
