/** Tables in plain text, and numbers for people. */
import { oneLine } from "./output.ts";

export type Align = "left" | "right";

/** Lines of a table: columns two spaces apart, each as wide as its widest cell, with no spaces at line ends. */
export function formatTable(rows: readonly (readonly string[])[], align: readonly Align[] = []): string[] {
  const cells = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of cells) {
    for (let i = 0; i < row.length; i++) widths[i] = Math.max(widths[i] ?? 0, columns(row[i]));
  }
  return cells.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i] - columns(cell));
        return align[i] === "right" ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Width in code points: good enough for names, not for every script. */
export function columns(text: string): number {
  return Array.from(text).length;
}

/** 1234567 as "1,234,567". */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Bytes with three digits or so: "512 B", "96.0 KiB", "4.72 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(2)} MiB`;
}

/** 0.98765 as "98.77 %". */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
