import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BENCH } from "../bench/bundle.ts";
import { type FreshReport, firstJson, firstTable, memoryJson, memoryTable } from "../bench/fresh.ts";
import { clockStep, race } from "../bench/measure.ts";
import { mobileNetV1Trunk } from "../bench/models/mobilenet.ts";
import {
  markdownTable,
  plainTable,
  type Report,
  ratioNotes,
  scaleTable,
  seriesOf,
  tableOf,
  toJson,
} from "../bench/report.ts";
import { withSection } from "../bench/results.ts";
import { readModel } from "../src/onnx/proto.ts";

const timing = (min: number) => ({ min, median: 2 * min });

const REPORT: Report = {
  runtime: "Node 24.1.0",
  peak: 40.123456,
  rows: [
    { name: "a", gflop: 0.08, timings: { lanewise: timing(2), relaxed: timing(1.6), "onnxruntime-web": timing(8) } },
    { name: "b", gflop: 0, timings: { lanewise: timing(1), relaxed: timing(2), "onnxruntime-web": timing(1) } },
  ],
  notes: [],
};

test("the table has ratios to peers, and the gain of the relaxed build", () => {
  const [head, a, b] = tableOf(REPORT, ["lanewise", "relaxed", "onnxruntime-web"]);
  expect(head.slice(-4)).toEqual(["GFLOP/s", "of peak", "gain by relaxed", "x onnxruntime-web"]);
  expect(a.slice(1)).toEqual([
    "0.0800",
    "2.00",
    "4.00",
    "1.60",
    "3.20",
    "8.00",
    "16.00",
    "40.0",
    "100 %",
    "1.25",
    "4.00",
  ]);
  expect(b.slice(-4)).toEqual(["-", "-", "0.50", "1.00"]);
});

test("tables are aligned, as text and in Markdown", () => {
  const table = [
    ["", "ms"],
    ["long", "1.5"],
    ["x", "12.25"],
  ];
  expect(plainTable(table)).toBe("         ms\nlong    1.5\nx     12.25");
  expect(markdownTable(table)).toBe("|      |    ms |\n| ---- | ----: |\n| long |   1.5 |\n| x    | 12.25 |");
});

test("the ratios' geometric mean and the least of them", () => {
  expect(ratioNotes(REPORT, ["lanewise", "relaxed", "onnxruntime-web", "tfjs-wasm"])).toEqual([
    "gain by relaxed: geometric mean 0.79, least 0.50 (b)",
    "x onnxruntime-web: geometric mean 2.00, least 1.00 (b)",
  ]);
});

describe("series", () => {
  const points = [1, 4, 9, 16].map((scale, i) => ({ scale, ms: [9, 1.2, 1, 0.9][i] }));

  test("depart from the median of the sizes from 4 x on", () => {
    expect(seriesOf("s", "image", points).departure).toBeCloseTo(0.2, 10);
    expect(Math.abs(seriesOf("s", "image", points.slice(0, 3)).departure)).toBeCloseTo(1.2 / 1.1 - 1, 10);
    const fast = points.map((point, i) => (i === 1 ? { scale: 4, ms: 0.7 } : point));
    expect(seriesOf("s", "image", fast).departure).toBeCloseTo(0.7 / 0.9 - 1, 10);
  });

  test("are printed by pixel or by image", () => {
    const series = [seriesOf("s", "image", points), seriesOf("t", "pixel", points)];
    expect(scaleTable({ ...REPORT, series })).toEqual([
      ["", "1 x", "4 x", "9 x", "16 x", "departure"],
      ["s, ms/image", "9.00", "1.20", "1.00", "0.9000", "20.0 %"],
      ["t, ns/pixel", "9000000.00", "1200000.00", "1000000.00", "900000.00", "20.0 %"],
    ]);
    expect(JSON.parse(toJson({ ...REPORT, series })).series[0]).toEqual({ name: "s", per: "image", departure: 0.2 });
  });
});

test("JSON has the peak and the least milliseconds by engine", () => {
  expect(JSON.parse(toJson(REPORT))).toEqual({
    peak: 40.123,
    rows: [
      { name: "a", gflop: 0.08, ms: { lanewise: 2, relaxed: 1.6, "onnxruntime-web": 8 } },
      { name: "b", gflop: 0, ms: { lanewise: 1, relaxed: 2, "onnxruntime-web": 1 } },
    ],
  });
});

