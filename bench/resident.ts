import { readFileSync } from "node:fs";

/**
 * The greatest resident memory of this process, in MiB. Where Linux tells it of this program alone that is taken: `maxRSS` begins
 * with what the process that started this one had.
 */
export function greatestResident(): number {
  try {
    const kib = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kib) return Number(kib) / 1024;
  } catch {
    // Not Linux.
  }
  // In KiB; a runtime without it knows at least what is resident now, in bytes.
  return (process.resourceUsage?.().maxRSS ?? 0) / 1024 || process.memoryUsage().rss / 2 ** 20;
}

export function runtimeName(): string {
  const deno = process.versions["deno"];
  return deno ? `Deno ${deno}` : `Node ${process.versions.node}`;
}
