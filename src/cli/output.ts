/** What reaches the terminal: text on stdout, one line an error on stderr. */
import { LanewiseError } from "../errors.ts";

/** Writes `text` and a line end to stdout. */
export function print(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a value as JSON on one line of stdout. Numbers that JSON cannot write become null. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** One line on stderr, and exit code 1 when all is done. */
export function reportFailure(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  const kind = error instanceof LanewiseError ? "" : "internal error: ";
  process.stderr.write(`lanewise: ${kind}${oneLine(text)}\n`);
  process.exitCode = 1;
}

/** Names from files may hold anything: line ends become spaces and other control characters question marks. */
export function oneLine(text: string): string {
  return text
    .trim()
    .replace(/\s*[\r\n]+\s*/g, " ")
    .replace(/\p{Cc}/gu, "?");
}

/** How colours can be shown on stdout. */
export type ColorDepth = "none" | "256" | "full";

export function colorDepth(): ColorDepth {
  if (!process.stdout.isTTY || process.env["NO_COLOR"]) return "none";
  return /^(truecolor|24bit)$/.test(process.env["COLORTERM"] ?? "") ? "full" : "256";
}
