// Every operator of the engine says what it takes, gives and refuses, where its definition is, and what it is called elsewhere.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { OPERATORS } from "../../src/ops/index.ts";

const OPS = new URL("../../src/ops/", import.meta.url);
const SOURCES = readdirSync(OPS).map((file) => readFileSync(new URL(file, OPS), "utf8"));
const GUIDE = readFileSync(new URL("../../docs/operators.md", import.meta.url), "utf8");
const NAMES = Object.keys(OPERATORS) as (keyof typeof OPERATORS)[];

/** The comment before the line that exports an operator, without its stars. */
function docstringOf(name: string): string {
  const exported = new RegExp(`^export (?:const|function) ${name}\\b|^export \\{ \\w+ as ${name} \\}`, "m");
  const found = SOURCES.flatMap((text) => {
    const at = text.search(exported);
    return at < 0 ? [] : [/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n$/.exec(text.slice(0, at))?.[1] ?? ""];
  });
  expect(found, `declarations of ${name}`).toHaveLength(1);
  return found[0].replace(/^ *\* ?/gm, "").trim();
}

/** The names of its parameters behind the workspace. */
function parametersOf(name: (typeof NAMES)[number]): string[] {
  const list = /\(w, ([\s\S]*?)\) *(?:=>|\{)/.exec(String(OPERATORS[name]))?.[1] ?? "";
  return list.split(",").map((each) => each.split("=")[0].trim());
}

describe("docstrings", () => {
  test.each(NAMES)("%s", (name) => {
    const text = docstringOf(name);
    const [summary] = text.split("\n@");
    expect(summary.trim()).toMatch(/[.)]$/);
    expect(text, "shapes").toMatch(/\bshape|\[[A-Zn.][^\]]*\]/);
    expect(text, "errors").toMatch(/@throws (Shape|Argument)Error /);
    expect(text, "source").toMatch(/@see https:\/\/\S+/);
    for (const parameter of parametersOf(name).filter((each) => each !== "options")) {
      expect(text, `of ${parameter}`).toMatch(new RegExp(`@param ${parameter} |; as ${parameter}\\.`));
    }
  });

  test("every option has its meaning, and its default if it can be left out", () => {
    const lacking: string[] = [];
    let count = 0;
    for (const text of SOURCES) {
      for (const [, owner, body] of text.matchAll(
        /^export interface (\w*Options|BatchNormStatistics)\b[^{]*\{([\s\S]*?)^\}/gm,
      )) {
        for (const [, comment, option, optional] of body.matchAll(
          /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n\s*)?readonly (\w+)(\?)?:/g,
        )) {
          count++;
          if (!comment || (optional && !/\bdefault/i.test(comment))) lacking.push(`${owner}.${option}`);
        }
      }
    }
    expect(count).toBeGreaterThan(60);
    expect(lacking).toEqual([]);
  });
});

/** The rows of the tables between two headings, as cells. */
function rowsBetween(from: string, to: string): string[][] {
  const part = GUIDE.slice(GUIDE.indexOf(`\n## ${from}\n`), GUIDE.indexOf(`\n## ${to}\n`));
  const lines = part.split("\n").filter((line) => line.startsWith("|") && !line.startsWith("| --"));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** Names in code spans; `…MaxPool2d` stands for what ends so. */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => /^[…\w]+/.exec(code)?.[0] ?? "");
}

describe("docs/operators.md", () => {
  const first = rowsBetween("Operators of an engine", "Coming from PyTorch, ONNX, TensorFlow.js").map(([cell]) =>
    namesIn(cell),
  );
  const covered = new Set(first.flat());

  test.each(NAMES)("%s has its row", (name) => {
    const short = [...covered].filter((each) => each.startsWith("…")).some((each) => name.endsWith(each.slice(1)));
    expect(covered.has(name) || short).toBe(true);
  });

  const elsewhere = rowsBetween("Coming from PyTorch, ONNX, TensorFlow.js", "Operators of ONNX models");

  test.each(NAMES)("%s has its names elsewhere", (name) => {
    const rows = elsewhere.filter(([cell]) => namesIn(cell).includes(name));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row).toHaveLength(4);
      for (const cell of row) expect(cell).not.toBe("");
    }
  });
});
