import { expected, ShapeError } from "../../errors.ts";
import { type Padding, type Rounding, resolveWindow, type Window } from "../../ops/window.ts";
import { formatShape, type Shape } from "../../shape.ts";
import type { NodeView } from "../operator.ts";

/** The attribute that the layout pass sets on nodes whose images are channels last. */
export const CHANNELS_LAST = "nhwc";

export function isChannelsLast(node: NodeView): boolean {
  return node.attribute("layout") === CHANNELS_LAST;
}

/** Extents of an input that is a batch of images, in whichever layout the node has. */
export function imageOf(node: NodeView, index: number): { N: number; C: number; H: number; W: number } {
  const { shape } = node.input(index);
  if (shape.length !== 4) {
    if (shape.length === 5) throw node.unsupported("three-dimensional images are not supported");
    throw new ShapeError(expected(node.where, `input ${index}`, "a batch of images of rank 4", formatShape(shape)));
  }
  const [N, a, b, c] = shape;
  return isChannelsLast(node) ? { N, H: a, W: b, C: c } : { N, C: a, H: b, W: c };
}

/** Shape of a batch of images in the node's layout. */
export function imageShape(node: NodeView, N: number, C: number, H: number, W: number): Shape {
  return isChannelsLast(node) ? [N, H, W, C] : [N, C, H, W];
}

/** The window that the ONNX attributes of convolutions and pools describe (pads are [top, left, bottom, right] there). */
export function windowOf(node: NodeView, image: [number, number], kernel: [number, number]): Window {
  const declared = node.numbers("kernel_shape");
  if (declared && (declared.length !== 2 || declared[0] !== kernel[0] || declared[1] !== kernel[1])) {
    throw new ShapeError(expected(node.where, "kernel_shape", formatShape(kernel), declared));
  }
  const strides = pairOf(node, "strides") ?? [1, 1];
  const dilations = pairOf(node, "dilations") ?? [1, 1];
  const outputShapeRounding: Rounding = node.number("ceil_mode", 0) ? "ceil" : "floor";
  return resolveWindow(node.where, image, kernel, {
    strides,
    dilations,
    padding: paddingOf(node),
    outputShapeRounding,
  });
}

export function pairOf(node: NodeView, name: string): [number, number] | undefined {
  const values = node.numbers(name);
  if (!values) return undefined;
  if (values.length !== 2) throw new ShapeError(expected(node.where, name, "2 values", values));
  return [values[0], values[1]];
}

export function paddingOf(node: NodeView): Padding {
  switch (node.text("auto_pad", "NOTSET")) {
    case "SAME_UPPER":
      return "same";
    case "SAME_LOWER":
      return "same-lower";
    case "VALID":
      return "valid";
    default: {
      const pads = node.numbers("pads") ?? [0, 0, 0, 0];
      if (pads.length !== 4) throw new ShapeError(expected(node.where, "pads", "4 values", pads));
      const [top, left, bottom, right] = pads;
      if (pads.some((pad) => pad < 0)) throw node.unsupported("negative pads are not supported");
      return [top, bottom, left, right];
    }
  }
}

/** Elements from pixel to pixel of a node's images, where they are some channels of wider ones. */
export function stepsOf(node: NodeView): {
  x?: number | undefined;
  residual?: number | undefined;
  y?: number | undefined;
} {
  const [x, residual, y] = node.numbers("steps") ?? [];
  return { x: x || undefined, residual: residual || undefined, y: y || undefined };
}
