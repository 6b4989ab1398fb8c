/** `lanewise compare`: does a model give what a test set wants? */
import type { Command } from "commander";
import { ArgumentError, expected } from "../errors.ts";
import type { HostTensor } from "../index.ts";
import { formatShape, sameShape } from "../shape.ts";
import { tolerance } from "./flags.ts";
import { print, printJson } from "./output.ts";
import { readModel } from "./read-model.ts";
import { formatCount, formatTable } from "./table.ts";
import { readTensorSet, valuesOf } from "./tensor-file.ts";

interface CompareFlags {
  readonly against: readonly string[];
  readonly rtol: number;
  readonly atol: number;
  readonly direct?: boolean;
  readonly json?: boolean;
}

/** Where two tensors differ most. */
interface Difference {
  readonly absolute: number;
  readonly relative: number;
  /** Where the difference is largest, measured by what is allowed there. */
  readonly at: readonly number[];
  readonly got: number | string;
  readonly want: number | string;
  readonly beyond: number;
  readonly elements: number;
}

interface Verdict {
  readonly set: string;
  readonly output: string;
  /** What is wrong with type or shape; then there is no difference to tell. */
  readonly mismatch?: string;
  readonly difference?: Difference;
}

export function addCompare(program: Command): void {
  program
    .command("compare")
    .summary("compare a model's outputs with a test set")
    .description(
      "Run an ONNX model on the inputs of a test set (a folder with input_0.pb, ..., output_0.pb, ..., or .npy files) and tell the\n" +
        "largest differences of each output. An element agrees if |got - want| <= atol + rtol * |want|. Exit code 1 if one does not.",
    )
    .argument("<model>", "an ONNX model")
    .requiredOption("--against <folders...>", "the test sets")
    .option("--rtol <number>", "relative tolerance", tolerance, 1e-3)
    .option("--atol <number>", "absolute tolerance", tolerance, 1e-7)
    .option("--direct", "compute every product, without fast convolution methods")
    .option("--json", "print one JSON object and nothing else")
    .action(compare);
}

async function compare(path: string, flags: CompareFlags): Promise<void> {
  using model = await readModel(path, flags.direct ? { numerics: "direct" } : {});
  const verdicts: Verdict[] = [];
  for (const set of flags.against) {
    const inputs = model.inputs.map(({ name }) => name);
    const outputs = model.outputs.map(({ name }) => name);
    const feeds = await readTensorSet(set, "input", inputs);
    const wanted = await readTensorSet(set, "output", outputs);
    if (wanted.size === 0) throw new ArgumentError(expected(set, "test set", "output_0.pb or .npy files", "none"));
    const got = await model.run(Object.fromEntries(feeds));
    for (const [output, want] of wanted) verdicts.push({ set, output, ...judge(got[output], want, flags) });
  }
  const agrees = verdicts.every(({ mismatch, difference }) => !mismatch && difference?.beyond === 0);
  if (flags.json) printJson({ model: path, rtol: flags.rtol, atol: flags.atol, agrees, outputs: verdicts });
  else printVerdicts(verdicts);
  if (!agrees) process.exitCode = 1;
}

function judge(got: HostTensor, want: HostTensor, flags: CompareFlags): Pick<Verdict, "mismatch" | "difference"> {
  if (got.type !== want.type) return { mismatch: `expected type ${want.type}, got ${got.type}` };
  if (!sameShape(got.shape, want.shape)) {
    return { mismatch: `expected shape ${formatShape(want.shape)}, got ${formatShape(got.shape)}` };
  }
  return { difference: differenceOf(got, want, flags) };
}

function differenceOf(got: HostTensor, want: HostTensor, { rtol, atol }: CompareFlags): Difference {
  const [a, b] = [valuesOf(got), valuesOf(want)];
  let [absolute, relative, beyond, worst, excess] = [0, 0, 0, 0, -1];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    const same = a[i] === b[i] || (Number.isNaN(x) && Number.isNaN(y));
    const distance = same ? 0 : Math.abs(x - y);
    // NaN or infinity against anything else is infinitely far.
    const far = Number.isFinite(distance) && (same || distance > 0) ? distance : Infinity;
    absolute = Math.max(absolute, far);
    if (far > 0) relative = Math.max(relative, far / Math.abs(y));
    const ratio = far === 0 ? 0 : far / (atol + rtol * Math.abs(y));
    if (!(ratio <= 1)) beyond++;
    if (ratio > excess) [excess, worst] = [ratio, i];
  }
  return {
    absolute,
    relative,
    at: placeOf(worst, got.shape),
    got: shown(a[worst]),
    want: shown(b[worst]),
    beyond,
    elements: a.length,
  };
}

function shown(value: number | bigint | undefined): number | string {
  return typeof value === "number" && Number.isFinite(value) ? value : String(value ?? "");
}

function placeOf(index: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = index;
  for (const extent of shape.toReversed()) {
    place.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return place;
}

function printVerdicts(verdicts: readonly Verdict[]): void {
  const rows = verdicts.map(({ set, output, mismatch, difference }) => {
    if (mismatch || !difference) return [set, output, "", "", mismatch ?? "", ""];
    const { absolute, relative, at, got, want, beyond, elements } = difference;
    const where = absolute === 0 ? "" : `${formatShape(at)}: got ${got}, want ${want}`;
    const verdict = beyond === 0 ? "agrees" : `${formatCount(beyond)} of ${formatCount(elements)} beyond`;
    return [set, output, absolute.toExponential(2), relative.toExponential(2), where, verdict];
  });
  const head = ["test set", "output", "absolute", "relative", "worst at", ""];
  for (const line of formatTable([head, ...rows], ["left", "left", "right", "right", "left", "left"])) print(line);
}
