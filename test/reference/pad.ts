import {
  coordinates,
  count,
  exact,
  flatten,
  numbers,
  type PaddingMode,
  type Plain,
  type Reference,
  reflected,
} from "./plain.ts";

export type PadMode = "constant" | "reflect" | "edge" | "wrap";

const SHOWN: Record<PadMode, PaddingMode> = {
  constant: "zeros",
  reflect: "reflect",
  edge: "replicate",
  wrap: "circular",
};

/**
 * Any number of axes; `pads` holds the extents added before every axis, then those after every axis. Negative ones take away
 * (before anything is reflected: what is taken away is not shown). "constant" fills with `value`.
 */
export function pad(x: Plain, pads: readonly number[], mode: PadMode = "constant", value = 0): Reference {
  const rank = x.shape.length;
  const before = pads.slice(0, rank);
  const after = pads.slice(rank);
  const kept = x.shape.map((extent, axis) => extent + Math.min(0, before[axis]) + Math.min(0, after[axis]));
  const shape = x.shape.map((extent, axis) => before[axis] + extent + after[axis]);
  const xs = numbers(x.data);
  const data = new Float64Array(count(shape));
  for (let out = 0; out < data.length; out++) {
    const at = coordinates(out, shape).map((i, axis) => {
      const source = reflected(i - Math.max(0, before[axis]), kept[axis], SHOWN[mode]);
      return source < 0 ? -1 : source - Math.min(0, before[axis]);
    });
    data[out] = at.includes(-1) ? value : xs[flatten(at, x.shape)];
  }
  return exact(shape, data);
}
