import type { HostTensor } from "../../dtype.ts";
import type { GraphNode } from "../../graph/graph.ts";
import { refuse, stemOf, type Upgrade, type UpgradeContext, withAttributes } from "./context.ts";
import { Rewriting } from "./rewriting.ts";

/** Upsample had its factors in attributes at first (before 7 those of height and width only), then in an input. */
export const upsample: Upgrade = (node, context) => {
  const { mode = "nearest", scales, height_scale, width_scale } = node.attributes;
  const factors = scales ?? (height_scale === undefined ? undefined : [1, 1, height_scale, width_scale]);
  const given = factors === undefined ? node.inputs[1] : addScales(node, context, factors as readonly number[]);
  if (!given) refuse(node, "it has no scales");
  const attributes = { mode: modeOf(mode), ...OLD_COORDINATES, nearest_mode: "floor" };
  return [{ ...node, op: "Resize", inputs: [node.inputs[0], "", given], attributes }];
};

/** Resize of set 10 took x and scales; without interpolation it rounded up where an axis gets smaller, down elsewhere. */
export const resize: Upgrade = (node, context) => {
  const [x, scales] = node.inputs;
  const attributes = { mode: modeOf(node.attributes["mode"] ?? "nearest"), ...OLD_COORDINATES };
  const resized = (nearest_mode: string): GraphNode => ({
    ...node,
    inputs: [x, "", scales],
    attributes: { ...attributes, nearest_mode },
  });
  const known = context.constant(scales);
  const factors = known && Array.from(known.data, Number);
  if (attributes.mode !== "nearest" || factors?.every((factor) => factor >= 1)) return [resized("floor")];
  if (factors?.every((factor) => factor <= 1)) return [resized("ceil")];

  // First the axes that grow, then those that shrink: a factor of 1 leaves an axis as it is however it rounds.
  const rewriting = new Rewriting(node, context);
  const one = rewriting.float(1);
  const growing = rewriting.op("Max", [scales, one]);
  const grown = rewriting.op("Resize", [x, "", growing], resized("floor").attributes);
  const shrinking = rewriting.op("Min", [scales, one]);
  return [...rewriting.nodes, { ...resized("ceil"), inputs: [grown, "", shrinking] }];
};

const OLD_COORDINATES = { coordinate_transformation_mode: "asymmetric" };

function modeOf(mode: unknown): string {
  return mode === "bilinear" || mode === "trilinear" ? "linear" : String(mode);
}

function addScales(node: GraphNode, context: UpgradeContext, factors: readonly number[]): string {
  const tensor: HostTensor = { type: "float32", shape: [factors.length], data: Float32Array.from(factors) };
  return context.add(`${stemOf(node)}:scales`, tensor);
}

/** Before set 16 regions were placed without the shift by half a pixel. */
export const roiAlign: Upgrade = (node) => [
  withAttributes(node, { coordinate_transformation_mode: "output_half_pixel" }),
];

/** Before set 20 the ways to interpolate had names for two dimensions. */
export const gridSample: Upgrade = (node) => {
  const names: Readonly<Record<string, string>> = { bilinear: "linear", bicubic: "cubic" };
  const mode = String(node.attributes["mode"] ?? "bilinear");
  return [withAttributes(node, { mode: names[mode] ?? mode })];
};
