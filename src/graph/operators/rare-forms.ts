import { ArgumentError, expected, ShapeError } from "../../errors.ts";
import { resolveWindow, type Window } from "../../ops/window.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { NodeChain } from "../chain.ts";
import type { Attribute, GraphNode } from "../graph.ts";
import { int64Vector } from "../host.ts";
import type { NameMaker, NodeView } from "../operator.ts";
import { FLOATS, typedInput } from "./types.ts";

type Attributes = Readonly<Record<string, Attribute>>;

/** What takes the place of a node of a common operator in a form that few networks have; undefined for all others. */
export function expandRareForm(node: NodeView, names: NameMaker): readonly GraphNode[] | undefined {
  const { op } = node.node;
  if (op === "BatchNormalization") return node.number("training_mode", 0) ? trainingNodes(node, names) : undefined;
  if (op === "LpPool" || op === "GlobalLpPool") {
    const p = node.number("p", 2);
    if (p !== 1 && p !== 2) return normOfOrder(node, names, p);
  }
  const rank = node.input(0).shape.length;
  if (WHOLE_POOLS.has(op)) return rank >= 5 ? poolWholeVolume(node, names) : undefined;
  if (rank !== 5) return undefined;
  return op === "Conv" ? convolveVolume(node, names) : POOLS.has(op) ? poolVolume(node, names) : undefined;
}

const POOLS = new Set(["MaxPool", "AveragePool", "LpPool"]);
const WHOLE_POOLS = new Set(["GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"]);

/** By the statistics of x itself; outputs 1 and 2 are the given ones, moved towards them by 1 - momentum. */
function trainingNodes(node: NodeView, names: NameMaker): readonly GraphNode[] {
  const [x, scale, bias, ...given] = node.node.inputs;
  const { training_mode: _, momentum = 0.9, ...attributes } = node.node.attributes;
  const { type, shape } = typedInput(node, 0, FLOATS);
  if (type !== "float32") throw node.unsupported(`training mode of ${type} is not supported`);
  const chain = new NodeChain(node, names);
  const axes = chain.constant("axes", int64Vector(shape.map((_, i) => i).filter((i) => i !== 1)));
  const centred = chain.op("Sub", [x, chain.op("ReduceMean", [x, axes])]);
  const mean = chain.op("ReduceMean", [x, axes], { keepdims: 0 });
  const variance = chain.op("ReduceMean", [chain.op("Mul", [centred, centred]), axes], { keepdims: 0 });
  chain.op("BatchNormalization", [x, scale, bias, mean, variance], attributes, node.node.outputs[0]);
  for (const [i, own] of [mean, variance].entries()) {
    const output = node.node.outputs[i + 1];
    if (!output) continue;
    const kept = chain.op("Mul", [given[i], chain.constant("momentum", momentum as number)]);
    const moved = chain.op("Mul", [own, chain.constant("rest", 1 - (momentum as number))]);
    chain.op("Add", [kept, moved], {}, output);
  }
  return chain.nodes;
}

/** The sum of |x|^p to the power 1 / p. */
function normOfOrder(node: NodeView, names: NameMaker, p: number): readonly GraphNode[] {
  if (!Number.isInteger(p) || p < 1) throw new ArgumentError(expected(node.where, "p", "1 or more", p));
  const { type } = node.input(0);
  if (type !== "float32") throw node.unsupported(`p = ${p} is not supported for ${type}`);
  const { op, inputs, outputs, attributes } = node.node;
  const chain = new NodeChain(node, names);
  const powers = chain.op("Pow", [chain.op("Abs", inputs), chain.constant("p", p)]);
  const sum = chain.op(op, [powers], { ...attributes, p: 1 });
  chain.op("Pow", [sum, chain.constant("1/p", 1 / p)], {}, outputs[0]);
  return chain.nodes;
}

/** Anything of rank 5 or more: all places are one row. */
function poolWholeVolume(node: NodeView, names: NameMaker): readonly GraphNode[] {
  const [N, C, ...places] = node.input(0).shape;
  const chain = new NodeChain(node, names);
  const row = chain.reshape(node.node.inputs[0], [N, C, 1, elementCount(places)]);
  const pooled = chain.op(node.node.op, [row], node.node.attributes);
  chain.reshape(pooled, [N, C, ...places.map(() => 1)], node.node.outputs[0]);
  return chain.nodes;
}

/** Volumes [N, C, D, H, W]: along the depth, then plane by plane. */
function poolVolume(node: NodeView, names: NameMaker): readonly GraphNode[] {
  if (node.node.outputs[1]) throw node.unsupported("the places of maxima in volumes are not supported");
  const [x] = node.node.inputs;
  const [N, C, D, H, W] = node.input(0).shape;
  const kernel = node.numbers("kernel_shape");
  if (kernel?.length !== 3) throw new ShapeError(expected(node.where, "kernel_shape", "3 values", kernel ?? "none"));
  const { depth, planes } = windowsOf(node, kernel);
  const chain = new NodeChain(node, names);
  const { op } = node.node;
  const columns = chain.op(op, [chain.reshape(x, [N, C, D, H * W])], depth.attributes);
  const { OH: OD } = depth.window;
  const pooled = chain.op(op, [chain.reshape(columns, [N, C * OD, H, W])], planes.attributes);
  chain.reshape(pooled, [N, C, OD, planes.window.OH, planes.window.OW], node.node.outputs[0]);
  return chain.nodes;
}

