// What moves elements, resizes images, and picks boxes.

import {
  concat,
  depthToSpace,
  exact,
  expand,
  flip,
  gather,
  nonMaxSuppression,
  pad,
  reshape,
  resize,
  slice,
  spaceToDepth,
  split,
  tile,
  transpose,
} from "../reference.ts";
import type { Random } from "../support/random.ts";
import { axisOf, type Drawing, permutationOf, shapeOf, someAxes } from "./draws.ts";
import { type Attribute, integers } from "./onnx.ts";

/** Weights of taps and sums over two axes. */
const FURTHER = 8;

const COORDINATES = {
  half_pixel: "half-pixel",
  pytorch_half_pixel: "pytorch-half-pixel",
  align_corners: "align-corners",
  asymmetric: "asymmetric",
} as const;
const ROUNDINGS = {
  round_prefer_floor: "round-prefer-floor",
  round_prefer_ceil: "round-prefer-ceil",
  floor: "floor",
  ceil: "ceil",
} as const;

const keysOf = <K extends string>(words: Readonly<Record<K, unknown>>) => Object.keys(words) as K[];

/** An image and the sizes that it shall have, powers of 2 apart where a place could lie at an edge of two pixels. */
function resized(random: Random, factors: readonly number[]) {
  const x = random.tensor([
    random.integer(1, 2),
    random.integer(1, 5),
    2 * random.integer(1, 5),
    2 * random.integer(1, 5),
  ]);
  const sizes = x.shape.slice(2).map((extent) => Math.max(1, extent * random.pick(factors))) as [number, number];
  return { x, sizes, whole: integers([...x.shape.slice(0, 2), ...sizes]) };
}

function interpolation(mode: "linear" | "cubic", antialias: boolean): Drawing {
  return (random) => {
    const { x, sizes, whole } = resized(random, [0.5, 1, 1.5, 2, 2.5, 3]);
    // With antialias onnxruntime has other ideas of corners that are aligned.
    const coordinates = random.pick(antialias ? (["half_pixel", "asymmetric"] as const) : keysOf(COORDINATES));
    const excludeOutside = mode === "cubic" && random.integer(0, 1) === 1;
    const cubic = random.pick([-0.75, -0.5]);
    const attributes: Record<string, Attribute> = {
      ...{ mode, coordinate_transformation_mode: coordinates, exclude_outside: excludeOutside ? 1 : 0 },
      ...{ cubic_coeff_a: { float: cubic }, antialias: antialias ? 1 : 0 },
    };
    const want = resize(x, { sizes, mode, coordinates, cubic, excludeOutside, antialias });
    // onnxruntime rounds the places themselves to float32.
    const most = x.data.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
    return {
      ...{
        inputs: [x, whole],
        names: ["x0", "", "", "x1"],
        attributes,
        want: [want],
        extra: FURTHER,
        theirs: 8 * most,
      },
      run: (engine, [t]) =>
        engine.resample2d(t, {
          ...{ sizes, mode, coordinates: COORDINATES[coordinates], excludeOutside, antialias, cubicCoefficient: cubic },
        }),
    };
  };
}

function padding(mode: "constant" | "reflect" | "edge" | "wrap"): Drawing {
  return (random) => {
    const x = random.tensor(shapeOf(random, 1, 4));
    const most = (extent: number) => (mode === "reflect" ? extent - 1 : mode === "wrap" ? extent : 3);
    const [before, after] = [0, 1].map(() => x.shape.map((extent) => random.integer(0, most(extent))));
    const value = mode === "constant" ? Math.fround(random.uniform()) : 0;
    const added = mode === "constant" ? [{ shape: [], data: Float32Array.of(value) }] : [];
    return {
      ...{ inputs: [x, integers([...before, ...after]), ...added], attributes: { mode } },
      want: [pad(x, [...before, ...after], mode, value)],
      run: (engine, [t]) => engine.pad(t, before, after, { mode, value }),
    };
  };
}

