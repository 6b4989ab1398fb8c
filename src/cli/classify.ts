/** `lanewise classify`: what is in a picture? */
import { type Command, Option } from "commander";
import { ArgumentError, expected, LanewiseError } from "../errors.ts";
import { type Picture, type PixelTensor, type RankedClass, softmax, topK } from "../image/index.ts";
import type { HostTensor, Model, ValueInfo } from "../index.ts";
import { drawnWidth, drawPicture } from "./draw.ts";
import { channelValues, positiveInteger, valueRange } from "./flags.ts";
import { colorDepth, oneLine, print, printJson, reportFailure } from "./output.ts";
import { type PrepareFlags, preparationFor } from "./prepare.ts";
import { profileLines } from "./profile.ts";
import { readBytes } from "./read-file.ts";
import { readImage } from "./read-image.ts";
import { BUILT_IN, isModelFile, readModel } from "./read-model.ts";
import { formatShare, formatTable } from "./table.ts";

interface ClassifyFlags extends PrepareFlags {
  readonly labels?: string;
  readonly top: number;
  readonly json?: boolean;
  readonly profile?: boolean;
  readonly show?: boolean;
}

interface ImageResult {
  readonly image: string;
  readonly top: readonly { class: number; label: string | null; score: number }[];
}

const DIGITS = Array.from("0123456789");
const BAR_COLUMNS = 20;

export function addClassify(program: Command): void {
  program
    .command("classify")
    .summary("name what pictures show")
    .description(
      "Name what PNG and JPEG pictures show. Without a model, a small built-in one reads handwritten digits. With three\n" +
        "channels, pictures are prepared as usual for ImageNet (short side to 256/224 of the input, centre cut out, RGB,\n" +
        "its mean and std); with one channel, stretched and scaled to 0..1. The options below change that.",
    )
    .argument("<files...>", "an ONNX model, if not the built-in one, then pictures")
    .option("--labels <file>", "names of the classes, one a line")
    .option("--top <count>", "how many classes to list", positiveInteger, 5)
    .option("--json", "print one JSON array and nothing else")
    .addOption(new Option("--show", "draw the pictures too").conflicts("json"))
    .option("--profile", "list the time of each layer, for the first picture (on stderr with --json)")
    .option("--resize <pixels>", "resize the short side to this", positiveInteger)
    .option("--crop <pixels>", "then cut a square out of the centre", positiveInteger)
    .option("--range <low..high>", "what black and white become; without --mean and --std, all there is", valueRange)
    .option("--mean <values>", "subtract, one value or one for each channel", channelValues)
    .option("--std <values>", "then divide", channelValues)
    .option("--bgr", "blue, green, red instead of red, green, blue")
    .option("--invert", "light for dark")
    .option("--no-invert", "never light for dark; the built-in model otherwise does so where the paper is bright")
    .action(classify);
}

async function classify(files: string[], flags: ClassifyFlags, command: Command): Promise<void> {
  const given = await isModelFile(files[0]);
  const [path, images] = given ? [files[0], files.slice(1)] : [BUILT_IN, files];
  if (images.length === 0) command.error("error: classify: files expected a picture after the model, got none");
  const labels = flags.labels === undefined ? undefined : await readLabels(flags.labels);

  using model = await readModel(path);
  const input = onlyInput(path, model);
  const prepare = preparationFor(path, input, flags, !given);
  const results: ImageResult[] = [];
  let profiled = !flags.profile;
  for (const image of images) {
    const ready = await readReady(image, prepare).catch(reportFailure); // the other pictures may be good
    if (!ready) continue;
    const feeds = { [input.name]: ready.tensor };
    const scores = probabilities(scoresOf(path, model.outputs[0].name, await model.run(feeds)));
    if (labels !== undefined && labels.length !== scores.length) {
      throw new ArgumentError(
        expected(flags.labels ?? "", "labels", `${scores.length} lines, one a class`, labels.length),
      );
    }
    const top = topK(scores, flags.top, labels ?? (given ? undefined : DIGITS));
    if (flags.json) results.push({ image, top: top.map((rank) => ({ ...rank, label: rank.label ?? null })) });
    else printResult(image, ready.picture, top, flags.show === true);
    if (!profiled) {
      profiled = true;
      const text = `\n${profileLines(model.profile(feeds).layers).join("\n")}\n\n`;
      (flags.json ? process.stderr : process.stdout).write(text);
    }
  }
  if (flags.json) printJson(results);
}

function onlyInput(path: string, { inputs }: Model): ValueInfo {
  if (inputs.length === 1) return inputs[0];
  const names = inputs.map((input) => input.name);
  throw new ArgumentError(expected(path, "model", "one input", names));
}

/** A picture and the tensor made of it; what does not fit is said with the file's name. */
async function readReady(image: string, prepare: (picture: Picture) => PixelTensor) {
  const picture = await readImage(image);
  try {
    return { picture, tensor: prepare(picture) };
  } catch (error) {
    if (!(error instanceof LanewiseError)) throw error;
    throw new ArgumentError(`${image}: ${error.message}`, { cause: error });
  }
}

async function readLabels(path: string): Promise<string[]> {
  const bytes = await readBytes(path, "labels", "a text file");
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The scores of one picture: all extents but one must be 1. */
function scoresOf(path: string, name: string, outputs: Record<string, HostTensor>): Float64Array {
  const { shape, data } = outputs[name];
  if (shape.filter((extent) => extent !== 1).length > 1) {
    throw new ArgumentError(expected(path, `output ${name}`, "shape [1, classes]", [...shape]));
  }
  return Float64Array.from(data as ArrayLike<number>, Number);
}

/** Scores as they are if they are probabilities already, else their softmax. */
function probabilities(scores: Float64Array): ArrayLike<number> {
  const sum = scores.reduce((total, score) => total + score, 0);
  return scores.every((score) => score >= 0) && Math.abs(sum - 1) <= 1e-3 ? scores : softmax(scores);
}

function printResult(image: string, picture: Picture, top: readonly RankedClass[], show: boolean): void {
  const rows = top.map((rank) => {
    const name = rank.label ?? `class ${rank.class}`;
    const extra = rank.label === undefined || rank.label === String(rank.class) ? [] : [`(${rank.class})`];
    return [formatShare(rank.score), ...(show ? [bar(rank.score)] : []), [name, ...extra].join(" ")];
  });
  print(oneLine(image));
  const lines = formatTable(rows, ["right"]);
  for (const line of show ? beside(drawPicture(picture, colorDepth()), lines) : lines) print(`  ${line}`.trimEnd());
}

function bar(share: number): string {
  const full = Math.round((Number.isNaN(share) ? 0 : share) * BAR_COLUMNS);
  const [on, off] = colorDepth() === "none" ? ["#", "."] : ["█", "░"];
  return on.repeat(full) + off.repeat(BAR_COLUMNS - full);
}

/** Two blocks of lines, side by side. */
function beside(left: readonly string[], right: readonly string[]): string[] {
  const width = Math.max(...left.map(drawnWidth));
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    const line = left[i] ?? "";
    return `${line}${" ".repeat(width - drawnWidth(line))}   ${right[i] ?? ""}`;
  });
}
