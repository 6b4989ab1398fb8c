/** `lanewise run`: any model on any tensors. */
import { mkdir } from "node:fs/promises";
import { type Command, Option } from "commander";
import { ArgumentError, expected } from "../errors.ts";
import type { HostTensor, Model } from "../index.ts";
import { formatShape } from "../shape.ts";
import { collect } from "./flags.ts";
import { oneLine, print, printJson } from "./output.ts";
import { profileLines } from "./profile.ts";
import { readModel } from "./read-model.ts";
import { formatTable } from "./table.ts";
import { readTensor, valuesOf, writeTensor } from "./tensor-file.ts";

interface RunFlags {
  readonly input?: readonly string[];
  readonly output?: string;
  readonly format: "npy" | "pb";
  readonly json?: boolean;
  readonly profile?: boolean;
}

export function addRun(program: Command): void {
  program
    .command("run")
    .summary("run a model on tensors in files")
    .description(
      "Run an ONNX model on tensors from .npy or .pb files, list what comes out, and write it to files. The name of an input\n" +
        "may be left out if the model has only one, or if the file (.pb) names it.",
    )
    .argument("<model>", "an ONNX model")
    .option("--input <[name=]file>", "what an input is fed; once for each", collect)
    .option("--output <folder>", "write the outputs there, each under its name")
    .addOption(new Option("--format <kind>", "the kind of file to write").choices(["npy", "pb"]).default("npy"))
    .option("--json", "print one JSON object and nothing else")
    .option("--profile", "list the time of each layer (on stderr with --json)")
    .action(run);
}

async function run(path: string, flags: RunFlags): Promise<void> {
  using model = await readModel(path);
  const feeds = await readFeeds(path, model, flags.input ?? []);
  const outputs = await model.run(feeds);
  const files: Record<string, string> = {};
  if (flags.output !== undefined) {
    await mkdir(flags.output, { recursive: true });
    for (const [name, tensor] of Object.entries(outputs)) {
      files[name] = await writeTensor(flags.output, name, tensor, flags.format);
    }
  }
  if (flags.json) printJson({ model: path, outputs: Object.entries(outputs).map((entry) => describe(entry, files)) });
  else printOutputs(outputs, files);
  if (flags.profile) {
    const text = `\n${profileLines(model.profile(feeds).layers).join("\n")}\n`;
    (flags.json ? process.stderr : process.stdout).write(text);
  }
}

async function readFeeds(
  path: string,
  { inputs }: Model,
  given: readonly string[],
): Promise<Record<string, HostTensor>> {
  const names = inputs.map(({ name }) => name);
  const feeds: Record<string, HostTensor> = {};
  for (const text of given) {
    // A name may itself hold "=", and so may a path: the longest name of the model that fits counts.
    const known = names.filter((each) => text.startsWith(`${each}=`)).sort((a, b) => b.length - a.length)[0];
    const file = known === undefined ? text : text.slice(known.length + 1);
    const { name, tensor } = await readTensor(file);
    const input = known ?? (names.includes(name) ? name : names.length === 1 ? names[0] : undefined);
    if (input === undefined) {
      throw new ArgumentError(expected(path, "--input", `NAME=FILE with a name of ${names.join(", ")}`, text));
    }
    if (feeds[input]) throw new ArgumentError(expected(path, "--input", `${input} once`, "twice"));
    feeds[input] = tensor;
  }
  return feeds;
}

function describe([name, tensor]: [string, HostTensor], files: Record<string, string>): object {
  const { type, shape } = tensor;
  const { least, largest, mean } = statistics(tensor);
  return { name, type, shape, least, largest, mean, ...(files[name] === undefined ? {} : { file: files[name] }) };
}

function printOutputs(outputs: Record<string, HostTensor>, files: Record<string, string>): void {
  const rows = Object.entries(outputs).map(([name, tensor]) => {
    const { type, shape } = tensor;
    const { least, largest, mean } = statistics(tensor);
    const numbers = [least, largest, mean].map((value) =>
      value === undefined ? "" : String(Number(value.toPrecision(6))),
    );
    return [name, type, formatShape(shape), ...numbers, files[name] === undefined ? "" : oneLine(files[name])];
  });
  const align = ["left", "left", "left", "right", "right", "right", "left"] as const;
  for (const line of formatTable([["output", "type", "shape", "least", "largest", "mean", ""], ...rows], align))
    print(line);
}

/** undefined for a tensor without elements. */
function statistics(tensor: HostTensor) {
  const data = valuesOf(tensor);
  if (data.length === 0) return { least: undefined, largest: undefined, mean: undefined };
  let [least, largest, sum] = [Infinity, -Infinity, 0];
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    least = Math.min(least, value);
    largest = Math.max(largest, value);
    sum += value;
  }
  return { least, largest, mean: sum / data.length };
}
