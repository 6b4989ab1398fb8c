import { elementCount, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import { prepareCopies, wholeCopy } from "./copies.ts";
import type { Prepared } from "./prepared.ts";
import { nearestTable, type ResizeAxis, type ResizeRules, weightTable } from "./resize-tables.ts";

export interface ResizeSpec extends ResizeRules {
  /** The axes that change, each once. */
  readonly axes: readonly ResizeAxis[];
  /** What "tf_crop_and_resize" shows outside the input. */
  readonly extrapolation: number;
}

/** Resizing along one axis: each of `outer` blocks of `input` lines of `inner` elements becomes one of `output` lines. */
interface Pass {
  readonly axis: number;
  readonly outer: number;
  readonly input: number;
  readonly output: number;
  readonly inner: number;
  /** Where output lines start to read; -1 reads nothing. */
  readonly starts: Int32Array;
  /** `taps` for each output line; undefined where every line is a copy. */
  readonly weights?: Float32Array;
  readonly taps: number;
}

export function resizedShape(shape: Shape, { axes }: Pick<ResizeSpec, "axes">): Shape {
  return shape.map((extent, i) => axes.find(({ axis }) => axis === i)?.output ?? extent);
}

/**
 * The passes that resize a tensor of `shape`, in order: axes that get smaller first, to leave less for the others (nearest: in
 * the order of axes, so that neighbours can be joined). None if every element stays as it is.
 */
export function resizePasses(shape: Shape, spec: ResizeSpec): Pass[] {
  const growth = ({ axis, output }: ResizeAxis) => (spec.mode === "nearest" ? 1 : Math.min(output / shape[axis], 1));
  const order = [...spec.axes].sort((a, b) => growth(a) - growth(b) || a.axis - b.axis);
  const passes: Pass[] = [];
  let current = shape;
  for (const each of order) {
    const { axis, output } = each;
    const input = shape[axis];
    const outer = elementCount(current.slice(0, axis));
    const inner = elementCount(current.slice(axis + 1));
    const pass = { axis, outer, input, output, inner, ...tableOf(spec, input, each) };
    if (!isIdentity(pass)) passes.push(pass);
    current = current.map((extent, i) => (i === axis ? output : extent));
  }
  return passes;
}

function tableOf(spec: ResizeSpec, input: number, axis: ResizeAxis): Pick<Pass, "starts" | "weights" | "taps"> {
  return spec.mode === "nearest"
    ? { starts: nearestTable(spec, input, axis), taps: 1 }
    : weightTable(spec, input, axis);
}

function isIdentity({ input, output, starts, weights, taps }: Pass): boolean {
  if (input !== output) return false;
  return starts.every((start, o) => {
    if (!weights) return start === o;
    const row = weights.subarray(o * taps, (o + 1) * taps);
    return row.every((weight, t) => weight === (start + t === o ? 1 : 0));
  });
}

/** Elements from pixel to pixel of [N, H, W, C] where x or y are some channels of wider images. */
export interface ResizeSteps {
  readonly x?: number | undefined;
  readonly y?: number | undefined;
}

/** Whether x or y may have a step: whether the first or last pass goes from pixel to pixel. */
export function takesResizeSteps(shape: Shape, spec: ResizeSpec, which: keyof ResizeSteps): boolean {
  const passes = resizePasses(shape, spec);
  const [first, second] = passes;
  const at = which === "y" ? passes.at(-1) : second && !first.weights && first.axis === 1 ? second : first;
  return shape.length === 4 && at?.axis === 2 && !(at.weights && isTurned(at));
}

/** Makes a resize of float32 x ready. It goes axis by axis; products are added from the first element to the last. */
export function prepareResize(shape: Shape, spec: ResizeSpec, steps: ResizeSteps = {}): Prepared {
  const result = resizedShape(shape, spec);
  const stages = stagesOf(resizePasses(shape, spec), steps);
  if (stages.length === 0 || elementCount(result) === 0) {
    const walk = { shape: [elementCount(result)], from: [1], to: [1] };
    return prepareCopies({ outputShapes: [result], copies: [wholeCopy(walk)] });
  }
  const tables = new TablePlan(stages);
  const sizes = stages.slice(0, -1).map(({ elements }) => Math.ceil(elements / 16) * 64);
  // Stages write to two buffers in turn.
  const first = Math.max(0, ...sizes.filter((_, i) => i % 2 === 0));
  const second = Math.max(0, ...sizes.filter((_, i) => i % 2 === 1));
  const band = Math.max(0, ...stages.map(({ bandBytes = 0 }) => bandBytes));
  return {
    algorithm: `resize ${spec.mode}`,
    outputShapes: [result],
    macs: spec.mode === "nearest" ? 0 : stages.reduce((sum, { macs }) => sum + macs, 0),
    scratchBytes: first + second + band,
    packing: {
      key: `resize ${JSON.stringify([shape, { ...spec, extrapolation: 0 }])}`,
      bytes: tables.bytes,
      write: (k, _, to) => tables.write(k, to),
    },
    run(k, { inputs, outputs, scratch, packed }) {
      const own = scratch + first + second;
      let from = inputs[0];
      stages.forEach((stage, i) => {
        const to = i === stages.length - 1 ? outputs[0] : i % 2 === 0 ? scratch : scratch + first;
        stage.run(k, from, to, (index) => packed + tables.offset(i, index), spec.extrapolation, own);
        from = to;
      });
    },
  };
}

interface Stage {
  /** Elements that it writes. */
  readonly elements: number;
  readonly macs: number;
  readonly tables: readonly (Int32Array | Float32Array)[];
  /** Scratch memory of its own. */
  readonly bandBytes?: number;
  run(k: Kernels, x: number, y: number, table: (index: number) => number, outside: number, band: number): void;
}

/** Of the rows between the two passes over images; they stay in the cache, with what is read and written. */
const BAND_BYTES = 64 * 1024;

/** What the kernels do. Passes along neighbouring axes become one, over rows and columns at once. */
function stagesOf(passes: readonly Pass[], steps: ResizeSteps): Stage[] {
  const stages: Stage[] = [];
  for (let i = 0; i < passes.length; i++) {
    const pass = passes[i];
    const next = passes[i + 1];
    const joins = next?.axis === pass.axis + 1 && !pass.weights === !next.weights && !(pass.weights && isTurned(next));
    const x = i === 0 ? steps.x : undefined;
    if (joins) i++;
    const here: ResizeSteps = { x, y: i === passes.length - 1 ? steps.y : undefined };
    if (pass.weights && joins) stages.push(planeStage(pass, pass.weights, next, next.weights!, here));
    else if (pass.weights) stages.push(...weightStages(pass, pass.weights, here));
    else if (joins) stages.push(nearestStage(pass.outer, pass, next, next.inner, here));
    else stages.push(nearestStage(pass.outer, pass, ONE_COLUMN, pass.inner, here));
  }
  return stages;
}

type Line = Pick<Pass, "input" | "output" | "starts">;

const ONE_COLUMN: Line = { input: 1, output: 1, starts: Int32Array.of(0) };

function nearestStage(outer: number, rows: Line, columns: Line, inner: number, steps: ResizeSteps): Stage {
  const { x: xStep = inner, y: yStep = inner } = steps;
  return {
    elements: outer * rows.output * columns.output * inner,
    macs: 0,
    tables: [rows.starts, columns.starts],
    run: (k, x, y, table, outside) =>
      // biome-ignore format: x's extents and step, y's
      k.resizeNearest2d(x, outer, rows.input, columns.input, inner, xStep * 4, y, rows.output, columns.output, yStep * 4,
        table(0), table(1), outside),
  };
}

/** Single elements are turned to lie side by side first: the kernel blends whole lines four at a time (48 maps of 56x56 doubled: 5.8 to 0.34 ms). */
function weightStages(pass: Pass, weights: Float32Array, steps: ResizeSteps): Stage[] {
  const { outer, input, output } = pass;
  if (!isTurned(pass)) return [weightStage(pass, weights, steps)];
  const turned = weightStage({ ...pass, outer: 1, inner: outer }, weights, {});
  return [transposeStage(outer, input), turned, transposeStage(output, outer)];
}

function isTurned({ outer, inner }: Pass): boolean {
  return inner === 1 && outer >= 4;
}

function weightStage(pass: Pass, weights: Float32Array, steps: ResizeSteps): Stage {
  const { outer, input, output, inner, starts, taps } = pass;
  const [xStep, yStep] = [steps.x ?? inner, steps.y ?? inner].map((step) => step * 4);
  const elements = outer * output * inner;
  return {
    elements,
    macs: elements * taps,
    tables: [starts, weights],
    run: (k, x, y, table, outside) =>
      // biome-ignore format: extents, steps of x, steps of y
      k.resizeAxis(x, y, outer, input, output, inner, input * xStep, xStep, output * yStep, yStep,
        table(0), table(1), taps, outside),
  };
}

/** Rows and columns of images, by bands of rows that stay in the cache between the two. */
function planeStage(rows: Pass, down: Float32Array, columns: Pass, across: Float32Array, steps: ResizeSteps): Stage {
  const { outer: N, output: OH, inner: line, taps } = rows;
  const { output: OW, inner } = columns;
  const { y: yStep = inner } = steps;
  const most = Math.min(OH, Math.ceil(BAND_BYTES / (line * 4)));
  const elements = N * OH * OW * inner;
  return {
    elements,
    macs: N * OH * line * taps + elements * columns.taps,
    tables: [rows.starts, down, columns.starts, across],
    bandBytes: most * line * 4,
    run(k, x, y, table, outside, band) {
      for (let n = 0; n < N; n++, x += rows.input * line * 4) {
        for (let oh = 0; oh < OH; oh += most) {
          const count = Math.min(most, OH - oh);
          // biome-ignore format: extents, steps of x, steps of y
          k.resizeAxis(x, band, 1, rows.input, count, line, 0, line * 4, 0, line * 4,
            table(0) + oh * 4, table(1) + oh * taps * 4, taps, outside);
          // biome-ignore format: extents, steps of x, steps of y
          k.resizeAxis(band, y, count, columns.input, OW, inner, line * 4, inner * 4, OW * yStep * 4, yStep * 4,
            table(2), table(3), columns.taps, outside);
          y += count * OW * yStep * 4;
        }
      }
    },
  };
}

function transposeStage(rows: number, columns: number): Stage {
  return { elements: rows * columns, macs: 0, tables: [], run: (k, x, y) => k.transpose2d(x, y, 1, rows, columns) };
}

/** Where the tables of all stages lie in packed memory, in bytes. */
class TablePlan {
  readonly #tables: readonly { array: Int32Array | Float32Array; offset: number }[][];
  readonly bytes: number;

  constructor(stages: readonly Stage[]) {
    let next = 0;
    this.#tables = stages.map(({ tables }) =>
      tables.map((array) => {
        const offset = next;
        next += Math.ceil(array.byteLength / 16) * 16;
        return { array, offset };
      }),
    );
    this.bytes = next;
  }

  offset(stage: number, index: number): number {
    return this.#tables[stage][index].offset;
  }

  write(k: Kernels, to: number): void {
    for (const { array, offset } of this.#tables.flat()) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      new Uint8Array(k.memory.buffer, to + offset, bytes.length).set(bytes);
    }
  }
}
