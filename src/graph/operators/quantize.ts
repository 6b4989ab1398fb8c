import { type DataType, type HostTensor, isDataType } from "../../dtype.ts";
import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { toFloat32 } from "../../half.ts";
import { rounded } from "../../ops/convert.ts";
import {
  dequantizeOnHost,
  prepareQuantize,
  quantizeOnHost,
  roundingEpilogue,
  type Scales,
} from "../../ops/quantize.ts";
import { isReadable, isStored, prepareDequantize, type StoredType } from "../../ops/stored.ts";
import { prepareUnary } from "../../ops/unary.ts";
import { elementCount, formatShape, normaliseAxis, type Shape, sameShape, stridesOf } from "../../shape.ts";
import { NodeChain } from "../chain.ts";
import { carriedType, isHalf } from "../halves.ts";
import { Dequantized } from "../lazy.ts";
import type { NodeView, Operator } from "../operator.ts";
import { TYPES_BY_CODE } from "./cast.ts";
import { roundingOf } from "./more-types.ts";
import { axisError } from "./shapes.ts";
import { FLOATS, type TypeSet, typedInput } from "./types.ts";

const READABLE: TypeSet = {
  wanted: "a tensor of int8, uint8, int16, uint16 or int32",
  types: new Set(["int8", "uint8", "int16", "uint16", "int32"]),
};
const QUANTIZABLE: TypeSet = {
  wanted: "a tensor of floats or int32",
  types: new Set(["float32", "float16", "bfloat16", "int32"]),
};

/** y = saturate(nearest(x / scale) + zero), halves to the even neighbour; NaN becomes the zero point. Inputs x, scale, zero point. */
const QuantizeLinear: Operator = {
  infer(node) {
    const { shape } = typedInput(node, 0, QUANTIZABLE);
    checkScales(node);
    return [{ type: storedType(node), shape }];
  },
  lower(node) {
    const { type, shape } = node.input(0);
    const plain = type === "float32" && node.input(1).type === "float32" && isSingle(node) && precision(node) === type;
    return plain ? { prepared: prepareQuantize(shape, storedType(node)), inputs: withZero(node) } : undefined;
  },
  evaluate(node, [x, scale, zero]) {
    const round = roundingTo(precision(node));
    return [quantizeOnHost(x!, scalesOf(node, scale!, zero), storedType(node), round)];
  },
};

/** y = (x - zero) * scale. Inputs x, scale, zero point. */
const DequantizeLinear: Operator = {
  infer(node) {
    const { type, shape } = typedInput(node, 0, READABLE);
    checkScales(node);
    const zero = node.optionalInput(2)?.type;
    if (zero && zero !== type) throw new ArgumentError(expected(node.where, "zero point", type, zero));
    return [{ type: floatResult(node), shape }];
  },
  lower(node) {
    const { type, shape } = node.input(0);
    const plain = isSingle(node) && node.input(1).type === "float32";
    return plain && isReadable(type) ? { prepared: prepareDequantize(shape, type), inputs: withZero(node) } : undefined;
  },
  evaluate(node, [x, scale, zero]) {
    const type = carriedType(floatResult(node));
    const { shape } = x!;
    const scales = scalesOf(node, scale!, zero);
    const compute = () => rounded(dequantizeOnHost(x!, scales), { type, shape }).data;
    const single = scale!.data.length === 1;
    return [new Dequantized(type, { stored: x!, scale: scale!, zero, axis: single ? 0 : scaleAxis(node) }, compute)];
  },
};

/** What QuantizeLinear writes: the type of the zero point, or the one that an attribute names. */
function storedType(node: NodeView): StoredType {
  const zero = node.optionalInput(2)?.type;
  const named = node.number("output_dtype", 0);
  const type = zero ?? (named === 0 ? "uint8" : TYPES_BY_CODE[named]);
  if (!type || !isStored(type)) throw node.unsupported(`storing as ${type ?? `type ${named}`} is not supported`);
  if (zero && named !== 0 && TYPES_BY_CODE[named] !== zero) {
    throw new ArgumentError(expected(node.where, "output_dtype", zero, TYPES_BY_CODE[named] ?? named));
  }
  return type;
}

/** What DequantizeLinear writes: the type of the scale, or the one that an attribute names. */
function floatResult(node: NodeView): DataType {
  const { type: scale } = typedInput(node, 1, FLOATS);
  const named = node.number("output_dtype", 0);
  const type = named === 0 ? scale : TYPES_BY_CODE[named];
  if (type && FLOATS.types.has(type) && type !== "float64") return type;
  throw node.unsupported(`results of ${type ?? `type ${named}`} are not supported`);
}

/** The type that quotients are rounded to. */
function precision(node: NodeView): DataType {
  const named = node.number("precision", 0);
  const type = named === 0 ? node.input(1).type : TYPES_BY_CODE[named];
  return type && isDataType(type) ? type : "float32";
}

