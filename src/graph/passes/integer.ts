import type { HostTensor } from "../../dtype.ts";
import { isByte } from "../../ops/integer-conv2d.ts";
import { storedValue } from "../../ops/quantize.ts";
import { isStored, rangeOf } from "../../ops/stored.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import { int64Vector, reshapeHost } from "../host.ts";
import { Dequantized } from "../lazy.ts";
import { isActivation } from "../operators/elementwise.ts";
import { findOperator } from "../operators/index.ts";

/**
 * Computes in integers what reads stored numbers and stores its result again: DequantizeLinear, Conv, Gemm or GlobalAveragePool, perhaps
 * a clamp, and QuantizeLinear become one QLinearConv, whose sums are exact. Scales, filter and bias must be known.
 */
export function computeInIntegers(draft: Draft): number {
  const finder = new Finder(draft);
  const nodes: GraphNode[] = [];
  let changes = 0;
  for (const node of draft.nodes) {
    const found = node.op === "QuantizeLinear" ? finder.find(node) : undefined;
    if (found) changes++;
    nodes.push(...(found ?? [node]));
  }
  draft.nodes = nodes;
  return changes;
}

/** A scale and zero point for all elements. */
interface Step {
  readonly scale: number;
  readonly zero: number;
}

/** Inputs x to the zero point of w of a QLinearConv, and its bias; the number of groups where the node has no such attribute. */
interface Operands {
  readonly inputs: string[];
  readonly bias: string;
  readonly group?: number;
}

