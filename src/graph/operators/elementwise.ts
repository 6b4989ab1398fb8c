import type { DataType, HostTensor } from "../../dtype.ts";
import { expected, ShapeError } from "../../errors.ts";
import { clampEpilogue, type Epilogue, unaryEpilogue } from "../../ops/activation.ts";
import { type BinaryName, prepareBinary } from "../../ops/binary.ts";
import { prepareUnary } from "../../ops/unary.ts";
import { broadcastShapes, formatShape, type Shape } from "../../shape.ts";
import { mapHost, zipHost } from "../host.ts";
import type { NodeView, Operator } from "../operator.ts";
import { fusedEpilogue } from "./fused.ts";

/** A function of one float32 tensor; `epilogueOf` says which. The activation pass uses it to fuse the node. */
export interface ActivationOperator extends Operator {
  epilogueOf(node: NodeView): Epilogue | undefined;
}

export function isActivation(operator: Operator | undefined): operator is ActivationOperator {
  return operator !== undefined && "epilogueOf" in operator;
}

function activation(epilogueOf: (node: NodeView) => Epilogue | undefined): ActivationOperator {
  return {
    epilogueOf,
    infer: (node) => [node.input(0)],
    lower(node) {
      const { type, shape } = node.input(0);
      const epilogue = type === "float32" ? epilogueOf(node) : undefined;
      return epilogue && { prepared: prepareUnary(shape, epilogue), inputs: [0] };
    },
  };
}

/** Bounds are scalars that must be known; a missing one does not bound. */
function clipEpilogue(node: NodeView): Epilogue | undefined {
  const bound = (index: number, fallback: number) => {
    if (!node.has(index)) return fallback;
    const value = node.constant(index);
    if (!value) throw node.unsupported("bounds must be known before the run, but are computed from data");
    return Number(value.data[0]);
  };
  return clampEpilogue(bound(1, -Infinity), bound(2, Infinity));
}

type Fold = (a: number | bigint, b: number | bigint) => number | bigint;

/** A function of two tensors with broadcasting; `fold` computes it for constants and types other than float32. */
function binary(name: BinaryName, fold: Fold): Operator {
  return {
    infer(node) {
      const a = node.input(0);
      return [{ type: a.type, shape: broadcastShape(node, a.shape, node.input(1).shape) }];
    },
    lower(node) {
      const a = node.input(0);
      const b = node.input(1);
      if (a.type !== "float32") return undefined;
      const { lo, hi } = fusedEpilogue(node);
      return {
        prepared: prepareBinary(name, a.shape, b.shape, broadcastShape(node, a.shape, b.shape), [lo, hi]),
        inputs: [0, 1],
      };
    },
    evaluate(node, [a, b]) {
      const [x, y] = [a as HostTensor, b as HostTensor];
      return [zipHost(x, y, x.type, broadcastShape(node, x.shape, y.shape), fold)];
    },
  };
}

export function broadcastShape(node: NodeView, ...shapes: Shape[]): Shape {
  const shape = broadcastShapes(...shapes);
  if (!shape)
    throw new ShapeError(
      expected(node.where, "inputs", "shapes that broadcast", shapes.map(formatShape).join(" and ")),
    );
  return shape;
}

// Both operands have the same type; `any` keeps number and bigint arithmetic in one place.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any;
const add: Fold = (a, b) => (a as Any) + (b as Any);
const subtract: Fold = (a, b) => (a as Any) - (b as Any);
const multiply: Fold = (a, b) => (a as Any) * (b as Any);

/** Integer division truncates, as bigint division does by itself. */
const Div: Operator = {
  ...binary("div", () => 0),
  evaluate(node, [a, b]) {
    const [x, y] = [a as HostTensor, b as HostTensor];
    const real = isFloat(x.type);
    const divide: Fold = (p, q) => {
      if (typeof p === "bigint") return q === 0n ? 0n : p / (q as bigint);
      return real ? p / (q as number) : Math.trunc(p / (q as number));
    };
    return [zipHost(x, y, x.type, broadcastShape(node, x.shape, y.shape), divide)];
  },
};

export function isFloat(type: DataType): boolean {
  return type === "float32" || type === "float64";
}

const Cast: Operator = {
  infer: (node) => [{ type: castType(node), shape: node.input(0).shape }],
  lower: (node) => (castType(node) === node.input(0).type ? "alias" : undefined),
  evaluate(node, [x]) {
    const type = castType(node);
    const big = type === "int64" || type === "uint64";
    const convert = (value: number | bigint) => {
      if (type === "bool") return Number(value) !== 0 ? 1 : 0;
      if (big) return typeof value === "bigint" ? value : BigInt(Math.trunc(value));
      return Number(value);
    };
    return [mapHost(x as HostTensor, type, convert)];
  },
};

/** Element types by their code in ONNX files, as far as Cast converts to them. */
const CAST_TYPES: Readonly<Record<number, DataType>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  11: "float64",
  12: "uint32",
  13: "uint64",
};

function castType(node: NodeView): DataType {
  const to = node.number("to", 0);
  const type = CAST_TYPES[to];
  const from = node.input(0).type;
  if (!type || from.includes("float16")) throw node.unsupported(`casting ${from} to type ${to} is not supported`);
  return type;
}

export const ELEMENTWISE = {
  Relu: activation(() => clampEpilogue(0, Infinity)),
  Clip: activation(clipEpilogue),
  LeakyRelu: activation((node) => unaryEpilogue("leakyRelu", node.number("alpha", 0.01))),
  Sigmoid: activation(() => unaryEpilogue("sigmoid")),
  Exp: activation(() => unaryEpilogue("exp")),
  Add: binary("add", add),
  Sub: binary("sub", subtract),
  Mul: binary("mul", multiply),
  Div,
  Cast,
};