function roundingTo(type: DataType): (value: number) => number {
  if (!isHalf(type)) return roundingOf(type);
  return (value) => toFloat32(rounded(Float32Array.of(value), { type, shape: [1] }))[0];
}

/** x, scale and, if there is one, zero point. */
function withZero(node: NodeView): number[] {
  return [0, 1, node.has(2) ? 2 : -1];
}

/** Whether there is one scale for all elements. */
function isSingle(node: NodeView): boolean {
  return elementCount(node.input(1).shape) === 1;
}

/** One scale for all, one for each index along an axis, or one for each block along it; zero points likewise. */
function checkScales(node: NodeView): void {
  const { shape } = node.input(0);
  const scale = typedInput(node, 1, { wanted: FLOATS.wanted, types: new Set([...FLOATS.types, "int32"]) }).shape;
  const zero = node.optionalInput(2);
  const where = (wanted: string, got: Shape) => expected(node.where, "scale", wanted, formatShape(got));
  if (zero && !sameShape(zero.shape, scale) && !(isSingle(node) && elementCount(zero.shape) === 1)) {
    throw new ShapeError(expected(node.where, "zero point", `shape ${formatShape(scale)}`, formatShape(zero.shape)));
  }
  if (isSingle(node)) return;
  const axis = scaleAxis(node);
  const block = node.number("block_size", 0);
  if (block === 0) {
    if (scale.length === 1 && scale[0] === shape[axis]) return;
    throw new ShapeError(where(`shape [] or [${shape[axis]}]`, scale));
  }
  const blocks = shape.map((extent, i) => (i === axis ? Math.ceil(extent / block) : extent));
  if (!sameShape(scale, blocks)) throw new ShapeError(where(`shape ${formatShape(blocks)}`, scale));
}

function scaleAxis(node: NodeView): number {
  const rank = node.input(0).shape.length;
  const given = node.number("axis", 1);
  const axis = normaliseAxis(given, rank);
  if (axis === undefined) throw axisError(node, given, rank);
  return axis;
}

function scalesOf(node: NodeView, scale: HostTensor, zero: HostTensor | undefined): Scales {
  if (scale.data.length === 1) return { scale, zero, at: () => 0 };
  const { shape } = node.input(0);
  const axis = scaleAxis(node);
  const inner = stridesOf(shape)[axis];
  const extent = shape[axis];
  const block = node.number("block_size", 0);
  if (block === 0) return { scale, zero, at: (i) => Math.floor(i / inner) % extent };
  const blocks = scale.shape[axis];
  const at = (i: number) => {
    const line = Math.floor(i / inner);
    const index = Math.floor((line % extent) / block);
    return (Math.floor(line / extent) * blocks + index) * inner + (i % inner);
  };
  return { scale, zero, at };
}

/** What is stored and read again: the value of `type` nearest to x. Made by a pass; attributes type, scale, zero. */
const FakeQuantize: Operator = {
  infer: (node) => [{ type: "float32", shape: node.input(0).shape }],
  lower: (node) => ({
    prepared: { ...prepareUnary(node.input(0).shape, fakeEpilogue(node)), algorithm: "round" },
    inputs: [0],
    inPlace: [0],
  }),
};

export function fakeEpilogue(node: NodeView) {
  return roundingEpilogue(node.text("type", "") as StoredType, node.number("scale", 1), node.number("zero", 0));
}

/** uint8 with a scale and a zero point that fit the data, 0 included: outputs y, scale, zero point. */
const DynamicQuantizeLinear: Operator = {
  infer(node) {
    const { shape } = typedInput(node, 0, { wanted: "a tensor of float32", types: new Set(["float32"]) });
    return [
      { type: "uint8", shape },
      { type: "float32", shape: [] },
      { type: "uint8", shape: [] },
    ];
  },
  expand(node, names) {
    const [x] = node.node.inputs;
    const [y, scaleName, zeroName] = node.node.outputs;
    const chain = new NodeChain(node, names);
    const scale = scaleName || chain.fresh("scale");
    const zero = zeroName || chain.fresh("zero");
    const nothing = chain.constant("0", 0);
    const highest = chain.constant("255", 255);
    const least = chain.op("Min", [chain.op("ReduceMin", [x], { keepdims: 0 }), nothing]);
    const most = chain.op("Max", [chain.op("ReduceMax", [x], { keepdims: 0 }), nothing]);
    chain.op("Div", [chain.op("Sub", [most, least]), highest], {}, scale);
    const offset = chain.op("Div", [chain.op("Sub", [nothing, least]), scale]);
    const clipped = chain.op("Clip", [chain.op("Round", [offset]), nothing, highest]);
    chain.op("Cast", [clipped], { to: 2 }, zero);
    chain.op("QuantizeLinear", [x, scale, zero], {}, y);
    return chain.nodes;
  },
};

export const QUANTIZE = {
  QuantizeLinear,
  DequantizeLinear,
  DynamicQuantizeLinear,
  "lanewise.FakeQuantize": FakeQuantize,
};