class Finder {
  readonly #draft: Draft;
  readonly #producers: Map<string, GraphNode>;
  readonly #uses: Map<string, number>;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#producers = draft.producers();
    this.#uses = draft.useCounts();
  }

  /** What takes the place of a QuantizeLinear, and of what only it reads. */
  find(writer: GraphNode): GraphNode[] | undefined {
    const type = this.#draft.types.get(writer.outputs[0])?.type;
    const y = stepOf(this.#draft, writer);
    if (!type || !isByte(type) || !y) return undefined;
    let { lowest, highest } = rangeOf(type);
    let producer = this.#onlySource(writer.inputs[0]);
    for (;;) {
      const operator = producer && findOperator(producer.op);
      const clamp = producer && isActivation(operator) ? operator.epilogueOf(this.#draft.view(producer)) : undefined;
      if (!producer || !clamp) break;
      if (clamp.code !== 0) return undefined;
      // Storing keeps the order of numbers: what a clamp does to them it does to the stored ones.
      lowest = Math.max(lowest, Math.min(storedValue(clamp.lo, type, y.scale, y.zero), highest));
      highest = Math.min(highest, Math.max(storedValue(clamp.hi, type, y.scale, y.zero), lowest));
      producer = this.#onlySource(producer.inputs[0]);
    }
    const whole = producer && this.#operands(producer);
    if (!producer || !whole) return undefined;
    const zero = writer.inputs[2] || this.#constant(writer, "zero", { type, shape: [], data: new Uint8Array(1) });
    const inputs = [...whole.inputs, writer.inputs[1], zero, whole.bias];
    const { range, ...attributes } = { ...producer.attributes, range: rangeOf(type) };
    const bounds = lowest > range.lowest || highest < range.highest ? { bounds: [lowest, highest] } : {};
    const node = { op: "QLinearConv", name: producer.name || writer.outputs[0], inputs, outputs: writer.outputs };
    if (whole.group) return [{ ...node, attributes: { ...bounds, group: whole.group } }];
    if (producer.op === "Conv") return [{ ...node, attributes: { ...attributes, ...bounds } }];
    return this.#asMatrix({ ...node, attributes: bounds });
  }

  /** The node that makes a value, if nobody else reads it. */
  #onlySource(name: string): GraphNode | undefined {
    return this.#uses.get(name) === 1 ? this.#producers.get(name) : undefined;
  }

  #operands(node: GraphNode): Operands | undefined {
    const { op, inputs, attributes } = node;
    if (op === "GlobalAveragePool") return this.#average(node);
    const plain = attributes["transA"] || (attributes["alpha"] ?? 1) !== 1 || (attributes["beta"] ?? 1) !== 1;
    if (op !== "Conv" && (op !== "Gemm" || plain || !attributes["transB"])) return undefined;
    const reader = this.#reader(inputs[0]);
    const x = reader && stepOf(this.#draft, reader);
    const filter = this.#draft.constants.get(inputs[1]);
    if (!reader || !x || !(filter instanceof Dequantized) || filter.type !== "float32") return undefined;
    const { stored, scale, zero, axis } = filter.parts;
    if (!isByte(stored.type) || scale.type !== "float32" || scale.shape.length > 1) return undefined;
    if (scale.data.length !== 1 && axis !== 0) return undefined;
    const bias = inputs[2] ? this.#bias(inputs[2], x.scale, scale) : "";
    if (bias === undefined) return undefined;
    const ranked = op === "Gemm" ? reshapeHost(stored, [...stored.shape, 1, 1]) : stored;
    const w = [this.#constant(node, "filter", ranked), this.#constant(node, "scale", scale)];
    const wZero = zero ? this.#constant(node, "zero", zero) : "";
    return { inputs: [...readBy(reader), ...w, wZero], bias };
  }

  /** A mean is a depthwise convolution with ones. */
  #average(node: GraphNode): Operands | undefined {
    const reader = this.#reader(node.inputs[0]);
    const shape = this.#draft.types.get(node.inputs[0])?.shape;
    if (!reader || shape?.length !== 4) return undefined;
    const [, C, H, W] = shape;
    if (C * H * W === 0) return undefined;
    const ones = { type: "int8", shape: [C, 1, H, W], data: new Int8Array(C * H * W).fill(1) } as const;
    const part = { type: "float32", shape: [], data: Float32Array.of(1 / (H * W)) } as const;
    const w = [this.#constant(node, "ones", ones), this.#constant(node, "part", part), ""];
    return { inputs: [...readBy(reader), ...w], bias: "", group: C };
  }

  /** The DequantizeLinear that a value comes from, if it reads 8 bits with one known scale. */
  #reader(name: string): GraphNode | undefined {
    const reader = this.#producers.get(name);
    if (reader?.op !== "DequantizeLinear" || !stepOf(this.#draft, reader)) return undefined;
    const type = this.#draft.types.get(reader.inputs[0])?.type;
    return type && isByte(type) ? reader : undefined;
  }

  /** The bias in units of the sums, if that is a whole number for each channel; undefined otherwise. */
  #bias(name: string, xScale: number, wScale: HostTensor): string | undefined {
    const floats = this.#draft.constants.get(name);
    if (floats?.type !== "float32" || floats.shape.length !== 1) return undefined;
    const scales = wScale.data as Float32Array;
    const values = floats.data as Float32Array;
    const data = new Int32Array(values.length);
    for (let i = 0; i < data.length; i++) {
      const exact = values[i] / (xScale * scales[scales.length === 1 ? 0 : i]);
      const whole = Math.round(exact);
      // Scales and products are rounded to float32, so that a large bias may seem to be a few 2^-24 off.
      if (!(Math.abs(exact - whole) <= 1e-3 + Math.abs(exact) * 2 ** -22) || Math.abs(whole) >= 2 ** 31)
        return undefined;
      data[i] = whole;
    }
    return this.#draft.addConstant(`${name}:stored`, { type: "int32", shape: floats.shape, data });
  }

  /** A product of matrices as a convolution of images of one pixel. */
  #asMatrix(node: GraphNode): GraphNode[] {
    const { name, inputs, outputs } = node;
    const [M, K] = this.#draft.types.get(inputs[0])?.shape ?? [];
    const N = this.#draft.types.get(inputs[3])?.shape[0] ?? 0;
    const fresh = (what: string) => this.#draft.freshName(`${outputs[0]}:${what}`);
    const [before, after] = [fresh("rows"), fresh("columns")];
    const shape = (what: string, ...extents: number[]) =>
      this.#draft.addConstant(`${outputs[0]}:${what}`, int64Vector(extents));
    return [
      {
        op: "Reshape",
        name: before,
        inputs: [inputs[0], shape("image", M, K, 1, 1)],
        outputs: [before],
        attributes: {},
      },
      { ...node, inputs: [before, ...inputs.slice(1)], outputs: [after] },
      { op: "Reshape", name: `${name}:result`, inputs: [after, shape("matrix", M, N)], outputs, attributes: {} },
    ];
  }

  #constant({ outputs }: GraphNode, what: string, tensor: HostTensor): string {
    return this.#draft.addConstant(`${outputs[0]}:${what}`, tensor);
  }
}

/** x, scale and zero point. */
function readBy({ inputs }: GraphNode): string[] {
  return [inputs[0], inputs[1], inputs[2] ?? ""];
}

/** The only scale and zero point of a node that stores or reads, if they are known. */
export function stepOf({ constants }: Draft, { inputs }: GraphNode): Step | undefined {
  const scale = constants.get(inputs[1]);
  const zero = inputs[2] ? constants.get(inputs[2]) : undefined;
  const known = scale?.type === "float32" && scale.data.length === 1 && (!inputs[2] || zero?.data.length === 1);
  if (!known || (zero && !isStored(zero.type))) return undefined;
  const step = { scale: scale.data[0] as number, zero: zero ? (zero.data[0] as number) : 0 };
  return step.scale > 0 && Number.isFinite(step.scale) ? step : undefined;
}
