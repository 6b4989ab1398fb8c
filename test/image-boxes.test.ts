import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { convertBoxes, fromPixels, iou, nms, type Picture, softmax, topK, unletterbox } from "../src/image/index.ts";

const blank = (height: number, width: number): Picture => ({ data: new Uint8Array(height * width), height, width });

describe("topK", () => {
  test("best first, and of equal scores the lower class", () => {
    expect(topK([0.1, 0.4, 0.1, 0.4], 3)).toEqual([
      { class: 1, score: 0.4 },
      { class: 3, score: 0.4 },
      { class: 0, score: 0.1 },
    ]);
  });

  test("labels, whole numbers, and fewer scores than k", () => {
    expect(topK(BigInt64Array.of(3n, 5n), 5, ["a", "b"])).toEqual([
      { class: 1, label: "b", score: 5 },
      { class: 0, label: "a", score: 3 },
    ]);
    expect(topK([], 2)).toEqual([]);
  });

  test("NaN comes first, infinities in their places", () => {
    expect(topK([1, -Infinity, NaN, Infinity, NaN], 5).map((ranked) => ranked.class)).toEqual([2, 4, 3, 0, 1]);
  });

  test("errors", () => {
    expect(() => topK([1, 2, 3], 0)).toThrow("topK: k expected a positive integer, got 0");
    expect(() => topK([1, 2, 3], 2, ["a"])).toThrow("topK: labels expected 3 names, one a score, got 1");
  });
});

describe("softmax", () => {
  test("known values", () => {
    expect(Array.from(softmax([Math.log(1), Math.log(3)]))).toEqual([0.25, 0.75].map((v) => expect.closeTo(v, 7)));
    expect(Array.from(softmax([1000, 1000]))).toEqual([0.5, 0.5]);
    expect(Array.from(softmax([-Infinity, 0]))).toEqual([0, 1]);
    expect(Array.from(softmax([Infinity, 5, Infinity]))).toEqual([0.5, 0, 0.5]);
    expect(Array.from(softmax([NaN, 1]))).toEqual([NaN, NaN]);
  });

  test("is that of the host's exponential, but for its last bits", () => {
    for (let x = -200; x <= 0; x += 0.0371) {
      const [got, rest] = softmax([x, 0]);
      const want = Math.exp(x) / (1 + Math.exp(x));
      expect(Math.abs(got - want)).toBeLessThanOrEqual(want * 2 ** -24 + 2 ** -150);
      expect(rest).toBeCloseTo(1 - want, 7);
    }
  });
});

