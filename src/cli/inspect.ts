/** `lanewise inspect`: what is in a model? */
import type { Command } from "commander";
import { ArgumentError, expected, UnsupportedError, type UnsupportedItem } from "../errors.ts";
import type { Layer, Model, ValueInfo } from "../index.ts";
import { formatShape, type Shape } from "../shape.ts";
import { namedShape } from "./flags.ts";
import { oneLine, print, printJson } from "./output.ts";
import { BUILT_IN, readModel } from "./read-model.ts";
import { formatBytes, formatCount, formatTable } from "./table.ts";

interface InspectFlags {
  readonly json?: boolean;
  readonly shape?: ReadonlyMap<string, number[]>;
  readonly passes?: boolean;
}

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
    .option("--passes", "list what each rewriting of the graph did")
    .option("--json", "print one JSON object and nothing else")
    .action(inspect);
}

async function inspect(path: string = BUILT_IN, flags: InspectFlags): Promise<void> {
  try {
    using model = await readModel(path);
    const shapes = shapesFor(path, model.inputs, flags.shape ?? new Map());
    const layers = model.layers(shapes);
    if (flags.json) printJson(describe(path, model, shapes, layers));
    else printModel(path, model, shapes, layers, flags.passes === true);
  } catch (error) {
    if (error instanceof UnsupportedError) printUnsupported(path, error.items, flags.json === true);
    throw error;
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
  inputs: readonly ValueInfo[],
  given: ReadonlyMap<string, number[]>,
): Record<string, Shape> {
  for (const name of given.keys()) {
    if (name !== "" && !inputs.some((input) => input.name === name)) {
      const names = inputs.map((input) => input.name).join(", ");
      throw new ArgumentError(expected(path, "--shape", `an input of the model (${names})`, name));
    }
  }
  const shapes: Record<string, Shape> = {};
  for (const [i, { name, shape }] of inputs.entries()) {
    const said = given.get(name) ?? (i === 0 ? given.get("") : undefined);
    if (!said && !shape) {
      throw new ArgumentError(expected(path, "inspect", `--shape ${name}=..., which the model does not tell`, "none"));
    }
    shapes[name] =
      said ??
      (shape ?? []).map((extent, axis, { length }) =>
        typeof extent === "number" ? extent : length === 4 && axis >= 2 ? DEFAULT_EXTENT : 1,
      );
  }
  return shapes;
}

function totals(layers: readonly Layer[]): { parameters: number; macs: number } {
  return {
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
  };
}

function describe(path: string, model: Model, shapes: Record<string, Shape>, layers: readonly Layer[]): object {
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
      packedBytes: layer.packedBytes,
      parameters: layer.parameters,
      macs: layer.macs,
      receptiveField: layer.receptiveField ?? null,
    })),
    totals: totals(layers),
    passes: model.passes(shapes),
    memory: model.memory,
    notes: model.notes,
  };
}

function printModel(
  path: string,
  model: Model,
  shapes: Record<string, Shape>,
  layers: readonly Layer[],
  passes: boolean,
): void {
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
  if (passes) {
    const reports = model.passes(shapes).map(({ name, changes, nodes }) => [name, String(changes), String(nodes)]);
    const head = ["pass", "changes", "nodes after"];
    for (const line of formatTable([head, ...reports], ["left", "right", "right"])) print(line);
    print();
  }
  for (const line of [...memoryLines(model, layers), ...model.notes]) print(line);
}

function memoryLines({ memory }: Model, layers: readonly Layer[]): string[] {
  const { weights, arena, arenaLowerBound, total } = memory;
  const lines = [
    `memory: weights ${formatBytes(weights)}, arena ${formatBytes(arena)}, in all ${formatBytes(total)}`,
    `  the arena could be no smaller than ${formatBytes(arenaLowerBound)}`,
  ];
  const winograd = layers.filter(({ algorithm }) => algorithm.startsWith("winograd"));
  if (winograd.length > 0) {
    const packed = winograd.reduce((sum, { packedBytes }) => sum + packedBytes, 0);
    const plain = winograd.reduce((sum, { parameters }) => sum + parameters * 4, 0);
    const ratio = (packed / plain).toFixed(1);
    const count = winograd.length === 1 ? "1 layer" : `${winograd.length} layers`;
    lines.push(`  Winograd's method in ${count}: ${formatBytes(packed)} of weights, ${ratio} times those of the file`);
  }
  return lines;
}

/** The shape as planned stands behind an open one. */
function portRow(kind: string, { name, type, shape }: ValueInfo, planned?: Shape): string[] {
  const open = !shape || shape.some((extent) => typeof extent === "string");
  const declared = shape ? formatShape(shape.map((extent) => (extent === "" ? "?" : extent))) : "any shape";
  return [kind, name, type, declared + (open && planned ? `, here ${formatShape(planned)}` : "")];
}
