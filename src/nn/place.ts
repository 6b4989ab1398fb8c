import { ArgumentError, expected } from "../errors.ts";
import type { Shape } from "../shape.ts";
import type { Layer, Sequence, Site, Unit } from "./layer.ts";
import { Parameter, type Start } from "./parameter.ts";

/** What the layers of one network share while they are placed. */
interface Placing {
  readonly seed: number;
  /** Names taken, and how many layers have each path and prefix. */
  readonly names: Set<string>;
  readonly counts: Map<string, number>;
  /** Parameters so far: each has a stream of random numbers of its own, whose seed is its number. */
  parameters: number;
}

/** Fits layers to an input, each to the output of the one before. */
export function placeLayers(layers: readonly Layer[], inputShape: Shape, seed: number): Sequence {
  const placing: Placing = { seed, names: new Set(), counts: new Map(), parameters: 0 };
  return placeSequence(placing, layers, inputShape, "");
}

function placeSequence(placing: Placing, layers: readonly Layer[], inputShape: Shape, path: string): Sequence {
  let shape = inputShape;
  const units = layers.map((layer): Unit => {
    const unit = layer.place(siteOf(placing, layer, shape, path));
    shape = unit.outputShape;
    return unit;
  });
  return { kind: "sequence", name: path, inputShape, outputShape: shape, units };
}

function siteOf(placing: Placing, layer: Layer, inputShape: Shape, path: string): Site {
  const name = nameOf(placing, layer, path);
  const parameter = (what: string, shape: Shape, trainable: boolean, start: (seed: number) => Start) => {
    const seed = placing.seed * 65537 + placing.parameters++;
    return new Parameter(`${name}.${what}`, shape, trainable, start(seed));
  };
  return {
    name,
    where: `${layer.kind} ${name}`,
    inputShape,
    constant: (what, shape, value) => parameter(what, shape, true, () => ({ value })),
    statistic: (what, shape, value) => parameter(what, shape, false, () => ({ value })),
    weights(what, shape, { inputs, outputs, initialisation }) {
      const limit = Math.sqrt(6 / (initialisation === "he" ? inputs : inputs + outputs));
      return parameter(what, shape, true, (seed) => ({ limit, seed }));
    },
    within: (layers) => placeSequence(placing, layers, inputShape, name),
  };
}

/** The layer's own name, or its prefix and the next number, behind the names of the layers that it is in. */
function nameOf({ names, counts }: Placing, { kind, name, prefix }: Layer, path: string): string {
  const full = (last: string) => (path === "" ? last : `${path}.${last}`);
  let taken = name === undefined ? "" : full(name);
  while (taken === "") {
    const count = (counts.get(full(prefix)) ?? 0) + 1;
    counts.set(full(prefix), count);
    if (!names.has(full(`${prefix}${count}`))) taken = full(`${prefix}${count}`);
  }
  if (names.has(taken)) {
    throw new ArgumentError(expected("network", `name of a ${kind}`, "one that no other layer has", taken));
  }
  names.add(taken);
  return taken;
}
