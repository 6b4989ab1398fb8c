import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const digits = (digit: number) => join(root, `examples/digits/${digit}.png`);
const shared = join(root, "../shared");

let folder = "";
const file = (name: string) => join(folder, name);

beforeAll(() => {
  if (!existsSync(main)) throw new Error("dist/cli/main.js is missing: run `npm run build` first");
  folder = mkdtempSync(join(tmpdir(), "lanewise-cli-"));
  writeFileSync(file("notes.png"), "not a picture\n");
  writeFileSync(file("empty.png"), "");
  writeFileSync(file("short.png"), readFileSync(digits(3)).subarray(0, 300));
  copyFileSync(digits(3), file("picture.onnx"));
  const model = readFileSync(join(root, "models/digits.onnx"));
  writeFileSync(file("short.onnx"), model.subarray(0, model.length >> 1));
  writeFileSync(file("model-by-content"), poolModel(3));
  writeFileSync(file("pool.onnx"), poolModel(3));
  writeFileSync(file("four.onnx"), poolModel(4));
  writeFileSync(file("map.onnx"), oneNodeModel("Relu", [1, 3, 4, 4], [1, 3, 4, 4]));
  writeFileSync(file("strange.onnx"), oneNodeModel("Frobnicate", [1, 3, 4, 4], [1, 3, 4, 4]));
  writeFileSync(file("staged.onnx"), oneNodeModel("NonZero", [1, 3, 4, 4], [4, 9]));
  writeFileSync(file("colors.txt"), "red\r\ngreen\r\nblue\r\n\r\n");
  writeFileSync(file("solid.png"), solidPng(51, 102, 102));
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

function run(...args: string[]) {
  const { NO_COLOR: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
}

/** The scores of the first picture by class, from --json. */
function scores(...args: string[]): number[] {
  const { status, stdout, stderr } = run("classify", "--json", ...args);
  expect([status, stderr]).toEqual([0, ""]);
  const [{ top }] = JSON.parse(stdout) as { top: { class: number; score: number }[] }[];
  return top.toSorted((a, b) => a.class - b.class).map((rank) => rank.score);
}

// A model of one node, written by hand: protocol buffer fields are number * 8 + wire type.
const bytesOf = (value: string | number[]) => (typeof value === "string" ? Array.from(Buffer.from(value)) : value);
const varint = (field: number, value: number) => [
  field << 3,
  ...(value < 128 ? [value] : [(value & 127) | 128, value >> 7]),
];
const sub = (field: number, value: string | number[]): number[] => {
  const bytes = bytesOf(value);
  return [(field << 3) | 2, ...varint(0, bytes.length).slice(1), ...bytes];
};
function oneNodeModel(operator: string, input: number[], output: number[]): Uint8Array {
  const port = (name: string, shape: number[]) => {
    const dims = shape.flatMap((extent) => sub(1, varint(1, extent)));
    return [...sub(1, name), ...sub(2, sub(1, [...varint(1, 1), ...sub(2, dims)]))];
  };
  const node = [...sub(1, "x"), ...sub(2, "y"), ...sub(3, "only"), ...sub(4, operator)];
  const graph = [...sub(1, node), ...sub(2, "g"), ...sub(11, port("x", input)), ...sub(12, port("y", output))];
  return Uint8Array.from([...varint(1, 7), ...sub(7, graph), ...sub(8, [...sub(1, ""), ...varint(2, 13)])]);
}
/** A classifier whose classes are the channels and whose scores are their means. */
const poolModel = (channels: number) => oneNodeModel("GlobalAveragePool", [1, channels, 4, 4], [1, channels, 1, 1]);

function solidPng(red: number, green: number, blue: number): Buffer {
  const png = new PNG({ width: 6, height: 5 });
  for (let i = 0; i < 30; i++) png.data.set([red, green, blue, 255], i * 4);
  return PNG.sync.write(png);
}

describe("classify", () => {
  test("reads the drawn digits with the built-in model", () => {
    const pictures = Array.from({ length: 10 }, (_, digit) => digits(digit));
    const { status, stdout, stderr } = run("classify", "--json", "--top", "2", ...pictures);
    expect([status, stderr]).toEqual([0, ""]);
    const results = JSON.parse(stdout) as { image: string; top: { class: number; label: string; score: number }[] }[];
    expect(results.map((result) => result.image)).toEqual(pictures);
    for (const [digit, { top }] of results.entries()) {
      expect(top).toHaveLength(2);
      expect(top[0]).toEqual({ class: digit, label: String(digit), score: expect.any(Number) });
      expect(top[0].score).toBeGreaterThan(0.5);
      expect(top[0].score + top[1].score).toBeLessThanOrEqual(1.000001);
    }
  });

  test("prints a list for people", () => {
    const { status, stdout } = run("classify", digits(7), "--top", "3");
    expect(status).toBe(0);
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(digits(7));
    expect(lines[1]).toMatch(/^ {2}\d+\.\d\d % {2}7$/);
    expect(lines).toHaveLength(5); // name, three classes, the end
  });

  test("draws in plain characters where there is no terminal", () => {
    const { stdout } = run("classify", digits(1), "--show", "--top", "1");
    expect(stdout).toMatch(/@ {3}\d+\.\d\d % {2}#+\.* {2}1\n/);
    expect(stdout).not.toContain("\x1b");
  });

  test("profiles: a table on stdout, or on stderr beside JSON", () => {
    const { stdout } = run("classify", digits(4), "--profile");
    expect(stdout).toMatch(/^layer +operator +output +algorithm +ms +share +GFLOP\/s$/m);
    expect(stdout).toMatch(/^total +\d+\.\d{3}/m);
    const beside = run("classify", digits(4), "--profile", "--json");
    expect(JSON.parse(beside.stdout)).toHaveLength(1);
    expect(beside.stderr).toMatch(/^total /m);
  });

  test("prepares three channels as for ImageNet", () => {
    const [red, green, blue] = [(0.2 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (0.4 - 0.406) / 0.225].map(Math.exp);
    const sum = red + green + blue;
    const wanted = [red / sum, green / sum, blue / sum].map((score) => expect.closeTo(score, 5));
    expect(scores(file("pool.onnx"), file("solid.png"))).toEqual(wanted);
    expect(scores(file("pool.onnx"), file("solid.png"), "--bgr")).toEqual(wanted.toReversed());
    expect(scores(file("model-by-content"), file("solid.png"))).toEqual(wanted);
  });

  test("takes range, mean, std and invert; leaves probabilities as they are", () => {
    const given = (...flags: string[]) => scores(file("pool.onnx"), file("solid.png"), ...flags);
    const close = (...values: number[]) => values.map((value) => expect.closeTo(value, 5));
    expect(given("--range", "0..1")).toEqual(close(0.2, 0.4, 0.4));
    expect(given("--range", "0..1", "--bgr")).toEqual(close(0.4, 0.4, 0.2));
    // Inverted 0.8, 0.6, 0.6; their sum is not 1 after the mean, so that softmax applies.
    expect(given("--range", "0..1", "--invert", "--mean", "0.2", "--std", "1,1,1")).toEqual(
      close(...softmax([0.6, 0.4, 0.4])),
    );
    expect(given("--range", "-1..1")).toEqual(close(...softmax([-0.6, -0.2, -0.2])));
  });

  test("labels, and null without them; of equal scores the lower class first", () => {
    const args = ["classify", file("pool.onnx"), file("solid.png"), "--json", "--range", "0..1"];
    const labelsOf = (stdout: string) => JSON.parse(stdout)[0].top.map((rank: { label: string | null }) => rank.label);
    expect(labelsOf(run(...args, "--labels", file("colors.txt")).stdout)).toEqual(["green", "blue", "red"]);
    expect(labelsOf(run(...args).stdout)).toEqual([null, null, null]);
  });

  test("goes on after a bad picture, with exit code 1", () => {
    const { status, stdout, stderr } = run("classify", "--json", file("short.png"), digits(2), file("none.png"));
    expect(status).toBe(1);
    expect(JSON.parse(stdout).map((result: { image: string }) => result.image)).toEqual([digits(2)]);
    expect(stderr).toBe(
      `lanewise: ${file("short.png")}: picture expected a whole PNG file, got one that ends early\n` +
        `lanewise: ${file("none.png")}: picture expected a PNG or JPEG file, got no such file\n`,
    );
  });

  test.skipIf(!existsSync(join(shared, "models")))("names a goldfish by SqueezeNet (needs ../shared)", () => {
    const model = join(shared, "models/squeezenet1.1/model.onnx");
    const labels = join(shared, "images/imagenet_synset.txt");
    const { stdout } = run("classify", model, join(shared, "images/goldfish.jpg"), "--labels", labels, "--json");
    expect(JSON.parse(stdout)[0].top[0]).toEqual({
      class: 1,
      label: expect.stringContaining("goldfish"),
      score: expect.closeTo(1, 1),
    });
  });
});

describe("failures: one line on stderr, nothing on stdout", () => {
  const cases: [string, () => string[], number, (string | RegExp)?][] = [
    ["missing picture", () => [file("no.png")], 1, "no.png: picture expected a PNG or JPEG file, got no such file"],
    ["text as picture", () => [file("notes.png")], 1, "notes.png: picture expected a PNG or JPEG file, got text"],
    [
      "empty picture",
      () => [file("empty.png")],
      1,
      "empty.png: picture expected a PNG or JPEG file, got an empty file",
    ],
    ["folder as picture", () => [folder], 1, "picture expected a PNG or JPEG file, got a directory"],
    ["missing model", () => [file("no.onnx"), digits(1)], 1, "no.onnx: model expected an ONNX file, got no such file"],
    [
      "picture as model",
      () => [file("picture.onnx"), digits(1)],
      1,
      "picture.onnx: model expected an ONNX file, got a PNG picture",
    ],
    ["truncated model", () => [file("short.onnx"), digits(1)], 1, /^lanewise: \S/],
    [
      "four channels",
      () => [file("four.onnx"), digits(1)],
      1,
      "four.onnx: input x expected shape [1, C, H, W] or [1, H, W, C] with C of 1 or 3, got [1, 4, 4, 4]",
    ],
    ["no classifier", () => [file("map.onnx"), digits(1)], 1, "output y expected shape [1, classes], got [1, 3, 4, 4]"],
    [
      "too few labels",
      () => [digits(1), "--labels", file("colors.txt")],
      1,
      "colors.txt: labels expected 10 lines, one a class, got 3",
    ],
    ["mean of three for grey", () => [digits(1), "--mean", "1,2,3"], 1, "mean expected 1 value, got 3"],
    [
      "crop beyond the picture",
      () => [digits(1), "--resize", "9"],
      1,
      "1.png: fromPixels: crop expected at most [9, 9]",
    ],
    ["unsupported model", () => [file("strange.onnx"), digits(1)], 1, "Frobnicate"],
    ["no picture", () => [file("pool.onnx")], 2, "classify: files expected a picture after the model, got none"],
    ["no files", () => [], 2, "missing required argument 'files'"],
    ["unknown option", () => ["--tip", "3", "x"], 2, "unknown option '--tip' (Did you mean --top?)"],
    ["bad count", () => ["--top", "0", "x"], 2, "argument '0' is invalid. Expected a positive integer."],
    ["bad range", () => ["--range", "0..0", "x"], 2, "Expected two different numbers, such as 0..255 or -1..1."],
    ["bad mean", () => ["--mean", "1,2", "x"], 2, "Expected one number or three, such as 0.485,0.456,0.406."],
    ["JSON and drawing", () => ["--json", "--show", "x"], 2, "option '--show' cannot be used with option '--json'"],
  ];
  test.each(cases)("%s", (_, args, code, message) => {
    const { status, stdout, stderr } = run("classify", ...args());
    expect(stderr).toMatch(/^lanewise: [^\n]+\n$/);
    if (message instanceof RegExp) expect(stderr).toMatch(message);
    else expect(stderr).toContain(message);
    expect([status, stdout]).toEqual([code, ""]);
    expect(stderr).not.toContain("internal error");
  });

  test("unknown command, no command, version", () => {
    expect(run("clasify")).toEqual({
      status: 2,
      stdout: "",
      stderr: "lanewise: unknown command 'clasify' (Did you mean classify?)\n",
    });
    expect(run()).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("Usage: lanewise") });
    expect(run("--version")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: "",
    });
  });
});

describe("inspect", () => {
  test("lists ports, layers, totals and memory", () => {
    const { status, stdout, stderr } = run("inspect", file("pool.onnx"));
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^input +x +float32 +\[1, 3, 4, 4\]$/m);
    expect(stdout).toMatch(/^output +y +float32 +\[1, 3, 1, 1\]$/m);
    expect(stdout).toMatch(/^layer +operator +output +parameters +multiply-adds +field$/m);
    expect(stdout).toMatch(/^only +GlobalAveragePool +\[1, (3, 1, 1|1, 1, 3)\] +0 /m); // channels may be last inside
    expect(stdout).toMatch(/^memory: weights .+, arena .+, in all .+$/m);
  });

  test("as JSON; the built-in model by default", () => {
    const { status, stdout } = run("inspect", "--json");
    expect(status).toBe(0);
    const model = JSON.parse(stdout);
    expect(model).toMatchObject({ supported: true, inputs: [{ type: "float32" }], outputs: [{ type: "float32" }] });
    const sum = (key: string) =>
      model.layers.reduce((total: number, layer: Record<string, number>) => total + layer[key], 0);
    expect(model.totals).toEqual({ parameters: sum("parameters"), macs: sum("macs") });
    expect(model.totals.parameters).toBeGreaterThan(1000);
    expect(model.memory.total).toBeGreaterThanOrEqual(model.memory.weights);
  });

  test("lists what is unsupported, with exit code 1", () => {
    const text = run("inspect", file("strange.onnx"));
    expect(text.status).toBe(1);
    expect(text.stdout).toMatch(/^only +Frobnicate +\S/m);
    expect(text.stderr).toMatch(/^lanewise: [^\n]+\n$/);
    const json = run("inspect", file("strange.onnx"), "--json");
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      supported: false,
      unsupported: [{ node: "only", operator: "Frobnicate" }],
    });
  });

  test("says which layers a run plans", () => {
    const note = 'stages: a run plans what is behind NonZero "only", where shapes depend on data';
    expect(run("inspect", file("staged.onnx")).stdout).toMatch(new RegExp(`^${note}$`, "m"));
    const { notes, layers } = JSON.parse(run("inspect", file("staged.onnx"), "--json").stdout);
    expect({ notes, layers }).toEqual({ notes: [note], layers: [] });
  });

  test("refuses a shape for an input that is not there", () => {
    const { status, stdout, stderr } = run("inspect", file("pool.onnx"), "--shape", "z=1,3,4,4");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(`lanewise: ${file("pool.onnx")}: --shape expected an input of the model (x), got z\n`);
  });
});

function softmax(values: number[]): number[] {
  const powers = values.map(Math.exp);
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
