import type { EngineName, Timing } from "./engines/engine.ts";

export interface Row {
  readonly name: string;
  /** 10^9 operations of one run, a multiply-add as two. */
  readonly gflop: number;
  readonly timings: Partial<Record<EngineName, Timing>>;
  /** Milliseconds of the very first run. */
  readonly first?: Partial<Record<EngineName, number>>;
}

/** A bench in one runtime. */
export interface Report {
  readonly runtime: string;
  /** GFLOP/s of the probe: plain SIMD multiplications and additions. */
  readonly peak: number;
  readonly rows: readonly Row[];
  /** Rows left out, and engines left out of rows, with the reason. */
  readonly notes: readonly string[];
}

/** What `--json` prints: least milliseconds by engine. */
export function toJson({ peak, rows }: Report): string {
  const least = (timings: Row["timings"]) =>
    Object.fromEntries(Object.entries(timings).map(([engine, { min }]) => [engine, round(min)]));
  const list = rows.map(({ name, gflop, timings, first }) => ({
    name,
    gflop,
    ms: least(timings),
    ...(first && { first: Object.fromEntries(Object.entries(first).map(([engine, ms]) => [engine, round(ms)])) }),
  }));
  return JSON.stringify({ peak: round(peak), rows: list });
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}

/** Cells by row, the head first; numbers with their decimals as printed. */
export function tableOf({ peak, rows }: Report, engines: readonly EngineName[]): string[][] {
  const [own, ...peers] = engines;
  const head = ["", "GFLOP", ...[own, ...peers].flatMap((engine) => [engine, "median"])];
  head.push("GFLOP/s", "of peak", ...peers.map((peer) => `x ${peer}`));
  if (rows.some(({ first }) => first)) head.push(...engines.map((engine) => `first ${engine}`));
  return [head, ...rows.map((row) => cellsOf(row, engines, peak))];
}

function cellsOf({ name, gflop, timings, first }: Row, engines: readonly EngineName[], peak: number): string[] {
  const [own, ...peers] = engines;
  const ownMs = timings[own]?.min;
  const rate = ownMs !== undefined && gflop > 0 ? gflop / (ownMs / 1000) : undefined;
  const cells = [name, gflop > 0 ? gflop.toFixed(gflop < 0.1 ? 4 : 2) : "-"];
  for (const engine of engines) cells.push(milliseconds(timings[engine]?.min), milliseconds(timings[engine]?.median));
  cells.push(
    rate === undefined ? "-" : rate.toFixed(1),
    rate === undefined ? "-" : `${Math.round((100 * rate) / peak)} %`,
  );
  for (const peer of peers) {
    const ms = timings[peer]?.min;
    cells.push(ms === undefined || ownMs === undefined ? "-" : (ms / ownMs).toFixed(2));
  }
  if (first) cells.push(...engines.map((engine) => milliseconds(first[engine])));
  return cells;
}

export function milliseconds(ms: number | undefined): string {
  return ms === undefined ? "-" : ms.toFixed(ms < 1 ? 4 : ms < 100 ? 2 : 1);
}

/** Columns under each other, the first to the left, the others to the right. */
export function plainTable(table: readonly (readonly string[])[]): string {
  const widths = table[0].map((_, c) => Math.max(...table.map((row) => row[c]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))));
  return lines.map((cells) => cells.join("  ").trimEnd()).join("\n");
}

export function markdownTable([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, c) => (c === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
