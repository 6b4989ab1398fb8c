import { ArgumentError, expected } from "../errors.ts";
import { ATTRIBUTE_TYPE, type AttributeProto, type NodeProto, type TensorProto } from "../onnx/proto-types.ts";
import { codeOf, encodeTensor } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { checkOptions } from "../ops/call.ts";
import type { Window } from "../ops/window.ts";
import type { Shape } from "../shape.ts";
import type { ActivationUse } from "./activation.ts";
import { parametersOf, type Sequence, type Unit } from "./layer.ts";

/** Names of the input and the output of exported networks. */
export const INPUT = "input";
export const OUTPUT = "output";

export interface ExportOptions {
  /** Extent of the batch. Default: left free. */
  readonly batch?: number | undefined;
  /** Name of the graph. Default "network". */
  readonly name?: string | undefined;
}

const OPSET = 17;

/** The bytes of an ONNX file that computes what the units do after training. */
export function exportOnnx(root: Sequence, options: ExportOptions): Uint8Array {
  const where = "toOnnx";
  checkOptions(where, options, ["batch", "name"]);
  const { batch = "batch", name = "network" } = options;
  if (batch !== "batch" && !(Number.isSafeInteger(batch) && batch >= 1)) {
    throw new ArgumentError(expected(where, "batch", "an integer >= 1", batch));
  }
  const nodes = new Nodes();
  const last = writeUnit(nodes, root, INPUT);
  nodes.finish(last);
  const extent = batch === "batch" ? { dimParam: batch } : { dimValue: batch };
  const value = (name: string, shape: Shape) => ({
    name,
    type: {
      tensorType: {
        elemType: codeOf("float32"),
        shape: { dim: [extent, ...shape.map((dimValue) => ({ dimValue }))] },
      },
    },
  });
  return writeModel({
    irVersion: 8,
    producerName: "lanewise",
    opsetImport: [{ domain: "", version: OPSET }],
    functions: [],
    graph: {
      name,
      node: nodes.nodes,
      initializer: nodes.constants,
      input: [value(INPUT, root.inputShape)],
      output: [value(OUTPUT, root.outputShape)],
      valueInfo: [],
    },
  });
}

/** Integers; `{ float }` for a float. */
type Attribute = number | readonly number[] | { readonly float: number };

/** The nodes and constants of a graph so far. */
class Nodes {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];

  /** Adds a node, whose output is named as the node, and gives that name. */
  add(opType: string, name: string, input: string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.nodes.push({ opType, name, domain: "", input, output: [name], attribute });
    return name;
  }

  /** Adds a constant, and gives its name. */
  constant(name: string, shape: Shape, data: Float32Array<ArrayBuffer>): string {
    this.constants.push(encodeTensor({ type: "float32", shape, data }, name));
    return name;
  }

  scalar(name: string, value: number): string {
    return this.constant(name, [], Float32Array.of(value));
  }

  /** Names the output. */
  finish(last: string): void {
    const node = this.nodes.at(-1);
    if (node?.output[0] === last) node.output = [OUTPUT];
    else this.add("Identity", OUTPUT, [last]);
  }
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if ("float" in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
}

/** Adds the nodes of a unit on value `x`, and gives the name of its result. */
function writeUnit(nodes: Nodes, unit: Unit, x: string): string {
  const y = writeBody(nodes, unit, x);
  return unit.activation ? writeActivation(nodes, unit.activation, unit, y) : y;
}

