import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Pass } from "../../src/nn/gradients/pass.ts";
import {
  adam,
  batchNorm,
  conv2d,
  dense,
  dropout,
  evaluate,
  flatten,
  globalAveragePool,
  maxPool2d,
  type Network,
  network,
  type Optimiser,
  residual,
  sgd,
  softmax,
  type TrainProgress,
  train,
} from "../../src/nn/index.ts";
import { score } from "../../src/nn/loss.ts";
import { Workspace } from "../../src/workspace.ts";
import { errorOf } from "../ops/engines.ts";
import { compileBuild } from "../support/builds.ts";
import { describeShared } from "../support/fixtures.ts";
import { Random } from "../support/random.ts";
import { expectSameBits } from "../support/tolerance.ts";

const wasm = compileBuild("release");

/** Pictures [1, 8, 8] of a bright bar, lying (class 0) or standing (class 1), in noise. */
function bars(count: number, seed: number): { data: Float32Array; labels: Uint8Array } {
  const random = new Random(seed);
  const data = random.values(count * 64, 0.5);
  const labels = Uint8Array.from({ length: count }, () => random.integer(0, 1));
  for (const [n, label] of labels.entries()) {
    const at = random.integer(0, 7);
    for (let i = 0; i < 8; i++) data[n * 64 + (label === 0 ? at * 8 + i : i * 8 + at)] += 2;
  }
  return { data, labels };
}

const small = (seed = 1): Network =>
  network({ input: [1, 8, 8], seed }, [
    conv2d(4, 3, { padding: 1, bias: false }),
    batchNorm({ activation: "relu" }),
    residual([conv2d(4, 3, { padding: 1, activation: "relu" })]),
    maxPool2d(2),
    flatten(),
    dropout(0.1),
    dense(2),
  ]);

