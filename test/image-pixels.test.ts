import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FromPixelsOptions, fromPixels, type Picture, toPixels } from "../src/image/index.ts";

/** One row of grey pixels. */
const row = (...values: number[]): Picture => ({ data: Uint8Array.from(values), height: 1, width: values.length });
/** `height` x `width` grey pixels that count up: row * 16 + column. */
const counting = (height: number, width: number): Picture => ({
  data: Uint8Array.from({ length: height * width }, (_, i) => Math.floor(i / width) * 16 + (i % width)),
  height,
  width,
});
const levels = (picture: Picture, options: FromPixelsOptions) =>
  Array.from(fromPixels(picture, { grayscale: true, range: [0, 255], ...options }).data);

describe("fromPixels values", () => {
  const rgba: Picture = { data: Uint8ClampedArray.of(255, 0, 51, 255, 0, 102, 255, 255), height: 1, width: 2 };

  test("planes of red, green, blue in 0..1", () => {
    const tensor = fromPixels(rgba);
    expect(tensor.type).toBe("float32");
    expect(tensor.shape).toEqual([1, 3, 1, 2]);
    expect(Array.from(tensor.data)).toEqual([1, 0, 0, 0.4, 0.2, 1].map(Math.fround));
  });

  test("channels last, and blue first", () => {
    expect(fromPixels(rgba, { layout: "nhwc" }).shape).toEqual([1, 1, 2, 3]);
    expect(Array.from(fromPixels(rgba, { layout: "nhwc", range: [0, 255] }).data)).toEqual([255, 0, 51, 0, 102, 255]);
    expect(Array.from(fromPixels(rgba, { bgr: true, range: [0, 255] }).data)).toEqual([51, 255, 0, 102, 255, 0]);
  });

  test("range, then mean, then std, by output channel", () => {
    const { data } = fromPixels(rgba, { range: [-1, 1], mean: [1, 0, 0.5], std: [2, 1, 0.5], bgr: true });
    expect(Array.from(data)).toEqual([(-0.6 - 1) / 2, 0, -1, -0.2, 1, -3].map(Math.fround));
    expect(Array.from(fromPixels(rgba, { mean: 0.5, std: 0.5 }).data.slice(0, 2))).toEqual([1, -1]);
  });

  test("alpha is laid over white, or what background says", () => {
    const clear: Picture = { data: Uint8ClampedArray.of(10, 20, 30, 0, 100, 0, 200, 51), height: 1, width: 2 };
    const options = { layout: "nhwc", range: [0, 255] } as const;
    expect(Array.from(fromPixels(clear, options).data)).toEqual([255, 255, 255, 224, 204, 244]);
    expect(Array.from(fromPixels(clear, { ...options, background: [0, 255, 100] }).data)).toEqual([
      0, 255, 100, 20, 204, 120,
    ]);
  });

  test("grey of colours by BT.601, and grey pictures repeated", () => {
    const colours: Picture = {
      data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255),
      height: 2,
      width: 2,
    };
    expect(levels(colours, {})).toEqual([76, 150, 29, 255]);
    expect(fromPixels(row(1, 2)).shape).toEqual([1, 3, 1, 2]);
    expect(Array.from(fromPixels(row(7, 9), { range: [0, 255] }).data)).toEqual([7, 9, 7, 9, 7, 9]);
  });

  test("inverts when told, or when the picture is bright", () => {
    expect(levels(row(0, 10, 255), { invert: true })).toEqual([255, 245, 0]);
    expect(levels(row(255, 255, 0), { invert: "auto" })).toEqual([0, 0, 255]);
    expect(levels(row(0, 0, 255), { invert: "auto" })).toEqual([0, 0, 255]);
  });

  test("leaves the picture as it was", () => {
    const picture = row(1, 2, 3);
    fromPixels(picture, { invert: true, size: [2, 2] });
    expect(Array.from(picture.data)).toEqual([1, 2, 3]);
  });
});

