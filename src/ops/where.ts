import { elementCount, type Shape, stridesOf } from "../shape.ts";
import type { Prepared } from "./prepared.ts";

/** Loops that the kernel has. */
const LOOPS = 4;

/** An axis of the result with the steps of condition, a and b along it, in elements. */
interface Axis {
  readonly extent: number;
  readonly steps: readonly number[];
}

/**
 * Makes y = condition ? a : b ready, with broadcasting to `shape`: inputs [condition of one byte an element, a, b of 4 bytes an element].
 */
export function prepareWhere(condition: Shape, a: Shape, b: Shape, shape: Shape): Prepared {
  const axes = joinedAxes([condition, a, b], shape);
  const inner = axes.slice(-LOOPS);
  const outer = axes.slice(0, -LOOPS);
  const missing = new Array<Axis>(LOOPS - inner.length).fill({ extent: 1, steps: [0, 0, 0] });
  const loops = [...missing, ...inner];
  const d = loops.map(({ extent }) => extent);
  const [c, s, t] = [1, 4, 4].map((bytes, operand) => loops.map(({ steps }) => steps[operand] * bytes));
  const starts = outerStarts(outer);
  const block = elementCount(d);
  return {
    algorithm: "elementwise",
    outputShapes: [shape],
    macs: 0,
    scratchBytes: 0,
    run(k, { inputs, outputs }) {
      starts.forEach((start, n) => {
        // biome-ignore format: extents, steps of the condition, of a, of b
        k.where(inputs[0] + start[0], inputs[1] + start[1] * 4, inputs[2] + start[2] * 4, outputs[0] + n * block * 4,
          d[0], d[1], d[2], d[3], c[0], c[1], c[2], c[3], s[0], s[1], s[2], s[3], t[0], t[1], t[2], t[3]);
      });
    },
  };
}

/** Axes of `shape` along which more than one step is made, joined where all operands run on. */
function joinedAxes(operands: readonly Shape[], shape: Shape): Axis[] {
  const steps = operands.map((operand) => stretchedSteps(operand, shape));
  const axes: Axis[] = [];
  shape.forEach((extent, i) => {
    if (extent === 1) return;
    const here = steps.map((each) => each[i]);
    const last = axes.at(-1);
    if (last?.steps.every((step, j) => step === here[j] * extent)) {
      axes[axes.length - 1] = { extent: last.extent * extent, steps: here };
    } else axes.push({ extent, steps: here });
  });
  return axes;
}

function stretchedSteps(operand: Shape, shape: Shape): number[] {
  const strides = stridesOf(operand);
  const missing = shape.length - operand.length;
  return shape.map((_, i) => (i < missing || operand[i - missing] === 1 ? 0 : strides[i - missing]));
}

/** First elements of the three operands for each place along the outer axes. */
function outerStarts(axes: readonly Axis[]): number[][] {
  let starts = [[0, 0, 0]];
  for (const { extent, steps } of axes) {
    starts = starts.flatMap((start) =>
      Array.from({ length: extent }, (_, i) => start.map((at, operand) => at + i * steps[operand])),
    );
  }
  return starts;
}
