import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import type { ByteType } from "../../ops/integer-conv2d.ts";
import { prepareIntegerMatmul } from "../../ops/integer-matmul.ts";
import { elementCount, formatShape } from "../../shape.ts";
import type { NodeView, Operator } from "../operator.ts";
import { productOf } from "./more-matrix.ts";
import { byteInput, integerKernel } from "./quantized-convolution.ts";
import { type TypeSet, typedInput } from "./types.ts";

const SCALES: TypeSet = {
  wanted: "a tensor of float32, float16 or bfloat16",
  types: new Set(["float32"]),
};

/** Sums of products of integers less their zero points, in int32: inputs a, b, zero points of a (by row) and b (by column). */
const MatMulInteger: Operator = {
  infer(node) {
    const { result } = specOf(node, { w: 1, xZero: 2, wZero: 3 }, undefined);
    return [{ type: "int32", shape: result }];
  },
  lower(node) {
    const spec = specOf(node, { w: 1, xZero: 2, wZero: 3 }, undefined);
    return integerKernel(node, prepareIntegerMatmul(spec), [0, 2], [1, 3]);
  },
};

const QLINEAR = { w: 3, xZero: 2, wZero: 5, xScale: 1, wScale: 4 };

/** As MatMulInteger, brought to 8 bits: inputs a, b and y with a scale and a zero point each. */
const QLinearMatMul: Operator = {
  infer(node) {
    const y = byteInput(node, 7);
    for (const index of [6, 7]) {
      if (elementCount(node.input(index).shape) !== 1)
        throw node.unsupported("more than one scale of y is not supported");
    }
    for (const index of [1, 4, 6]) typedInput(node, index, SCALES);
    return [{ type: y, shape: specOf(node, QLINEAR, y).result }];
  },
  lower(node) {
    const reads = [0, 2, 1, 4, 6, 7];
    const prepared = prepareIntegerMatmul(specOf(node, QLINEAR, byteInput(node, 7)));
    return integerKernel(node, prepared, reads, [3, 5]);
  },
};

/** Where inputs stand. */
interface Places {
  readonly w: number;
  readonly xZero: number;
  readonly wZero: number;
  readonly xScale?: number;
  readonly wScale?: number;
}

function specOf(node: NodeView, at: Places, y: ByteType | undefined) {
  const x = byteInput(node, 0);
  const w = byteInput(node, at.w);
  const product = productOf(node, node.input(0).shape, node.input(at.w).shape);
  const { M, K, N, xBatch, wBatch } = product;
  if (K === 0) throw node.unsupported("products of no terms are not supported");
  const rows = elementCount(xBatch) * M;
  const columns = elementCount(wBatch) * N;
  const count = (index: number | undefined, what: string, all: number, by: string, type?: ByteType) => {
    if (index === undefined || !node.has(index)) return 0;
    const input = node.input(index);
    if (type && input.type !== type) throw new ArgumentError(expected(node.where, what, type, input.type));
    const given = elementCount(input.shape);
    if (given === 1 || given === all) return given;
    throw new ShapeError(expected(node.where, what, `one value or ${all}, one ${by}`, formatShape(input.shape)));
  };
  return {
    ...product,
    x,
    y,
    xZeros: count(at.xZero, "zero point of a", rows, "a row", x),
    xScales: count(at.xScale, "scale of a", rows, "a row"),
    wZeros: count(at.wZero, "zero point of b", columns, "a column", w),
    wScales: Math.max(1, count(at.wScale, "scale of b", columns, "a column")),
  };
}

export const QUANTIZED_MATRIX = { MatMulInteger, QLinearMatMul };
