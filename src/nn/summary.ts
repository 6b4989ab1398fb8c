import { type Field, grown, larger, ONE_PLACE, type Size } from "../graph/receptive-field.ts";
import { formatShape, type Shape } from "../shape.ts";
import { macsOf, parametersOf, type Unit, unitsWithin } from "./layer.ts";

/** One layer of a summary. */
export interface SummaryRow {
  readonly name: string;
  readonly kind: string;
  /** Of one example: without the batch. */
  readonly outputShape: Shape;
  /** Weights and the like that training moves; gathered statistics are not counted. */
  readonly parameters: number;
  /** Multiply-adds of convolutions and matrix products for one example. */
  readonly macs: number;
  /** Places of the network's input that one place of the output sees, [height, width]; undefined where there are no images. */
  readonly receptiveField: Size | undefined;
  /** Places of the input from one place of the output to the next, [height, width]. */
  readonly stride: Size | undefined;
}

export interface Summary {
  readonly inputShape: Shape;
  /** In the order in which they run. */
  readonly layers: readonly SummaryRow[];
  readonly parameters: number;
  readonly macs: number;
  /** The rows as a table in plain text, with totals. */
  toString(): string;
}

/** Describes every layer, those within others included; a residual sum and a concatenation have rows of their own. */
export function summarise(root: Unit): Summary {
  const layers: SummaryRow[] = [];
  describe(root, root.inputShape.length === 3 ? ONE_PLACE : undefined, layers);
  const total = (of: (row: SummaryRow) => number) => layers.reduce((sum, row) => sum + of(row), 0);
  const summary = {
    inputShape: root.inputShape,
    layers,
    parameters: total((row) => row.parameters),
    macs: total((row) => row.macs),
  };
  return { ...summary, toString: () => table(summary) };
}

/** Adds the rows of a unit, and gives what a place of its output sees. */
function describe(unit: Unit, before: Field | undefined, rows: SummaryRow[]): Field | undefined {
  if (unit.kind === "sequence") {
    return unit.units.reduce<Field | undefined>((field, each) => describe(each, field, rows), before);
  }
  const within = unitsWithin(unit).map((each) => describe(each, before, rows));
  const start =
    unit.kind === "residual" && !unit.shortcut ? [before, ...within] : within.length > 0 ? within : [before];
  const met = start.reduce((a, b) => a && b && larger(a, b));
  const field = unit.outputShape.length === 3 && met ? behind(unit, met) : undefined;
  rows.push({
    name: unit.name,
    kind: unit.kind,
    outputShape: unit.outputShape,
    parameters: parametersOf(unit).reduce((sum, { trainable, size }) => sum + (trainable ? size : 0), 0),
    macs: macsOf(unit),
    receptiveField: field?.size,
    stride: field?.jump,
  });
  return field;
}

function behind(unit: Unit, field: Field): Field {
  if (unit.kind === "globalAveragePool") {
    const [, H, W] = unit.inputShape;
    return grown(field, { kernel: [H, W] });
  }
  if (!("window" in unit)) return field;
  const { KH, KW, SH, SW, DH, DW } = unit.window;
  return grown(field, { kernel: [KH, KW], strides: [SH, SW], dilations: [DH, DW] });
}

const HEAD = ["layer", "kind", "output", "parameters", "multiply-adds", "field", "stride"];
const RIGHT = 3; // the first column that holds numbers

function table({ inputShape, layers, parameters, macs }: Omit<Summary, "toString">): string {
  const by = (size: Size | undefined) => size?.join("x") ?? "";
  const rows = [
    HEAD,
    ["input", "", formatShape(inputShape), "", "", "", ""],
    ...layers.map((row) => [
      ...[row.name, row.kind, formatShape(row.outputShape), grouped(row.parameters), grouped(row.macs)],
      ...[by(row.receptiveField), by(row.stride)],
    ]),
    ["total", "", "", grouped(parameters), grouped(macs), "", ""],
  ];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (row: string[]) =>
    row.map((cell, i) => (i < RIGHT ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}

/** 1234567 as "1,234,567". */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