describe("iou", () => {
  test("by hand", () => {
    expect(iou([0, 0, 2, 2], [1, 1, 3, 3])).toBeCloseTo(1 / 7, 12);
    expect(iou([0, 0, 2, 2], [0, 0, 2, 2])).toBe(1);
    expect(iou([0, 0, 1, 1], [1, 0, 2, 1])).toBe(0);
    expect(iou([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
    expect(iou([1, 1, 2, 2], [2, 2, 2, 2], "cxcywh")).toBeCloseTo(1 / 7, 12);
    expect(iou([0, 0, 2, 2], [1, 1, 2, 2], "xywh")).toBeCloseTo(1 / 7, 12);
  });

  test("errors", () => {
    expect(() => iou([0, 0, 1], [0, 0, 1, 1])).toThrow("iou: boxes expected 4 numbers a box, got 3");
    expect(() => iou([0, 0, 1, 1], [0, 0, 1, 1, 0, 0, 1, 1])).toThrow("iou: b expected 4 numbers, got 8");
    expect(() => iou([], [], "ltrb" as "xyxy")).toThrow(
      `iou: format expected "xyxy", "yxyx", "xywh" or "cxcywh", got ltrb`,
    );
  });
});

describe("nms", () => {
  // 0 and 1 overlap by 0.6, 1 and 2 by 0.6, 0 and 2 by a third; 3 stands alone.
  const boxes = [0, 0, 8, 10, 2, 0, 10, 10, 4, 0, 12, 10, 50, 50, 60, 60];

  test("drops what overlaps a better kept box", () => {
    expect(nms(boxes, [0.9, 0.8, 0.7, 0.95])).toEqual([3, 0, 2]);
    expect(nms(boxes, [0.7, 0.9, 0.8, 0.1])).toEqual([1, 3]);
    expect(nms(boxes, [0.5, 0.5, 0.5, 0.5])).toEqual([0, 2, 3]);
  });

  test("thresholds and limits", () => {
    expect(nms(boxes, [0.9, 0.8, 0.7, 0.95], { iouThreshold: 0.6 })).toEqual([3, 0, 1, 2]);
    expect(nms(boxes, [0.9, 0.8, 0.7, 0.95], { iouThreshold: 0.3 })).toEqual([3, 0]);
    expect(nms(boxes, [0.9, 0.8, 0.7, 0.95], { scoreThreshold: 0.9 })).toEqual([3, 0]);
    expect(nms(boxes, [0.9, 0.8, 0.7, 0.95], { maxOutput: 1 })).toEqual([3]);
    expect(nms(boxes, [0.9, NaN, 0.7, NaN])).toEqual([0, 2]);
    expect(nms([], [])).toEqual([]);
  });

  test("classes do not drop each other", () => {
    expect(nms(boxes, [0.9, 0.8, 0.7, 0.95], { classes: [1, 2, 2, 1] })).toEqual([3, 0, 1]);
  });

  test("errors", () => {
    expect(() => nms(boxes, [1])).toThrow("nms: scores expected 4 values, one a box, got 1");
    expect(() => nms(boxes, [1, 1, 1, 1], { classes: [0] })).toThrow(
      "nms: classes expected 4 values, one a box, got 1",
    );
    expect(() => nms(boxes, [1, 1, 1, 1], { iouThreshold: 45 })).toThrow("nms: iouThreshold expected 0 to 1, got 45");
    expect(() => nms(boxes, [1, 1, 1, 1], { scoreThreshold: NaN })).toThrow(
      "nms: scoreThreshold expected a number, got NaN",
    );
    expect(() => nms(boxes, [1, 1, 1, 1], { maxOutput: -1 })).toThrow(
      "nms: maxOutput expected a number of at least 0, got -1",
    );
  });
});

describe("convertBoxes and unletterbox", () => {
  test("formats", () => {
    const box = [1, 2, 5, 10];
    expect(Array.from(convertBoxes(box, "xyxy", "yxyx"))).toEqual([2, 1, 10, 5]);
    expect(Array.from(convertBoxes(box, "xyxy", "xywh"))).toEqual([1, 2, 4, 8]);
    expect(Array.from(convertBoxes(box, "xyxy", "cxcywh"))).toEqual([3, 6, 4, 8]);
    for (const format of ["yxyx", "xywh", "cxcywh"] as const) {
      expect(Array.from(convertBoxes(convertBoxes(box, "xyxy", format), format, "xyxy"))).toEqual(box);
    }
  });

  test("out of a letterbox, by hand", () => {
    // 20 x 40 into 100 x 100: scale 2.5, so 50 rows, 25 above and below.
    const { placement } = fromPixels(blank(20, 40), { letterbox: 100 });
    expect(Array.from(unletterbox([0, 25, 100, 75, 25, 50, 50, 62.5], placement))).toEqual([
      0, 0, 40, 20, 10, 10, 20, 15,
    ]);
    expect(Array.from(unletterbox([-5, 0, 300, 100], placement))).toEqual([0, 0, 40, 20]);
    expect(Array.from(unletterbox([0.25, 0.5, 0.5, 0.625], placement, { relative: true }))).toEqual([10, 10, 20, 15]);
    expect(Array.from(unletterbox([50, 50, 50, 20], placement, { format: "cxcywh" }))).toEqual([20, 10, 20, 8]);
  });

  test("out of a stretch, with unequal scales", () => {
    const { placement } = fromPixels(blank(10, 40), { size: [20, 20] });
    expect(Array.from(unletterbox([5, 5, 10, 10], placement, { format: "yxyx" }))).toEqual([2.5, 10, 5, 20]);
  });

  test("what goes in comes out, for every geometry that cuts nothing", () => {
    const extent = fc.integer({ min: 1, max: 60 });
    const align = fc.constantFrom("center" as const, "start" as const);
    fc.assert(
      fc.property(extent, extent, extent, extent, align, (height, width, h, w, align) => {
        for (const options of [{ size: [h, w] as const }, { letterbox: { size: [h, w] as const, align } }]) {
          const { placement, shape } = fromPixels(blank(height, width), { ...options, grayscale: true });
          expect(shape).toEqual([1, 1, h, w]);
          const { offset, resized } = placement;
          expect(offset[0] >= 0 && offset[0] + resized[0] <= h && offset[1] >= 0 && offset[1] + resized[1] <= w).toBe(
            true,
          );
          const whole = [offset[1], offset[0], offset[1] + resized[1], offset[0] + resized[0]];
          expect(Array.from(unletterbox(whole, placement))).toEqual([0, 0, width, height]);
        }
      }),
    );
  });

  test("out of a crop", () => {
    const { placement } = fromPixels(blank(100, 200), { resize: 50, crop: [40, 40] });
    // Halved to 50 x 100; the crop starts at row 5, column 30.
    expect(Array.from(unletterbox([0, 0, 40, 40], placement))).toEqual([60, 10, 140, 90]);
  });
});
