import { expect, test } from "vitest";
import { type NonMaxSuppressionOptions, nonMaxSuppression } from "../reference.ts";
import { Random } from "../support/random.ts";
import { describeBuilds, errorOf, upload } from "./engines.ts";
import { one } from "./stored.ts";

const { NaN: NAN } = Number;

/** Boxes of either diagonal around a few places, so that many overlap. */
function boxes(seed: number, images: number, count: number) {
  const random = new Random(seed);
  const corners = Array.from({ length: images * count }, () => {
    const [y, x] = [random.integer(0, 3) * 10, random.integer(0, 3) * 10];
    const [h, w] = [5 + 8 * random.uniform(), 5 + 8 * random.uniform()];
    return random.integer(0, 1) ? [y, x, y + h, x + w] : [y + h, x + w, y, x];
  });
  return { shape: [images, count, 4], data: Float32Array.from(corners.flat()) };
}

describeBuilds("nonMaxSuppression", (engine) => {
  const check = (options: NonMaxSuppressionOptions, images: number, classes: number, count: number) => {
    const random = new Random(images * 100 + classes * 10 + count);
    const b = boxes(count, images, count);
    const scores = random.tensor([images, classes, count]);
    if (count > 3) scores.data[1] = scores.data[2];
    const want = nonMaxSuppression(b, scores, { maxOutputBoxesPerClass: Infinity, iouThreshold: 0.5, ...options });
    const { centrePointBox = false, ...rest } = options;
    const y = one(engine(), [b, scores], (s, t) =>
      engine().nonMaxSuppression(s, t, { ...rest, centerPointBox: centrePointBox }),
    );
    expect(y).toEqual({ shape: [want.length, 3], type: "int32", data: Int32Array.from(want.flat()) });
    return want.length;
  };

  test("keeps what the oracle keeps", () => {
    let kept = 0;
    for (const images of [0, 1, 2]) {
      for (const classes of [1, 3]) {
        for (const count of [0, 1, 40]) {
          kept += check({}, images, classes, count);
          check({ maxOutputBoxesPerClass: 2 }, images, classes, count);
          check({ iouThreshold: 0 }, images, classes, count);
          check({ iouThreshold: 1, scoreThreshold: 0.25 }, images, classes, count);
          check({ centrePointBox: true, iouThreshold: 0.3 }, images, classes, count);
        }
      }
    }
    expect(kept).toBeGreaterThan(50);
  });

  test("drops boxes whose score is NaN, and takes the first of equal ones", () => {
    const b = { shape: [1, 3, 4], data: Float32Array.of(0, 0, 2, 2, 0, 0, 2, 2, 5, 5, 6, 6) };
    const kept = (...scores: number[]) =>
      one(engine(), [b, { shape: [1, 1, 3], data: Float32Array.from(scores) }], (s, t) =>
        engine().nonMaxSuppression(s, t),
      );
    expect([...kept(1, 1, 2).data]).toEqual([0, 0, 2, 0, 0, 0]);
    expect([...kept(NAN, 1, 2).data]).toEqual([0, 0, 2, 0, 0, 1]);
    expect([...kept(Infinity, -Infinity, Infinity).data]).toEqual([0, 0, 0, 0, 0, 2]);
  });

  test("what is refused", () => {
    engine().scope(() => {
      const [b, s] = [upload(engine(), boxes(1, 1, 3)), upload(engine(), new Random(1).tensor([1, 2, 3]))];
      const nms = engine().nonMaxSuppression;
      const cases: [() => unknown, string, string][] = [
        [() => nms(s, s), "ShapeError", "boxes expected shape [images, boxes, 4], got [1, 2, 3]"],
        [() => nms(b, b), "ShapeError", "scores expected shape [1, classes, 3], got [1, 3, 4]"],
        [() => nms(b, s, { iouThreshold: 2 }), "ArgumentError", "iouThreshold expected 0 to 1, got 2"],
        [() => nms(b, s, { scoreThreshold: NAN }), "ArgumentError", "scoreThreshold expected a number, got NaN"],
        [
          () => nms(b, s, { maxOutputBoxesPerClass: -1 }),
          "ArgumentError",
          "maxOutputBoxesPerClass expected a number >= 0, got -1",
        ],
        [
          () => nms(b, s, { limit: 1 } as never),
          "ArgumentError",
          "option expected maxOutputBoxesPerClass, iouThreshold, scoreThreshold, centerPointBox, got limit",
        ],
        [() => nms(b, engine().tensor(Int32Array.of(1))), "ArgumentError", "scores expected float32, got int32"],
      ];
      for (const [body, name, message] of cases) {
        expect(errorOf(body)).toMatchObject({ name, message: `nonMaxSuppression: ${message}` });
      }
    });
  });
});
