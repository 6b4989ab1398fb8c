/** The command line. Exit codes: 0 all went well, 1 something failed or was bad input, 2 wrong usage. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addClassify } from "./classify.ts";
import { addCompare } from "./compare.ts";
import { addInspect } from "./inspect.ts";
import { oneLine, reportFailure } from "./output.ts";
import { addRun } from "./run.ts";

const WRONG_USAGE = 2;

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const program = new Command("lanewise")
  .description("Convolutional networks from ONNX files, on WebAssembly SIMD")
  .version(version)
  .configureOutput({
    outputError: (text, write) => write(`lanewise: ${oneLine(text.replace(/^error: /, ""))}\n`),
  })
  .exitOverride();
addClassify(program);
addInspect(program);
addRun(program);
addCompare(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  else reportFailure(error);
}
