/** `lanewise inspect`: what is in a model? */
import type { Command } from "commander";
import { ArgumentError, expected, UnsupportedError, type UnsupportedItem } from "../errors.ts";
import type { Layer, Model } from "../index.ts";
import { formatShape } from "../shape.ts";
import { namedShape } from "./flags.ts";
import { oneLine, print, printJson, reportFailure } from "./output.ts";
import { BUILT_IN, readModel } from "./read-model.ts";
import { formatBytes, formatCount, formatTable } from "./table.ts";

interface InspectFlags {
  readonly json?: boolean;
  readonly shape?: ReadonlyMap<string, number[]>;
}

type Port = Model["inputs"][number];

const DEFAULT_EXTENT = 224; // of an open height or width

export function addInspect(program: Command): void {
  program
    .command("inspect")
    .summary("list what a model is made of")
    .description(
      "List the inputs, outputs and layers of an ONNX model, with parameters, multiply-adds, receptive field and memory.\n" +
        "If lanewise cannot run the model, list all that it lacks, and leave with exit code 1.",
    )
    .argument("[model]", "an ONNX model, if not the built-in one")
    .option("--shape <[input=]n,c,h,w>", "extents of an input that the model leaves open (default: 1, 224)", namedShape)
    .option("--json", "print one JSON object and nothing else")
    .action(inspect);
}

async function inspect(path: string = BUILT_IN, flags: InspectFlags): Promise<void> {
  let model: Model;
  try {
    model = await readModel(path);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    printUnsupported(path, error.items, flags.json === true);
    reportFailure(error);
    return;
  }
  try {
    const shapes = shapesFor(path, model.inputs, flags.shape ?? new Map());
    const layers = model.layers(shapes);
    if (flags.json) printJson(describe(path, model, shapes, layers));
    else printModel(path, model, shapes, layers);
  } finally {
    model.dispose();
  }
}

function printUnsupported(path: string, items: readonly UnsupportedItem[], json: boolean): void {
  if (json) {
    printJson({ model: path, supported: false, unsupported: items });
    return;
  }
  print(oneLine(path));
  print();
  const rows = items.map((item) => [item.node, item.operator, item.reason]);
  for (const line of formatTable([["node", "operator", "unsupported"], ...rows])) print(line);
}

/** A shape without open extents for each input: as the model says, as the user says, or 1 and 224. */
function shapesFor(
  path: string,
  inputs: readonly Port[],
  given: ReadonlyMap<string, number[]>,
): Record<string, number[]> {
  for (const name of given.keys()) {
    if (name !== "" && !inputs.some((input) => input.name === name)) {
      const names = inputs.map((input) => input.name).join(", ");
      throw new ArgumentError(expected(path, "--shape", `an input of the model (${names})`, name));
    }
  }
  return Object.fromEntries(
    inputs.map(({ name, shape }, i) => {
      const open = (extent: number | string, axis: number) =>
        typeof extent === "number" ? extent : shape.length === 4 && axis >= 2 ? DEFAULT_EXTENT : 1;
      return [name, given.get(name) ?? (i === 0 ? given.get("") : undefined) ?? shape.map(open)];
    }),
  );
}

function totals(layers: readonly Layer[]): { parameters: number; macs: number } {
  return {
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
  };
}

function describe(path: string, model: Model, shapes: Record<string, number[]>, layers: readonly Layer[]): object {
  return {
    model: path,
    supported: true,
    inputs: model.inputs,
    outputs: model.outputs,
    inputShapes: shapes,
    layers: layers.map((layer) => ({
      name: layer.name,
      operator: layer.operator,
      outputShape: layer.outputShape,
      algorithm: layer.algorithm,
      parameters: layer.parameters,
      macs: layer.macs,
      receptiveField: layer.receptiveField ?? null,
    })),
    totals: totals(layers),
    memory: model.memory,
  };
}

function printModel(path: string, model: Model, shapes: Record<string, number[]>, layers: readonly Layer[]): void {
  print(oneLine(path));
  print();
  const ports = [
    ...model.inputs.map((port) => portRow("input", port, shapes[port.name])),
    ...model.outputs.map((port) => portRow("output", port)),
  ];
  for (const line of formatTable(ports)) print(line);
  print();

  const rows = layers.map((layer) => [
    layer.name,
    layer.operator,
    formatShape(layer.outputShape),
    formatCount(layer.parameters),
    formatCount(layer.macs),
    layer.receptiveField?.join(" x ") ?? "",
  ]);
  const { parameters, macs } = totals(layers);
  const table = [
    ["layer", "operator", "output", "parameters", "multiply-adds", "field"],
    ...rows,
    ["total", "", "", formatCount(parameters), formatCount(macs), ""],
  ];
  for (const line of formatTable(table, ["left", "left", "left", "right", "right", "right"])) print(line);
  print();
  const { weights, arena, total } = model.memory;
  print(`memory: weights ${formatBytes(weights)}, arena ${formatBytes(arena)}, in all ${formatBytes(total)}`);
}

/** The shape as planned stands behind an open one. */
function portRow(kind: string, { name, type, shape }: Port, planned?: number[]): string[] {
  const isOpen = shape.some((extent) => typeof extent === "string");
  return [kind, name, type, formatShape(shape) + (isOpen && planned ? `, here ${formatShape(planned)}` : "")];
}
