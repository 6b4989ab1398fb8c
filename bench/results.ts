/** RESULTS.md: a section for each bench in each runtime, the newest in the place of the one before. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { BENCH } from "./bundle.ts";

const FILE = join(BENCH, "RESULTS.md");
const HEAD = "# Results\n\nWritten by `npm run bench -- --results` and its sisters; not to be edited.\n";

/** @param what the bench, @param where the runtime with its version, and maybe more after a comma */
export function saveResults(what: string, where: string, lines: readonly string[]): void {
  const date = new Date().toISOString().slice(0, 10);
  const about = `${date}, ${cpus()[0]?.model.trim() ?? "unknown processor"}; ${where}; ${versions()}.`;
  const text = existsSync(FILE) ? readFileSync(FILE, "utf8") : HEAD;
  writeFileSync(FILE, withSection(text, `${what}, ${where.replace(/,.*/, "")}`, [about, "", ...lines]));
}

/** The text with this section in the place of the one for the same bench in the same runtime, whatever its version was. */
export function withSection(text: string, title: string, lines: readonly string[]): string {
  const section = [`## ${title}`, "", ...lines].join("\n").trimEnd();
  const [head, ...sections] = text.split(/\n(?=## )/).map((part) => part.trimEnd());
  const others = sections.filter((each) => keyOf(each) !== keyOf(section));
  return `${[head, ...[...others, section].sort()].join("\n\n")}\n`;
}

/** The title of a section without what follows the first number of the runtime's version. */
function keyOf(section: string): string {
  return section.split("\n", 1)[0].replace(/(\d+)[\d.]*$/, "$1");
}

function versions(): string {
  const peers = ["onnxruntime-web", "@tensorflow/tfjs-backend-wasm"];
  const own = JSON.parse(readFileSync(join(BENCH, "..", "package.json"), "utf8")) as { version: string };
  const list = peers.map((name) => {
    const { version } = JSON.parse(readFileSync(join(BENCH, "node_modules", name, "package.json"), "utf8"));
    return `${name} ${version}`;
  });
  return [`lanewise ${own.version}`, ...list].join(", ");
}