describe("training", () => {
  test("learns what it is shown, and what it is not", async () => {
    const net = small();
    const seen = bars(256, 1);
    const before = await evaluate(net, { ...bars(200, 2), wasm });
    const scores = await train(net, { ...seen, epochs: 8, batch: 16, optimiser: adam({ rate: 0.01 }), wasm });
    expect(scores.length).toBe(8);
    expect(scores[7].loss).toBeLessThan(scores[0].loss / 4);
    const after = await evaluate(net, { ...bars(200, 2), wasm });
    expect(before.accuracy).toBeLessThan(0.8);
    expect(after.accuracy).toBeGreaterThan(0.97);
    expect(after.loss).toBeLessThan(0.1);
  });

  test("gives the same bits for the same seed, others for another", async () => {
    const trained = async (seed: number) => {
      const net = small();
      await train(net, { ...bars(40, 1), epochs: 2, batch: 7, seed, wasm });
      return net.parameters.map(({ values }) => values);
    };
    const [first, again, other] = [await trained(1), await trained(1), await trained(2)];
    for (const [i, values] of first.entries()) expectSameBits(again[i], values);
    expect(other[0]).not.toEqual(first[0]);
  });

  test.each<[string, Optimiser]>([
    ["sgd", sgd({ rate: 0.3 })],
    ["momentum", sgd({ rate: 0.05, momentum: 0.9 })],
    ["nesterov", sgd({ rate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-4 })],
    ["adam", adam({ rate: 0.05, weightDecay: 1e-3 })],
  ])("fits values: %s", async (_, optimiser) => {
    const net = network({ input: [3] }, [dense(2)]);
    const data = new Random(1).values(60 * 3);
    const targets = Float32Array.from({ length: 120 }, (_, i) => {
      const [a, b, c] = data.subarray(Math.floor(i / 2) * 3);
      return i % 2 === 0 ? a - 2 * b + 0.5 : 3 * c - 1;
    });
    await train(net, { data, targets, epochs: 60, batch: 10, optimiser, wasm });
    const score = await evaluate(net, { data, targets, wasm });
    expect(score.loss).toBeLessThan(1e-3);
    expect(score.accuracy).toBeUndefined();
    expect(net.parameter("dense1.bias").values[1]).toBeCloseTo(-1, 1);
  });

  test("tells how it goes, and stops when it is told to", async () => {
    const net = small();
    const told: TrainProgress[] = [];
    const stop = new AbortController();
    const onProgress = (progress: TrainProgress) => {
      told.push(progress);
      if (told.length === 5) stop.abort(new Error("enough"));
    };
    const training = train(net, { ...bars(30, 1), batch: 10, epochs: 9, onProgress, signal: stop.signal, wasm });
    await expect(training).rejects.toMatchObject({
      code: "aborted",
      message: "train: aborted",
      cause: new Error("enough"),
    });
    expect(told.map(({ epoch, epochs, batch, batches }) => [epoch, epochs, batch, batches])).toEqual([
      ...[
        [1, 9, 1, 3],
        [1, 9, 2, 3],
        [1, 9, 3, 3],
        [2, 9, 1, 3],
        [2, 9, 2, 3],
      ],
    ]);
    expect(told[0].loss).toBeGreaterThan(0);
    expect((told[0].accuracy as number) * 10).toBeCloseTo(Math.round((told[0].accuracy as number) * 10), 6);
  });

  test("lets timers run in between, however long it takes", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const net = network({ input: [16, 24, 24] }, [
      conv2d(32, 3, { padding: 1 }),
      globalAveragePool(),
      flatten(),
      dense(2),
    ]);
    const labels = new Uint8Array(96);
    await train(net, { data: new Float32Array(96 * 16 * 576), labels, batch: 16, wasm });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(1);
  });

  test("follows a schedule, sees each example once an epoch, and augments copies", async () => {
    const net = network({ input: [1] }, [dense(1, { bias: false })]);
    const data = Float32Array.of(1, 2, 3, 4, 5);
    const seen: number[] = [];
    const asked: number[] = [];
    const augment = (example: Float32Array) => {
      seen.push(example[0]);
      example[0] = 0;
    };
    const schedule = (progress: number) => asked.push(progress) * 0;
    const before = net.parameter("dense1.weight").values.slice();
    await train(net, { data, targets: new Float32Array(5), epochs: 2, batch: 2, augment, schedule, wasm });
    expect(net.parameter("dense1.weight").values).toEqual(before);
    expect(data).toEqual(Float32Array.of(1, 2, 3, 4, 5));
    expect(seen.length).toBe(10);
    expect(seen.slice(0, 5).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(seen.slice(5).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(asked).toEqual([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]);
  });

  test("takes a softmax at the end for a part of the loss", async () => {
    const layers = [flatten(), dense(2)];
    const [plain, ending] = [layers, [...layers, softmax()]].map((list) => network({ input: [1, 8, 8] }, list));
    const options = { ...bars(40, 1), batch: 8, labelSmoothing: 0.1, wasm };
    expect(await train(ending, options)).toEqual(await train(plain, options));
    expectSameBits(ending.parameter("dense1.weight").values, plain.parameter("dense1.weight").values);
    const { labelSmoothing: _, ...examples } = options;
    expect(await evaluate(ending, examples)).toEqual(await evaluate(plain, examples));
    const { data } = await ending.predict(options.data.subarray(0, 64), { wasm });
    expect((data[0] as number) + (data[1] as number)).toBeCloseTo(1, 6);
  });
});

describe("one step", () => {
  const step = async (optimiser: Optimiser, epochs: number) => {
    const net = network({ input: [1] }, [dense(1)]);
    net.parameter("dense1.weight").values = Float32Array.of(3);
    // y = 3 x + b, the loss (y - 5)^2 at x = 2: gradients 4 (y - 5) and 2 (y - 5).
    await train(net, { data: Float32Array.of(2), targets: Float32Array.of(5), epochs, optimiser, wasm });
    return [net.parameter("dense1.weight").values[0], net.parameter("dense1.bias").values[0]];
  };
  const close = (got: number[], want: number[]) => {
    for (const [i, value] of want.entries()) expect(got[i]).toBeCloseTo(value, 5);
  };

  test("of steepest descent", async () => {
    close(await step(sgd({ rate: 0.01 }), 1), [2.96, -0.02]);
    close(await step(sgd({ rate: 0.01, weightDecay: 0.5 }), 1), [2.945, -0.02]);
    // Second gradients at y = 5.9: 3.6 and 1.8.
    close(await step(sgd({ rate: 0.01, momentum: 0.5 }), 2), [2.96 - 0.01 * (2 + 3.6), -0.02 - 0.01 * (1 + 1.8)]);
    close(await step(sgd({ rate: 0.01, momentum: 0.5, nesterov: true }), 1), [3 - 0.01 * 6, -0.03]);
  });

  test("of Adam is the rate in the direction of the gradient, at first", async () => {
    close(await step(adam({ rate: 0.1 }), 1), [2.9, -0.1]);
    close(await step(adam({ rate: 0.1, weightDecay: 0.5 }), 1), [2.9 - 0.1 * 0.5 * 3, -0.1]);
    // Then y = 5.7, gradients 2.8 and 1.4: both means are 0.7368 times the root of that of squares after correction.
    const mean = (0.1 * 0.9 * 4 + 0.1 * 2.8) / (1 - 0.81);
    const square = (0.001 * 0.999 * 16 + 0.001 * 2.8 ** 2) / (1 - 0.999 ** 2);
    const move = (0.1 * mean) / Math.sqrt(square);
    close(await step(adam({ rate: 0.1 }), 2), [2.9 - move, -0.1 - move]);
  });
});

describe("losses agree with central differences", () => {
  const random = new Random(3);
  const [N, K] = [5, 4];
  const order = [7, 2, 0, 3, 5];
  const labels = [3, 0, 1, 2, 0, 3, 2, 1];
  const targets = random.values(8 * K);
  const y = random.values(N * K, 3);

  /** The mean loss of an example, in float64. */
  const losses = {
    classes: (y: Float64Array) => {
      let sum = 0;
      for (let n = 0; n < N; n++) {
        const row = y.subarray(n * K, n * K + K);
        const all = Math.log(row.reduce((total, value) => total + Math.exp(value), 0));
        for (let k = 0; k < K; k++) sum -= (0.1 / K + (labels[order[n]] === k ? 0.9 : 0)) * (row[k] - all);
      }
      return sum / N;
    },
    values: (y: Float64Array) =>
      y.reduce((sum, value, i) => sum + (value - targets[order[Math.floor(i / K)] * K + (i % K)]) ** 2, 0) / (N * K),
  };

  test.each(["classes", "values"] as const)("%s", (kind) => {
    const w = new Workspace("test", wasm);
    const wanted = kind === "classes" ? ({ kind, labels, smoothing: 0.1 } as const) : ({ kind, targets } as const);
    const got = score(w, new Pass(w, () => 0).from(y, [N, K]), wanted, order);
    const ys = Float64Array.from(y);
    expect(got.loss / N).toBeCloseTo(losses[kind](ys), 5);
    for (let i = 0; i < ys.length; i++) {
      const value = ys[i];
      ys[i] = value + 1e-5;
      const above = losses[kind](ys);
      ys[i] = value - 1e-5;
      const slope = (above - losses[kind](ys)) / 2e-5;
      ys[i] = value;
      expect(got.gradient[i]).toBeCloseTo(slope, 6);
    }
    const rows = order.map((n, row) => {
      const values = Array.from(y.subarray(row * K, row * K + K));
      return values.indexOf(Math.max(...values)) === labels[n];
    });
    expect(got.right).toBe(kind === "classes" ? rows.filter(Boolean).length : 0);
  });
});

describe("refusals", () => {
  const net = network({ input: [2] }, [dense(3)]);
  const data = new Float32Array(4);
  test.each([
    [{ data }, "train: options expected either labels or targets, got neither"],
    [{ data, labels: [0, 1], targets: data }, "train: options expected either labels or targets, got both"],
    [{ data, labels: [0] }, "train: labels expected 2, one an example, got 1"],
    [{ data, labels: [0, 3] }, "train: labels expected integers from 0 to 2, got 3"],
    [{ data, targets: data }, "train: targets expected a Float32Array of 6, got Float32Array of 4"],
    [
      { data: new Float32Array(3), labels: [0] },
      "train: data expected a Float32Array of some times 2 values, got Float32Array of 3",
    ],
    [{ data, labels: [0, 1], epochs: 0 }, "train: epochs expected an integer >= 1, got 0"],
    [{ data, labels: [0, 1], batch: 1.5 }, "train: batch expected an integer >= 1, got 1.5"],
    [{ data, labels: [0, 1], labelSmoothing: 1 }, "train: labelSmoothing expected a number >= 0 and below 1, got 1"],
    [{ data, labels: [0, 1], seed: "x" }, "train: seed expected an integer, got x"],
    [{ data, labels: [0, 1], schedule: () => undefined }, "train: schedule expected a number >= 0, got undefined"],
    [{ data, labels: [0, 1], memoryLimit: 1 }, /^train: memoryLimit expected at least \d+ bytes, got 1$/],
  ])("%o", async (options, message) => {
    await expect(train(net, { wasm, ...(options as { data: Float32Array }) })).rejects.toThrow(message);
  });

  test("of images as classes, and of options of optimisers", async () => {
    const images = network({ input: [1, 2, 2] }, []);
    await expect(train(images, { data, labels: [0], wasm })).rejects.toThrow(
      "train: output expected a vector, one value a class, got [1, 2, 2]",
    );
    expect(errorOf(() => sgd({ momentum: 1 })).message).toBe("sgd: momentum expected a number >= 0 and below 1, got 1");
    expect(errorOf(() => adam({ rate: -1 })).message).toBe("adam: rate expected a number >= 0, got -1");
  });
});

describeShared("handwritten digits", "datasets/mnist", (folder) => {
  const read = (name: string, header: number) => gunzipSync(readFileSync(join(folder, name))).subarray(header);
  const pictures = (name: string, count: number) =>
    Float32Array.from(read(`${name}-images-idx3-ubyte.gz`, 16).subarray(0, count * 784), (value) => value / 255);
  const labels = (name: string, count: number) => read(`${name}-labels-idx1-ubyte.gz`, 8).subarray(0, count);

  test("are read by a small network after 2000 of them", async () => {
    const net = network({ input: [1, 28, 28], seed: 1 }, [
      conv2d(8, 5, { padding: 2, activation: "relu" }),
      maxPool2d(2),
      conv2d(16, 5, { activation: "relu" }),
      maxPool2d(2),
      flatten(),
      dense(10),
    ]);
    const optimiser = adam({ rate: 0.003 });
    const examples = { data: pictures("train", 2000), labels: labels("train", 2000) };
    await train(net, { ...examples, epochs: 3, batch: 16, optimiser, schedule: (progress) => 1 - progress, wasm });
    const { accuracy } = await evaluate(net, { data: pictures("t10k", 1000), labels: labels("t10k", 1000), wasm });
    expect(accuracy).toBeGreaterThan(0.92);
  });
});