function writeBody(nodes: Nodes, unit: Unit, x: string): string {
  const { name } = unit;
  const inputs = [x, ...parametersOf(unit).map(({ name, shape, values }) => nodes.constant(name, shape, values))];
  switch (unit.kind) {
    case "conv2d":
    case "depthwiseConv2d":
      return nodes.add("Conv", name, inputs, { ...windowAttributes(unit.window), group: unit.groups });
    case "dense":
      return nodes.add("Gemm", name, inputs, { transB: 1 });
    case "maxPool2d":
    case "averagePool2d":
      return writePool(nodes, unit, x);
    case "globalAveragePool":
      return nodes.add("GlobalAveragePool", name, inputs);
    case "batchNorm":
      return nodes.add("BatchNormalization", name, inputs, { epsilon: { float: unit.epsilon } });
    case "flatten":
      return nodes.add("Flatten", name, inputs, { axis: 1 });
    case "softmax":
      return nodes.add("Softmax", name, inputs, { axis: 1 });
    case "sequence":
      return unit.units.reduce((value, each) => writeUnit(nodes, each, value), x);
    case "residual":
      return nodes.add("Add", name, [
        writeUnit(nodes, unit.body, x),
        unit.shortcut ? writeUnit(nodes, unit.shortcut, x) : x,
      ]);
    case "parallel":
      return nodes.add(
        "Concat",
        name,
        unit.branches.map((branch) => writeUnit(nodes, branch, x)),
        { axis: 1 },
      );
    case "dropout":
    case "activation":
      return x;
  }
}

function windowAttributes({ KH, KW, SH, SW, DH, DW, PT, PB, PL, PR }: Window): Record<string, Attribute> {
  return { kernel_shape: [KH, KW], strides: [SH, SW], dilations: [DH, DW], pads: [PT, PL, PB, PR] };
}

/** A pool; its size is rounded up only where a window hangs over the end. */
function writePool(
  nodes: Nodes,
  { kind, name, window, countPadding }: Unit & { kind: "maxPool2d" | "averagePool2d" },
  x: string,
): string {
  const { dilations, ...attributes } = windowAttributes(window);
  const { IH, IW, OH, OW, KH, KW, SH, SW, DH, DW, PT, PB, PL, PR } = window;
  const over = (O: number, S: number, D: number, K: number, size: number) => (O - 1) * S + D * (K - 1) + 1 > size;
  const ceil = over(OH, SH, DH, KH, IH + PT + PB) || over(OW, SW, DW, KW, IW + PL + PR);
  if (ceil) attributes["ceil_mode"] = 1;
  if (kind === "maxPool2d") return nodes.add("MaxPool", name, [x], { ...attributes, dilations });
  if (countPadding) attributes["count_include_pad"] = 1;
  return nodes.add("AveragePool", name, [x], attributes);
}

function writeActivation(nodes: Nodes, { name, alpha, beta }: ActivationUse, unit: Unit, x: string): string {
  // The value of an activation alone has the name of its layer.
  const y = unit.kind === "activation" ? unit.name : `${unit.name}.${name}`;
  switch (name) {
    case "relu":
      return nodes.add("Relu", y, [x]);
    case "relu6":
      return nodes.add("Clip", y, [x, nodes.scalar(`${y}.least`, 0), nodes.scalar(`${y}.greatest`, 6)]);
    case "leakyRelu":
      return nodes.add("LeakyRelu", y, [x], { alpha: { float: alpha } });
    case "elu":
      return nodes.add("Elu", y, [x], { alpha: { float: alpha } });
    case "silu":
      return nodes.add("Mul", y, [x, nodes.add("Sigmoid", `${y}.sigmoid`, [x])]);
    case "hardSwish":
      return nodes.add("HardSwish", y, [x]);
    case "sigmoid":
      return nodes.add("Sigmoid", y, [x]);
    case "hardSigmoid":
      return nodes.add("HardSigmoid", y, [x], { alpha: { float: alpha }, beta: { float: beta } });
    case "softplus":
      return nodes.add("Softplus", y, [x]);
    case "tanh":
      return nodes.add("Tanh", y, [x]);
    case "gelu": {
      const root = nodes.scalar(`${y}.root`, Math.SQRT2);
      const erf = nodes.add("Erf", `${y}.erf`, [nodes.add("Div", `${y}.scaled`, [x, root])]);
      const sum = nodes.add("Add", `${y}.sum`, [erf, nodes.scalar(`${y}.one`, 1)]);
      return nodes.add("Mul", y, [nodes.add("Mul", `${y}.product`, [x, sum]), nodes.scalar(`${y}.half`, 0.5)]);
    }
  }
}
