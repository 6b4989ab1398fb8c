import type { Engine, Tensor } from "lanewise";
import type { Random } from "../support/random.ts";
import { channelsLast, operator } from "./cases-operators.ts";
import type { Cases } from "./suite.ts";

type Draw = Parameters<typeof channelsLast>[1];

/** Images [2, 8, 6, 4] of elements of 4 bytes in both orders, and of 1, 2 and 8 bytes. */
function images(e: Engine, draw: Draw, random: Random): Tensor[] {
  const shape = [2, 8, 6, 4];
  const length = 2 * 8 * 6 * 4;
  const bits = Array.from({ length }, () => random.bits());
  return [
    draw(2, 8, 6, 4),
    channelsLast(e, draw, 2, 8, 6, 4),
    e.tensor(Uint8Array.from(bits), shape),
    e.tensor(Int16Array.from(bits), shape),
    e.tensor(BigInt64Array.from(bits, BigInt), shape),
  ];
}

/** Each way of moving the elements of all of the images. */
function moved(seed: number, ways: (e: Engine, x: Tensor) => readonly Tensor[]) {
  return operator(seed, (e, draw, random) => images(e, draw, random).flatMap((x) => ways(e, x)));
}

export const movementCases: Cases = {
  "other shapes": moved(60, (e, x) => {
    const padded = e.reshape(x, [1, 16, 1, 24]);
    return [
      e.identity(x),
      e.reshape(x, [3, -1]),
      padded,
      e.squeeze(padded),
      e.squeeze(padded, [-2]),
      e.unsqueeze(x, [0, -1, 2]),
      e.expand(padded, [2, 3, 16, 5, 24]),
    ];
  }),
  "other orders": moved(61, (e, x) => [
    e.transpose(x),
    e.transpose(x, { permutation: [0, 2, 3, 1] }),
    e.transpose(x, { permutation: [1, 0, 3, 2] }),
    e.transpose(e.reshape(x, [48, 8])),
    e.reverse(x),
    e.reverse(x, { axes: [1, -1] }),
  ]),
  "parts and repetitions": moved(62, (e, x) => [
    e.concat([x, e.reverse(x), x], 1),
    e.concat([x, x], -1),
    ...e.split(x, 4, { axis: 1 }),
    ...e.split(x, [1, 0, 5], { axis: 2 }),
    e.slice(x, [1, 2, 0, 1], [1, 5, 6, 3]),
    e.slice(x, [0, 0, 1, 0], [2, 8, 5, 4], { strides: [1, 3, -2, -1] }),
    e.tile(x, [1, 2, 1, 3]),
  ]),
  "pads of all axes": moved(63, (e, x) => [
    e.pad(x, [0, 0, 1, 2], [0, 0, 3, 0], { value: 7 }),
    e.pad(x, [1, 1, 0, 0], [0, 2, 0, 1]),
    ...(["reflect", "edge", "wrap"] as const).map((mode) => e.pad(x, [0, 3, 2, 1], [1, 0, 5, 3], { mode })),
  ]),
  "squares of pixels, parts of images": operator(67, (e, draw) =>
    [draw(2, 8, 6, 4), channelsLast(e, draw, 2, 8, 6, 4)].flatMap((x) => [
      e.depthToSpace(x, 2),
      e.depthToSpace(x, 2, { order: "CRD" }),
      e.depthToSpace(x, 2, { inputLayout: "nhwc" }),
      e.spaceToDepth(x, 2),
      e.spaceToDepth(x, 2, { order: "CRD", inputLayout: "nhwc" }),
      e.crop(x, [1, 2], [4, 2]),
      e.crop(x, [3, 1], [2, 5], { inputLayout: "nhwc" }),
    ]),
  ),
  gather: operator(64, (e, draw, random) => {
    const few = e.tensor(Int32Array.from([5, -1, 0, 5, 2, -6]), [2, 3]);
    const many = e.tensor(BigInt64Array.from({ length: 40 }, () => BigInt(random.integer(-6, 5))));
    const whole = e.tensor(
      Uint32Array.from({ length: 42 }, () => random.bits()),
      [6, 7],
    );
    return [
      e.gather(draw(6, 5), few),
      e.gather(draw(3, 6, 7), many, { axis: 1 }),
      e.gather(channelsLast(e, draw, 2, 6, 3, 5), few, { axis: 1 }),
      e.gather(whole, many),
      e.gather(draw(7), e.tensor(Int32Array.of(-3), [])),
    ];
  }),
  "resample2d to the nearest": operator(65, (e, draw) =>
    [draw(2, 5, 7, 6), channelsLast(e, draw, 2, 5, 7, 6)].flatMap((x) => [
      e.resample2d(x, { scales: 2 }),
      e.resample2d(x, { scales: [1.7, 0.6], coordinates: "asymmetric", rounding: "floor" }),
      e.resample2d(x, { sizes: [5, 13], coordinates: "align-corners", rounding: "round-prefer-ceil" }),
      e.resample2d(x, { sizes: 9, coordinates: "half-pixel-symmetric", rounding: "ceil" }),
      e.resample2d(x, { scales: [1, 3], inputLayout: "nhwc" }),
    ]),
  ),
  "resample2d by kernels": operator(66, (e, draw) =>
    [draw(2, 5, 7, 6), channelsLast(e, draw, 2, 5, 7, 6)].flatMap((x) =>
      (["linear", "cubic"] as const).flatMap((mode) => [
        e.resample2d(x, { mode, scales: 2 }),
        e.resample2d(x, { mode, scales: [1.7, 0.6] }),
        e.resample2d(x, { mode, sizes: [3, 2], antialias: true, cubicCoefficient: -0.5 }),
        e.resample2d(x, { mode, sizes: [11, 10], coordinates: "align-corners" }),
        e.resample2d(x, { mode, sizes: [1, 9], coordinates: "pytorch-half-pixel" }),
        e.resample2d(x, { mode, sizes: [13, 4], coordinates: "asymmetric", excludeOutside: true }),
        e.resample2d(x, { mode, scales: [2, 1.5], inputLayout: "nhwc" }),
      ]),
    ),
  ),
};
