/** RESULTS.md: a section for each bench in each runtime, the newest in the place of the one before. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { BENCH } from "./bundle.ts";

const FILE = join(BENCH, "RESULTS.md");
const HEAD = "# Results\n\nWritten by `npm run bench -- --results` and its sisters; not to be edited.\n";

export function saveResults(suite: string, where: string, lines: readonly string[]): void {
  const title = `## ${suite}, ${where.replace(/,.*/, "")}`;
  const about = `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model ?? "unknown processor"}; ${where}; ${versions()}.`;
  const section = [title, "", about, "", ...lines].join("\n").trimEnd();
  const text = existsSync(FILE) ? readFileSync(FILE, "utf8") : HEAD;
  const [head, ...sections] = text.split(/\n(?=## )/).map((part) => part.trimEnd());
  const others = sections.filter((each) => !each.startsWith(`${title}\n`));
  writeFileSync(FILE, `${[head, ...[...others, section].sort()].join("\n\n")}\n`);
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