describe("fromPixels geometry", () => {
  test("resize is the short side; the long side is rounded down", () => {
    const shape = (height: number, width: number) => fromPixels(counting(height, width), { resize: 8 }).shape.slice(2);
    expect(shape(5, 9)).toEqual([8, 14]);
    expect(shape(9, 5)).toEqual([14, 8]);
    expect(shape(7, 7)).toEqual([8, 8]);
  });

  test("crop takes the middle, an uneven rest to the even offset", () => {
    // The rests are 1, 3, 5 and 7 columns: half of them is 0.5, 1.5, 2.5, 3.5.
    const first = (width: number) => levels(counting(1, width), { crop: [1, 2] });
    expect(first(3)).toEqual([0, 1]);
    expect(first(5)).toEqual([2, 3]);
    expect(first(7)).toEqual([2, 3]);
    expect(first(9)).toEqual([4, 5]);
    expect(levels(counting(4, 5), { crop: [2, 1] })).toEqual([16 + 2, 32 + 2]);
  });

  test("resize with crop, as for ImageNet", () => {
    const { shape, placement } = fromPixels(counting(10, 16), { resize: 8, crop: 7 });
    expect(shape).toEqual([1, 3, 7, 7]);
    expect(placement).toEqual({ picture: [10, 16], resized: [8, 12], offset: [0, -2], size: [7, 7] });
  });

  test("letterbox in the middle and at the start", () => {
    const picture: Picture = { data: new Uint8Array(2 * 4).fill(9), height: 2, width: 4 };
    const f = 114;
    expect(levels(picture, { letterbox: 4 })).toEqual([f, f, f, f, 9, 9, 9, 9, 9, 9, 9, 9, f, f, f, f]);
    expect(levels(picture, { letterbox: { size: [3, 4], align: "start", color: 1 } })).toEqual([
      ...[9, 9, 9, 9],
      ...[9, 9, 9, 9],
      ...[1, 1, 1, 1],
    ]);
    expect(levels(picture, { letterbox: [2, 6] })).toEqual([f, 9, 9, 9, 9, f, f, 9, 9, 9, 9, f]);
    expect(fromPixels(picture, { letterbox: [4, 8] }).placement.resized).toEqual([4, 8]);
  });

  test("the letterbox colour follows the order of channels", () => {
    const { data } = fromPixels(row(0, 0), {
      letterbox: { size: 2, align: "start", color: [10, 20, 30] },
      bgr: true,
      layout: "nhwc",
      range: [0, 255],
    });
    expect(Array.from(data.slice(6))).toEqual([30, 20, 10, 30, 20, 10]);
  });
});

describe("toPixels", () => {
  test("opaque RGBA from planes, from channels last, and from grey", () => {
    const shape = [1, 3, 1, 2];
    const data = Float32Array.of(1, 0, 0, 0.4, 0.2, 1);
    expect(toPixels({ data, shape })).toEqual({
      data: Uint8ClampedArray.of(255, 0, 51, 255, 0, 102, 255, 255),
      width: 2,
      height: 1,
    });
    const last = toPixels({ data: Float32Array.of(255, 0, 51), shape: [1, 1, 3] }, { layout: "nhwc", range: [0, 255] });
    expect(Array.from(last.data)).toEqual([255, 0, 51, 255]);
    expect(Array.from(toPixels({ data: [0.2], shape: [1, 1] }, { invert: true }).data)).toEqual([204, 204, 204, 255]);
  });

  test("clamps, and NaN is black", () => {
    const { data } = toPixels({ data: [-3, 7, NaN], shape: [1, 3] });
    expect(Array.from(data)).toEqual([0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 255]);
  });

  test("one of a batch", () => {
    const batch = { data: [0, 1], shape: [2, 1, 1, 1] };
    expect(toPixels(batch, { index: 1 }).data[0]).toBe(255);
    expect(() => toPixels(batch)).toThrow("toPixels: index expected 0 to 1, a picture of the batch, got undefined");
    expect(() => toPixels(batch, { index: 2 })).toThrow(
      "toPixels: index expected 0 to 1, a picture of the batch, got 2",
    );
  });

  test("undoes fromPixels for any values, order and layout", () => {
    const options = fc.record({
      bgr: fc.boolean(),
      layout: fc.constantFrom("nchw" as const, "nhwc" as const),
      range: fc.constantFrom([0, 1] as const, [0, 255] as const, [1, -1] as const),
      mean: fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }), fc.constant(0.485)),
      std: fc.tuple(fc.constant(2), fc.constant(-0.5), fc.constant(0.229)),
      invert: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.uint8Array({ minLength: 18, maxLength: 18 }),
        options,
        (height, pool, o) => {
          const data = pool.slice(0, height * 3);
          const there = fromPixels({ data, height, width: 1 }, o);
          const back = toPixels(there, o);
          expect(Array.from(back.data).filter((_, i) => i % 4 < 3)).toEqual(Array.from(data));
        },
      ),
    );
  });
});