describe("processes of their own", () => {
  const figures = (load: number, first: number, mib: number, wasmMib: number) => ({ load, first, mib, wasmMib });
  const own = figures(20, 30, 60, 8);
  const peer = figures(100, 50, 140, 20);
  const row = { name: "m", gflop: 0.5, fileMib: 3 };
  const report: FreshReport = {
    runtime: "Node 24.1.0",
    rows: [{ ...row, figures: { empty: figures(0, 0, 40, 0), lanewise: own, "onnxruntime-web": peer } }],
    notes: [],
  };

  test("memory is what comes on top of the empty process", () => {
    expect(memoryTable(report)[1]).toEqual(["m", "3.00", "40.0", "20.0", "100.0", "5.00", "8.00", "20.00", "2.50"]);
    expect(JSON.parse(memoryJson(report))).toEqual({
      rows: [
        {
          name: "m",
          gflop: 0.5,
          mib: { empty: 40, lanewise: 60, "onnxruntime-web": 140 },
          wasm: { lanewise: 8, "onnxruntime-web": 20 },
        },
      ],
    });
  });

  test("a first run counts its loading", () => {
    const cells = ["m", "0.50", "20.00", "30.00", "50.00", "100.0", "50.00", "150.0", "3.00"];
    expect(firstTable(report)[1]).toEqual(cells);
    const [{ ms, load, first }] = JSON.parse(firstJson(report)).rows;
    expect(ms).toEqual({ lanewise: 50, "onnxruntime-web": 150 });
    expect(load).toEqual({ lanewise: 20, "onnxruntime-web": 100 });
    expect(first).toEqual({ lanewise: 30, "onnxruntime-web": 50 });
  });
});

describe("a clock that goes by whole milliseconds", () => {
  let now = 0;
  const clock = () => {
    now += 0.003;
    return Math.floor(now);
  };
  const contestant = (ms: number) => ({
    async time(runs: number) {
      const start = clock();
      now += ms * runs;
      return clock() - start;
    },
  });

  test("is known for that", () => {
    expect(clockStep(clock)).toBe(1);
  });

  test.each([0.0004, 0.05, 3, 70, 900])("times runs of %d ms to a hundredth", async (ms) => {
    const [{ min, median }] = await race([contestant(ms)], 4, clock);
    expect(Math.abs(min / ms - 1)).toBeLessThan(0.01);
    expect(Math.abs(median / ms - 1)).toBeLessThan(0.01);
  });
});

describe("rounds", () => {
  let now = 0;
  const clock = () => {
    now += 0.001;
    return now;
  };

  /** How often the first of two contestants is timed once the second is warm; the second is told that number, always odd. */
  async function roundsWith(msOfRound: (round: number) => number): Promise<number> {
    const order: string[] = [];
    const rounds = () => order.slice(order.indexOf("other")).filter((name) => name === "steady").length;
    const contestant = (name: string, ms: () => number) => ({
      async time(runs: number) {
        order.push(name);
        const duration = ms() * runs;
        now += duration;
        return duration;
      },
    });
    await race([contestant("steady", () => 5), contestant("other", () => msOfRound(rounds()))], 10, clock);
    return rounds();
  }

  test("are as many as asked for where the least time keeps coming", async () => {
    expect(await roundsWith((round) => 5 + (round % 3))).toBe(10);
  });

  test("go on until it has come three times", async () => {
    expect(await roundsWith((round) => (round % 10 === 5 ? 5 : 8))).toBe(15);
  });

  test("have an end where it never comes again", async () => {
    expect(await roundsWith((round) => (round === 5 ? 5 : 8))).toBe(60);
  });
});

describe("the file of results", () => {
  const start =
    "# Results\n\nWritten by a program.\n\n## layers, Node 24.1.0\n\nold\n\n## models, Deno 2.9.6\n\nkept\n";

  test("has one section for a bench in a runtime, whatever its version was", () => {
    const text = withSection(start, "layers, Node 24.22.3", ["new", ""]);
    expect(text).toBe(
      "# Results\n\nWritten by a program.\n\n## layers, Node 24.22.3\n\nnew\n\n## models, Deno 2.9.6\n\nkept\n",
    );
    expect(withSection(text, "layers, Node 24.22.3", ["new"])).toBe(text);
  });

  test("keeps those of other runtimes, benches and choices of rows", () => {
    let text = start;
    const titles = [
      "layers, Node 20.1.0",
      "scale, Node 24.1.0",
      "layers, only 1x1, Node 24.1.0",
      "layers, Firefox 153.0",
    ];
    for (const title of titles) text = withSection(text, title, ["more"]);
    for (const title of [...titles, "layers, Node 24.1.0", "models, Deno 2.9.6"])
      expect(text).toContain(`## ${title}\n`);
    expect(text).toContain("old");
    expect(text).toContain("kept");
  });
});

test("the trunk of MobileNetV1 takes batches and images of any size", () => {
  const { graph } = readModel(mobileNetV1Trunk(1).bytes);
  const dims = graph.input[0].type?.tensorType?.shape?.dim ?? [];
  expect(dims.map(({ dimValue, dimParam }) => dimParam || dimValue)).toEqual(["N", 3, "H data", "W data"]);
});

test.runIf(existsSync("/proc/self/status"))(
  "the greatest resident memory is the program's own, not its parent's",
  () => {
    const bytes = new Uint8Array(512 * 2 ** 20).fill(1);
    const program = `console.log((await import(${JSON.stringify(join(BENCH, "resident.ts"))})).greatestResident())`;
    const text = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program]);
    expect(Number(text)).toBeGreaterThan(20);
    expect(Number(text)).toBeLessThan(300);
    expect(bytes[bytes.length - 1]).toBe(1);
  },
);
