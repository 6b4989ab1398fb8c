import {
  axisOf,
  blank,
  coordinates,
  count,
  exact,
  flatten,
  numbers,
  type Plain,
  type Reference,
  steps,
} from "./plain.ts";

/** A result of `shape` whose element at each place is x's element at `from(place)`. */
function moved(x: Plain, shape: readonly number[], from: (at: number[]) => readonly number[]): Reference {
  const xs = numbers(x.data);
  const data = new Float64Array(count(shape));
  for (let out = 0; out < data.length; out++) data[out] = xs[flatten(from(coordinates(out, shape)), x.shape)];
  return exact(shape, data);
}

export function reshape(x: Plain, shape: readonly number[]): Reference {
  return exact(shape, x.data);
}

/** y[i_p0, i_p1, ...] = x[i_0, i_1, ...]: axis `permutation[k]` of x becomes axis k. */
export function transpose(x: Plain, permutation: readonly number[]): Reference {
  const shape = permutation.map((axis) => x.shape[axis]);
  return moved(x, shape, (at) => x.shape.map((_, axis) => at[permutation.indexOf(axis)]));
}

export function concat(inputs: readonly Plain[], axis: number): Reference {
  const along = axisOf(axis, inputs[0].shape.length);
  const shape = [...inputs[0].shape];
  shape[along] = inputs.reduce((sum, x) => sum + x.shape[along], 0);
  const y = blank(shape, 0);
  let start = 0;
  for (const x of inputs) {
    for (let i = 0; i < x.data.length; i++) {
      const at = coordinates(i, x.shape);
      at[along] += start;
      y.data[flatten(at, shape)] = x.data[i];
    }
    start += x.shape[along];
  }
  return exact(shape, y.data);
}

/** Consecutive pieces of the given lengths along `axis`. */
export function split(x: Plain, axis: number, lengths: readonly number[]): Reference[] {
  const along = axisOf(axis, x.shape.length);
  let next = 0;
  return lengths.map((length) => {
    const start = next;
    next += length;
    return slice(x, [start], [start + length], [along]);
  });
}

/**
 * ONNX Slice, which is Python's: start (included) to end (excluded) by step along each of `axes`; negative positions count from the
 * end, positions outside are clamped, a negative step walks backwards (then an end before the first element is any below -extent).
 */
export function slice(
  x: Plain,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  by: readonly number[] = starts.map(() => 1),
): Reference {
  const kept = x.shape.map((extent) => Array.from({ length: extent }, (_, i) => i));
  axes.forEach((given, i) => {
    const axis = axisOf(given, x.shape.length);
    const extent = x.shape[axis];
    const step = by[i];
    const place = (position: number, low: number, high: number): number =>
      Math.min(high, Math.max(low, position < 0 ? position + extent : position));
    const indices: number[] = [];
    if (step > 0) {
      const end = place(ends[i], 0, extent);
      for (let at = place(starts[i], 0, extent); at < end; at += step) indices.push(at);
    } else {
      const end = place(ends[i], -1, extent - 1);
      for (let at = place(starts[i], -1, extent - 1); at > end; at += step) indices.push(at);
    }
    kept[axis] = indices;
  });
  return moved(
    x,
    kept.map((indices) => indices.length),
    (at) => at.map((i, axis) => kept[axis][i]),
  );
}

/** The window of rows top ... top + height - 1 and columns left ... left + width - 1 of the last two axes. */
export function crop(x: Plain, top: number, left: number, height: number, width: number): Reference {
  return slice(x, [top, left], [top + height, left + width], [-2, -1]);
}

/** The order along each of `axes` turned round. */
export function flip(x: Plain, axes: readonly number[]): Reference {
  const turned = axes.map((axis) => axisOf(axis, x.shape.length));
  return moved(x, x.shape, (at) => at.map((i, axis) => (turned.includes(axis) ? x.shape[axis] - 1 - i : i)));
}

/** x stretched to what its shape and `shape` broadcast to (ONNX: `shape` may hold 1 where x does not). */
export function expand(x: Plain, shape: readonly number[]): Reference {
  const rank = Math.max(shape.length, x.shape.length);
  const from = [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const to = [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const stretched = from.map((extent, axis) => {
    if (extent !== to[axis] && extent !== 1 && to[axis] !== 1) throw new Error("expand: shapes do not broadcast");
    return extent === 1 ? to[axis] : extent;
  });
  return moved({ data: x.data, shape: from }, stretched, (at) => at.map((i, axis) => (from[axis] === 1 ? 0 : i)));
}

export function tile(x: Plain, repeats: readonly number[]): Reference {
  const shape = x.shape.map((extent, axis) => extent * repeats[axis]);
  return moved(x, shape, (at) => at.map((i, axis) => i % x.shape[axis]));
}

/** Along `axis`, the slices that `indices` name: x.shape with that axis replaced by indices.shape. Negative from the end. */
export function gather(x: Plain, indices: Plain, axis = 0): Reference {
  const along = axisOf(axis, x.shape.length);
  const depth = indices.shape.length;
  const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)];
  return moved(x, shape, (at) => {
    const index = indices.data[flatten(at.slice(along, along + depth), indices.shape)];
    return [...at.slice(0, along), index < 0 ? index + x.shape[along] : index, ...at.slice(along + depth)];
  });
}

/** y[..., i, ...] = x[..., indices[..., i, ...], ...]: one index for each output element. */
export function gatherElements(x: Plain, indices: Plain, axis = 0): Reference {
  const along = axisOf(axis, x.shape.length);
  return moved(x, indices.shape, (at) => {
    const index = indices.data[flatten(at, indices.shape)];
    return at.map((i, k) => (k !== along ? i : index < 0 ? index + x.shape[along] : index));
  });
}

/**
 * [N, C, H, W] to [N, C / B^2, H * B, W * B]: y[n, c, h * B + i, w * B + j] is x's channel (i * B + j) * (C / B^2) + c in mode
 * "DCR", and c * B^2 + i * B + j in mode "CRD".
 */
export function depthToSpace(x: Plain, block: number, mode: "DCR" | "CRD" = "DCR"): Reference {
  const [N, C, H, W] = x.shape;
  const OC = C / (block * block);
  return moved(x, [N, OC, H * block, W * block], ([n, c, oh, ow]) => {
    const part = (oh % block) * block + (ow % block);
    const channel = mode === "DCR" ? part * OC + c : c * block * block + part;
    return [n, channel, Math.floor(oh / block), Math.floor(ow / block)];
  });
}

/** [N, C, H, W] to [N, C * B^2, H / B, W / B]: y[n, (i * B + j) * C + c, h, w] = x[n, c, h * B + i, w * B + j]. */
export function spaceToDepth(x: Plain, block: number): Reference {
  const [N, C, H, W] = x.shape;
  return moved(x, [N, C * block * block, H / block, W / block], ([n, oc, oh, ow]) => {
    const part = Math.floor(oc / C);
    return [n, oc % C, oh * block + Math.floor(part / block), ow * block + (part % block)];
  });
}

/** NCHW to NHWC and back, of any data. */
export function toChannelsLast(x: Plain): Reference {
  return transpose(x, [0, 2, 3, 1]);
}

export function toChannelsFirst(x: Plain): Reference {
  return transpose(x, [0, 3, 1, 2]);
}

/** How many elements lie before axis `axis`, along it, and from one to the next along it. */
export function lanes(shape: readonly number[], axis: number): { outer: number; extent: number; inner: number } {
  const along = axisOf(axis, shape.length);
  return { outer: count(shape.slice(0, along)), extent: shape[along], inner: steps(shape)[along] };
}