/** Filter [OC, IC / group, KD, KH, KW]: the planes that a place of the depth sees become channels beside each other, and the filter's planes with them. */
function convolveVolume(node: NodeView, names: NameMaker): readonly GraphNode[] {
  const [N, IC, , H, W] = node.input(0).shape;
  const filter = node.input(1).shape;
  const groups = node.number("group", 1);
  if (filter.length !== 5 || filter[1] * groups !== IC) {
    const wanted = `shape [oc, ${IC / groups}, kd, kh, kw] for ${IC} channels in ${groups} groups`;
    throw new ShapeError(expected(node.where, "filter", wanted, formatShape(filter)));
  }
  const [OC, ICG, KD, KH, KW] = filter;
  const { depth, planes } = windowsOf(node, [KD, KH, KW]);
  const { IH: D, OH: OD, PT: front, PB: back, SH: SD, DH: DD } = depth.window;
  const { OH, OW } = planes.window;
  const chain = new NodeChain(node, names);
  const vector = (what: string, ...values: number[]) => chain.constant(what, int64Vector(values));
  const swap = (name: string) => chain.op("Transpose", [name], { perm: [0, 2, 1, 3, 4] });

  let [x] = node.node.inputs;
  if (front + back > 0) x = chain.op("Pad", [x, vector("pads", 0, 0, front, 0, 0, 0, 0, back, 0, 0)]);
  x = chain.reshape(swap(x), [N, D + front + back, groups, ICG * H * W]);
  const [axis, step] = [vector("axis", 1), vector("step", SD)];
  const seen = Array.from({ length: KD }, (_, kd) => {
    const first = kd * DD;
    const range = [vector("start", first), vector("end", first + (OD - 1) * SD + 1)];
    return chain.op("Slice", [x, ...range, axis, step]);
  });
  const images = chain.reshape(chain.op("Concat", seen, { axis: 3 }), [N * OD, groups * KD * ICG, H, W]);
  const w = chain.reshape(swap(node.node.inputs[1]), [OC, KD * ICG, KH, KW]);
  const inputs = [images, w, ...node.node.inputs.slice(2)];
  const y = chain.reshape(chain.op("Conv", inputs, { ...planes.attributes, group: groups }), [N, OD, OC, OH, OW]);
  chain.op("Transpose", [y], { perm: [0, 2, 1, 3, 4] }, node.node.outputs[0]);
  return chain.nodes;
}

interface Part {
  readonly attributes: Attributes;
  readonly window: Window;
}

/** The window of an operator on volumes, along the depth (as height, with a width of 1) and on planes. */
function windowsOf(node: NodeView, kernel: readonly number[]): { depth: Part; planes: Part } {
  const [, , D, H, W] = node.input(0).shape;
  const triple = (name: string) => {
    const values = node.numbers(name) ?? [1, 1, 1];
    if (values.length !== 3) throw new ShapeError(expected(node.where, name, "3 values", values));
    return values;
  };
  const [SD, ...strides] = triple("strides");
  const [DD, ...dilations] = triple("dilations");
  const pads = node.numbers("pads") ?? [0, 0, 0, 0, 0, 0];
  if (pads.length !== 6) throw new ShapeError(expected(node.where, "pads", "6 values", pads));
  if (pads.some((pad) => pad < 0)) throw node.unsupported("negative pads are not supported");
  const [front, top, left, back, bottom, right] = pads;
  const [KD, ...window] = kernel;
  const { group: _, ...common } = node.node.attributes;
  const part = (image: number[], kernel_shape: number[], S: number[], dilate: number[], sides: number[]): Part => ({
    attributes: { ...common, kernel_shape, strides: S, dilations: dilate, pads: sides },
    window: resolveWindow(node.where, pairOf(image), pairOf(kernel_shape), {
      strides: pairOf(S),
      dilations: pairOf(dilate),
      padding: RULES[node.text("auto_pad", "NOTSET")] ?? [sides[0], sides[2], sides[1], sides[3]],
      outputShapeRounding: node.number("ceil_mode", 0) ? "ceil" : "floor",
    }),
  });
  return {
    depth: part([D, 1], [KD, 1], [SD, 1], [DD, 1], [front, 0, back, 0]),
    planes: part([H, W], window, strides, dilations, [top, left, bottom, right]),
  };
}

const RULES: Readonly<Record<string, "same" | "same-lower" | "valid">> = {
  SAME_UPPER: "same",
  SAME_LOWER: "same-lower",
  VALID: "valid",
};

function pairOf([a, b]: readonly number[]): [number, number] {
  return [a, b];
}