describe("errors", () => {
  const picture = row(1, 2);
  const cases: [string, FromPixelsOptions, string][] = [
    ["mean", { mean: [0.5] }, "fromPixels: mean expected 3 values, got 1"],
    ["mean, NaN", { mean: NaN }, "fromPixels: mean expected finite numbers, got [NaN, NaN, NaN]"],
    ["std", { std: [1, 0, 1] }, "fromPixels: std expected numbers other than 0, got [1, 0, 1]"],
    ["std of grey", { std: [1, 2, 3], grayscale: true }, "fromPixels: std expected 1 value, got 3"],
    ["range", { range: [1, 1] }, "fromPixels: range expected two different numbers, got [1, 1]"],
    ["layout", { layout: "hwc" as "nchw" }, `fromPixels: layout expected "nchw" or "nhwc", got hwc`],
    [
      "filter",
      { filter: "area" as "nearest" },
      `fromPixels: filter expected "bilinear", "bicubic" or "nearest", got area`,
    ],
    ["size", { size: [0, 3] }, "fromPixels: size expected [height, width] as positive integers, got [0, 3]"],
    [
      "size, too much",
      { size: [1e5, 1e5] },
      "fromPixels: size expected at most 268435456 pixels, got [100000, 100000]",
    ],
    ["resize", { resize: 1.5 }, "fromPixels: resize expected a positive integer, the short side in pixels, got 1.5"],
    ["crop", { crop: 2 }, "fromPixels: crop expected at most [1, 2], the size of the picture, got [2, 2]"],
    [
      "two ways",
      { size: 2, letterbox: 3 },
      "fromPixels: geometry expected one of size, resize with crop, letterbox, got size and letterbox",
    ],
    [
      "letterbox align",
      { letterbox: { size: 2, align: "end" as "start" } },
      `fromPixels: letterbox align expected "center" or "start", got end`,
    ],
    [
      "letterbox color",
      { letterbox: { size: 2, color: 300 } },
      "fromPixels: letterbox color expected one value or three, 0 to 255, got 300",
    ],
    ["background", { background: -1 }, "fromPixels: background expected one value or three, 0 to 255, got -1"],
  ];
  test.each(cases)("%s", (_, options, message) => {
    expect(() => fromPixels(picture, options)).toThrow(message);
  });

  test("pictures", () => {
    const given = (picture: unknown) => () => fromPixels(picture as Picture);
    expect(given({ data: new Uint8Array(9), height: 2, width: 2 })).toThrow(
      "fromPixels: picture data expected 1, 3 or 4 values for each of 2 x 2 pixels, got 9",
    );
    expect(given({ data: new Uint8Array(9), height: 2, width: 2, channels: 4 })).toThrow(
      "fromPixels: picture data expected 2 x 2 x 4 = 16 values, got 9",
    );
    expect(given({ data: new Uint8Array(8), height: 2, width: 2, channels: 2 })).toThrow(
      "fromPixels: picture channels expected 1, 3 or 4, got 2",
    );
    expect(given({ data: new Float32Array(4), height: 2, width: 2 })).toThrow(
      "fromPixels: picture data expected a Uint8ClampedArray or Uint8Array, got Float32Array of 4",
    );
    expect(given({ data: new Uint8Array(4), height: 0, width: 2 })).toThrow(
      "fromPixels: picture height expected a positive integer, got 0",
    );
    expect(given(undefined)).toThrow(
      "fromPixels: picture data expected a Uint8ClampedArray or Uint8Array, got undefined",
    );
  });

  test("tensors", () => {
    expect(() => toPixels({ data: [1, 2], shape: [1, 2, 1, 1] })).toThrow(
      "toPixels: tensor expected shape [N, C, H, W], [C, H, W] or [H, W] with C of 1 or 3, got [1, 2, 1, 1]",
    );
    expect(() => toPixels({ data: [1, 2], shape: [1, 3] })).toThrow("toPixels: tensor data expected 3 values, got 2");
  });
});