export const MOVEMENTS: Readonly<Record<string, Drawing>> = {
  "Pad constant": padding("constant"),
  "Pad reflect": padding("reflect"),
  "Pad edge": padding("edge"),
  "Pad wrap": padding("wrap"),
  "Resize nearest": (random) => {
    const { x, sizes, whole } = resized(random, [0.5, 1, 2, 4]);
    const [coordinates, nearest] = [random.pick(keysOf(COORDINATES)), random.pick(keysOf(ROUNDINGS))];
    // Aligned corners put places where rounding decides.
    const safe = coordinates === "align_corners" ? "half_pixel" : coordinates;
    const attributes = { mode: "nearest", coordinate_transformation_mode: safe, nearest_mode: nearest };
    return {
      ...{
        inputs: [x, whole],
        names: ["x0", "", "", "x1"],
        attributes,
        want: [resize(x, { sizes, coordinates: safe, nearest })],
      },
      run: (engine, [t]) =>
        engine.resample2d(t, { sizes, coordinates: COORDINATES[safe], rounding: ROUNDINGS[nearest] }),
    };
  },
  "Resize linear": interpolation("linear", false),
  "Resize cubic": interpolation("cubic", false),
  "Resize linear, antialiased": interpolation("linear", true),
  "Resize cubic, antialiased": interpolation("cubic", true),
  Slice: (random) => {
    const x = random.tensor(shapeOf(random, 1, 5));
    const axes = x.shape.map((_, axis) => axis);
    const starts = x.shape.map((extent) => random.integer(0, extent - 1));
    const sizes = x.shape.map((extent, axis) => random.integer(1, extent - starts[axis]));
    const strides = x.shape.map(() => random.pick([1, 1, 2, 3, -1, -2]));
    // ONNX walks from a start to before an end; what is before the first element is below minus the extent.
    const first = starts.map((start, axis) => (strides[axis] > 0 ? start : start + sizes[axis] - 1));
    const ends = starts.map((start, axis) => {
      if (strides[axis] > 0) return start + sizes[axis];
      return start === 0 ? -x.shape[axis] - 1 : start - 1;
    });
    return {
      ...{ inputs: [x, ...[first, ends, axes, strides].map((list) => integers(list))], attributes: {} },
      want: [slice(x, first, ends, axes, strides)],
      run: (engine, [t]) => engine.slice(t, starts, sizes, { strides }),
    };
  },
  "Slice backwards": (random) => {
    const x = random.tensor(shapeOf(random, 1, 4));
    const axes = someAxes(random, x.shape.length);
    const lists = [axes.map(() => -1), axes.map((axis) => -x.shape[axis] - 1), axes, axes.map(() => -1)];
    const run = { inputs: [x, ...lists.map((list) => integers(list))], attributes: {}, want: [flip(x, axes)] };
    return { ...run, run: (engine, [t]) => engine.reverse(t, { axes }) };
  },
  Gather: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4));
    const axis = axisOf(random, x.shape.length);
    const extent = x.shape.at(axis) as number;
    const shape = shapeOf(random, 0, 2, 4);
    const count = shape.reduce((product, each) => product * each, 1);
    const indices = Array.from({ length: count }, () => random.integer(-extent, extent - 1));
    return {
      ...{ inputs: [x, integers(indices, shape)], attributes: { axis } },
      want: [gather(x, { shape, data: indices }, axis)],
      run: (engine, [t, i]) => engine.gather(t, i, { axis }),
    };
  },
  Concat: (random) => {
    const shape = shapeOf(random, 1, 4);
    const axis = axisOf(random, shape.length);
    const inputs = Array.from({ length: random.integer(1, 4) }, () => {
      const own = [...shape];
      own[(axis + own.length) % own.length] = random.integer(1, 5);
      return random.tensor(own);
    });
    return { inputs, attributes: { axis }, want: [concat(inputs, axis)], run: (engine, x) => engine.concat(x, axis) };
  },
  Split: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4, 9));
    const axis = axisOf(random, x.shape.length);
    const extent = x.shape.at(axis) as number;
    const first = random.integer(1, extent);
    const lengths = first === extent ? [extent] : [first, extent - first];
    return {
      ...{ inputs: [x, integers(lengths)], attributes: { axis }, outputs: lengths.map(() => "float32" as const) },
      want: split(x, axis, lengths),
      run: (engine, [t]) => engine.split(t, lengths, { axis }),
    };
  },
  Transpose: (random) => {
    const x = random.tensor(shapeOf(random, 1, 5));
    const permutation = permutationOf(random, x.shape.length);
    const run = { inputs: [x], attributes: { perm: permutation }, want: [transpose(x, permutation)] };
    return { ...run, run: (engine, [t]) => engine.transpose(t, { permutation }) };
  },
  Expand: (random) => {
    const shape = shapeOf(random, 1, 5);
    const own = shape
      .map((extent) => (random.integer(0, 1) === 1 ? 1 : extent))
      .slice(random.integer(0, shape.length - 1));
    const x = random.tensor(own);
    const run = { inputs: [x, integers(shape)], attributes: {}, want: [expand(x, shape)] };
    return { ...run, run: (engine, [t]) => engine.expand(t, shape) };
  },
  Tile: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4, 5));
    const repetitions = x.shape.map(() => random.integer(1, 3));
    const run = { inputs: [x, integers(repetitions)], attributes: {}, want: [tile(x, repetitions)] };
    return { ...run, run: (engine, [t]) => engine.tile(t, repetitions) };
  },
  Reshape: (random) => {
    const x = random.tensor(shapeOf(random, 1, 4));
    const [head, ...rest] = [...x.shape].sort((a, b) => a - b);
    const shape = [rest.reduce((product, extent) => product * extent, 1), head];
    const open = [random.pick([shape[0], -1]), head];
    const run = { inputs: [x, integers(open)], attributes: {}, want: [reshape(x, shape)] };
    return { ...run, run: (engine, [t]) => engine.reshape(t, open) };
  },
  DepthToSpace: (random) => {
    const block = random.integer(1, 3);
    const x = random.tensor([
      random.integer(1, 2),
      random.integer(1, 3) * block * block,
      random.integer(1, 5),
      random.integer(1, 5),
    ]);
    const order = random.pick(["DCR", "CRD"] as const);
    const run = { inputs: [x], attributes: { blocksize: block, mode: order }, want: [depthToSpace(x, block, order)] };
    return { ...run, run: (engine, [t]) => engine.depthToSpace(t, block, { order }) };
  },
  SpaceToDepth: (random) => {
    const block = random.integer(1, 3);
    const x = random.tensor([
      random.integer(1, 2),
      random.integer(1, 5),
      random.integer(1, 4) * block,
      random.integer(1, 4) * block,
    ]);
    const run = { inputs: [x], attributes: { blocksize: block }, want: [spaceToDepth(x, block)] };
    return { ...run, run: (engine, [t]) => engine.spaceToDepth(t, block) };
  },
  NonMaxSuppression: (random) => {
    const [images, classes, boxes] = [random.integer(1, 2), random.integer(1, 3), random.integer(1, 12)];
    const corners = random.tensor([images, boxes, 4]);
    const scores = random.tensor([images, classes, boxes]);
    const [most, overlap, least] = [random.integer(1, 6), 0.1 + 0.6 * random.uniform(), random.uniform() - 0.5];
    const [iouThreshold, scoreThreshold] = [Math.fround(overlap), Math.fround(least)];
    const kept = nonMaxSuppression(corners, scores, { maxOutputBoxesPerClass: most, iouThreshold, scoreThreshold });
    const floats = [iouThreshold, scoreThreshold].map((value) => ({ shape: [1], data: Float32Array.of(value) }));
    return {
      ...{ inputs: [corners, scores, integers([most]), ...floats], attributes: {}, outputs: ["int64"] },
      want: [exact([kept.length, 3], kept.flat())],
      run: (engine, [b, s]) =>
        engine.nonMaxSuppression(b, s, { maxOutputBoxesPerClass: most, iouThreshold, scoreThreshold }),
    };
  },
};
