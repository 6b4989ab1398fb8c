// The cases that every runtime runs. Bundled as it is, with "lanewise" left to be found by the runtime or by the bundler.
import { convolutionCases } from "./cases-convolutions.ts";
import { elementwiseCases } from "./cases-elementwise.ts";
import { failureCases } from "./cases-failures.ts";
import { modelCases } from "./cases-models.ts";
import { movementCases } from "./cases-movement.ts";
import { coverageCases } from "./cases-operators.ts";
import { reductionCases } from "./cases-reductions.ts";
import { startCases } from "./cases-start.ts";
import { trainingCases } from "./cases-training.ts";
import { check } from "./check.ts";
import { Digest, type Numbers } from "./hash.ts";

/** A case gives the numbers that it computed, to be compared between runtimes; it throws if something is wrong. */
export type Cases = Readonly<Record<string, () => Promise<readonly Numbers[]>>>;

export interface Report {
  /** Digest of the outputs of each case that passed. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
}

/** Runs everything, one case after the other. Never throws. */
export async function runSuite(): Promise<Report> {
  const hashes: Record<string, string> = {};
  const failures: { name: string; message: string }[] = [];
  const operatorCases = [convolutionCases, elementwiseCases, reductionCases, movementCases, coverageCases];
  for (const [name, body] of [startCases, ...operatorCases, modelCases, trainingCases, failureCases].flatMap(
    Object.entries<Cases[string]>,
  )) {
    try {
      check(!(name in hashes), `cases expected to have names of their own, got two of ${name}`);
      const digest = new Digest();
      for (const numbers of await body()) digest.numbers(numbers);
      hashes[name] = String(digest);
    } catch (error) {
      failures.push({ name, message: describe(error) });
    }
  }
  return { hashes, failures };
}

/** What was thrown, and from where: the first lines of the stack, which some engines begin with the message. */
function describe(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => /:\d+:\d+/.test(line)) : [];
  return [String(error).slice(0, 600), ...stack.slice(0, 4)].join("\n      ");
}
