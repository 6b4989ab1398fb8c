import type { EngineName, Timing } from "./engines/engine.ts";

export interface Row {
  readonly name: string;
  /** 10^9 operations of one run, a multiply-add as two. */
  readonly gflop: number;
  readonly timings: Partial<Record<EngineName, Timing>>;
}

/** Times of the same work as it grows. */
export interface Series {
  readonly name: string;
  readonly per: "pixel" | "image";
  /** Milliseconds of a pixel or an image; `scale` is how many there are, those of the smallest being 1. */
  readonly points: readonly { readonly scale: number; readonly ms: number }[];
  /** The greatest departure from the median, as a part of it, from `FLAT_FROM` on. */
  readonly departure: number;
}

/** A bench in one runtime. */
export interface Report {
  readonly runtime: string;
  /** GFLOP/s of the probe: plain SIMD multiplications and additions. */
  readonly peak: number;
  readonly rows: readonly Row[];
  readonly series?: readonly Series[];
  /** Rows left out, and engines left out of rows, with the reason. */
  readonly notes: readonly string[];
}

/** From this scale on times must be flat. */
export const FLAT_FROM = 4;

export function seriesOf(name: string, per: Series["per"], points: Series["points"]): Series {
  const counted = points.filter(({ scale }) => scale >= FLAT_FROM).map(({ ms }) => ms);
  const sorted = [...counted].sort((a, b) => a - b);
  const median = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  const departures = counted.map((ms) => ms / median - 1);
  return { name, per, points, departure: departures.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)) };
}

/** What `--json` prints: least milliseconds by engine. */
export function toJson({ peak, rows, series }: Report): string {
  const list = rows.map(({ name, gflop, timings }) => {
    const ms = Object.entries(timings).map(([engine, { min }]) => [engine, round(min)]);
    return { name, gflop, ms: Object.fromEntries(ms) };
  });
  const flat = series?.map(({ name, per, departure }) => ({ name, per, departure: round(departure) }));
  return JSON.stringify({ peak: round(peak), rows: list, ...(flat && { series: flat }) });
}

export function round(value: number): number {
  return Number(value.toPrecision(5));
}

/** Cells by row, the head first; numbers with their decimals as printed. The first engine is ours. */
export function tableOf({ peak, rows }: Report, engines: readonly EngineName[]): string[][] {
  const head = ["", "GFLOP", ...engines.flatMap((engine) => [engine, "median"])];
  head.push(
    "GFLOP/s",
    "of peak",
    ...engines.slice(1).map((engine) => (engine === "relaxed" ? "gain by relaxed" : `x ${engine}`)),
  );
  return [head, ...rows.map((row) => cellsOf(row, engines, peak))];
}

function cellsOf({ name, gflop, timings }: Row, engines: readonly EngineName[], peak: number): string[] {
  const [own, ...others] = engines;
  const ownMs = timings[own]?.min;
  const rate = ownMs !== undefined && gflop > 0 ? gflop / (ownMs / 1000) : undefined;
  const cells = [name, gflop > 0 ? gflop.toFixed(gflop < 0.1 ? 4 : 2) : "-"];
  for (const engine of engines) cells.push(milliseconds(timings[engine]?.min), milliseconds(timings[engine]?.median));
  cells.push(
    rate === undefined ? "-" : rate.toFixed(1),
    rate === undefined ? "-" : `${Math.round((100 * rate) / peak)} %`,
  );
  for (const other of others) {
    const ms = timings[other]?.min;
    // How many times as fast as a peer we are; of the relaxed build, how many times as fast as the default it is.
    const ratio = other === "relaxed" ? divide(ownMs, ms) : divide(ms, ownMs);
    cells.push(ratio);
  }
  return cells;
}

/** For each engine but our own: the geometric mean of its ratios and the least of them. */
export function ratioNotes({ rows }: Report, [own, ...others]: readonly EngineName[]): string[] {
  return others.flatMap((other) => {
    const ratios = rows.flatMap(({ name, timings }) => {
      const [a, b] = [timings[own]?.min, timings[other]?.min];
      if (a === undefined || b === undefined) return [];
      return [{ name, ratio: other === "relaxed" ? a / b : b / a }];
    });
    if (ratios.length === 0) return [];
    const mean = Math.exp(ratios.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / ratios.length);
    const least = ratios.reduce((a, b) => (b.ratio < a.ratio ? b : a));
    const what = other === "relaxed" ? "gain by relaxed" : `x ${other}`;
    return [`${what}: geometric mean ${mean.toFixed(2)}, least ${least.ratio.toFixed(2)} (${least.name})`];
  });
}

/** A table of series: nanoseconds of a pixel, milliseconds of an image. */
export function scaleTable({ series = [] }: Report): string[][] {
  const scales = series[0]?.points.map(({ scale }) => `${scale} x`) ?? [];
  const rows = series.map(({ name, per, points, departure }) => {
    const cells = points.map(({ ms }) => (per === "pixel" ? (ms * 1e6).toFixed(2) : milliseconds(ms)));
    return [`${name}, ${per === "pixel" ? "ns/pixel" : "ms/image"}`, ...cells, `${(100 * departure).toFixed(1)} %`];
  });
  return [["", ...scales, "departure"], ...rows];
}

export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? "-" : ms.toFixed(ms < 1 ? 4 : ms < 100 ? 2 : 1);
}

export function divide(a: number | undefined, b: number | undefined): string {
  return a === undefined || b === undefined ? "-" : (a / b).toFixed(2);
}

/** Columns under each other, the first to the left, the others to the right. */
export function plainTable(table: readonly (readonly string[])[]): string {
  return padded(table)
    .map((cells) => cells.join("  ").trimEnd())
    .join("\n");
}

export function markdownTable(table: readonly (readonly string[])[]): string {
  const [head, ...rows] = padded(table);
  const rule = head.map(({ length }, c) => (c === 0 ? "-".repeat(length) : `${"-".repeat(length - 1)}:`));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function padded(table: readonly (readonly string[])[]): string[][] {
  const widths = table[0].map((_, c) => Math.max(2, ...table.map((row) => row[c]?.length ?? 0)));
  return table.map((row) => row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))));
}
