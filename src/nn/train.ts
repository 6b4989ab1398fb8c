import { ArgumentError, checkAborted, expected, ShapeError } from "../errors.ts";
import type { Model } from "../graph/model.ts";
import { loadModel } from "../onnx/load.ts";
import { checkOptions } from "../ops/call.ts";
import { positive } from "../ops/window.ts";
import { elementCount, formatShape } from "../shape.ts";
import { type KernelSource, kernelsFrom } from "../wasm/source.ts";
import { Workspace } from "../workspace.ts";
import { numberWithin } from "./checks.ts";
import { exportOnnx, INPUT, OUTPUT } from "./export.ts";
import { forward } from "./gradients/forward.ts";
import { Pass, tensorFrom } from "./gradients/pass.ts";
import type { Sequence } from "./layer.ts";
import { score, type Wanted } from "./loss.ts";
import { countExamples, Network } from "./network.ts";
import { adam, type Move, type Optimiser } from "./optimiser.ts";
import type { Parameter } from "./parameter.ts";
import { randomStream, shuffle } from "./random.ts";

/** Examples, and what a network should say of them: `labels` or `targets`. */
export interface Examples {
  /** One example after another. */
  readonly data: Float32Array;
  /** The class of each, counted from 0. The loss is the softmax cross-entropy of the outputs; a softmax layer at the end is a part of it. */
  readonly labels?: ArrayLike<number> | undefined;
  /** The wanted outputs, one example after another. The loss is the mean squared error. */
  readonly targets?: Float32Array | undefined;
  /** Examples at a time. Default 32; the last batch may be smaller. */
  readonly batch?: number | undefined;
  /** The kernels, for those who host `lanewise/lanewise.wasm` themselves. */
  readonly wasm?: KernelSource | undefined;
}

export interface TrainOptions extends Examples {
  /** How often each example is seen. Default 1. */
  readonly epochs?: number | undefined;
  /** Default `adam()`. */
  readonly optimiser?: Optimiser | undefined;
  /** What the optimiser's rate is multiplied by, from the share of all batches that is done. Default 1 throughout. */
  readonly schedule?: ((progress: number) => number) | undefined;
  /** Share of the wanted probability that is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number | undefined;
  /** Decides the order of the examples and what dropout leaves out. Default 0. */
  readonly seed?: number | undefined;
  /** Changes a copy of an example, in place, each time before it is seen; `random` gives numbers in [0, 1). */
  readonly augment?: ((example: Float32Array, random: () => number) => void) | undefined;
  /** Called after every batch. */
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined;
  /** Stops the training between two batches. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes that the memory of the kernels may take. */
  readonly memoryLimit?: number | undefined;
}

export interface Score {
  /** Mean loss of an example. */
  readonly loss: number;
  /** Share of examples whose class has the greatest output; undefined without labels. */
  readonly accuracy: number | undefined;
}

/** Counted from 1; the score is that of this epoch's batches so far, each before the network learnt from it. */
export interface TrainProgress extends Score {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly batches: number;
}

const EXAMPLE_OPTIONS = ["data", "labels", "targets", "batch", "wasm"] as const satisfies readonly (keyof Examples)[];
const TRAIN_OPTIONS = [
  ...EXAMPLE_OPTIONS,
  ...(["epochs", "optimiser", "schedule", "labelSmoothing", "seed", "augment"] as const),
  ...(["onProgress", "signal", "memoryLimit"] as const),
] satisfies readonly (keyof TrainOptions)[];

/** Multiply-adds between pauses, in which signals come through: some 20 ms. */
const WORK_BETWEEN_PAUSES = 2e8;

/**
 * Moves the parameters of a network so that it loses less on the examples. The same network, options and seed give the same bits in every
 * runtime (as long as `schedule` and `augment` do). Stopped, the network stays as it was after the last whole batch.
 *
 * @returns the score of each epoch, each batch scored before the network learnt from it
 * @throws ArgumentError or ShapeError for examples that do not fit the network, AbortedError if `signal` fires, MemoryLimitError if the memory
 * does not suffice
 */
export async function train(net: Network, options: TrainOptions): Promise<Score[]> {
  const where = "train";
  const { wanted, count, batch } = checkExamples(where, net, options, TRAIN_OPTIONS);
  const epochs = positive(where, "epochs", options.epochs ?? 1);
  const { seed = 0, schedule = () => 1, onProgress, signal } = options;
  if (!Number.isSafeInteger(seed)) throw new ArgumentError(expected(where, "seed", "an integer", seed));
  const trainer = new Trainer(net, options, wanted, randomStream(seed));
  const module = await kernelsFrom(options.wasm);
  const w = new Workspace(where, module, options.memoryLimit);
  try {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    const batches = Math.ceil(count / batch);
    const work = 3 * net.summary().macs * batch + 1;
    const scores: Score[] = [];
    for (let epoch = 1, done = 0; epoch <= epochs; epoch++) {
      shuffle(order, trainer.random);
      const tally = new Tally(wanted);
      for (let i = 1; i <= batches; i++, done++) {
        checkAborted(signal, where);
        const factor = numberWithin(where, "schedule", schedule(done / (epochs * batches)), 0, Infinity);
        tally.add(trainer.learn(w, order.subarray((i - 1) * batch, i * batch), factor));
        onProgress?.({ epoch, epochs, batch: i, batches, ...tally.score });
        const pauses =
          Math.floor(((done + 1) * work) / WORK_BETWEEN_PAUSES) > Math.floor((done * work) / WORK_BETWEEN_PAUSES);
        if (pauses) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      scores.push(tally.score);
    }
    return scores;
  } finally {
    w.dispose();
  }
}

/**
 * The score of a network, as it is after training, on examples.
 *
 * @throws ArgumentError or ShapeError for examples that do not fit the network
 */
export async function evaluate(net: Network, options: Examples): Promise<Score> {
  const where = "evaluate";
  const { wanted, count, batch } = checkExamples(where, net, options, EXAMPLE_OPTIONS);
  const module = await kernelsFrom(options.wasm);
  const model: Model = await loadModel(exportOnnx(scoredPart(net, wanted), {}), { wasm: module });
  const w = new Workspace(where, module);
  try {
    const size = elementCount(net.inputShape);
    const tally = new Tally(wanted);
    for (let start = 0; start < count; start += batch) {
      const order = Array.from({ length: Math.min(batch, count - start) }, (_, i) => start + i);
      const data = options.data.subarray(start * size, (start + order.length) * size);
      const { [OUTPUT]: output } = model.runSync({ [INPUT]: { data, shape: [order.length, ...net.inputShape] } });
      tally.add(
        w.scope(where, () => {
          const y = tensorFrom(w, output.data as Float32Array, output.shape);
          return { ...score(w, y, wanted, order), count: order.length };
        }),
      );
    }
    return tally.score;
  } finally {
    model.dispose();
    w.dispose();
  }
}

function checkExamples<T extends Examples>(where: string, net: Network, options: T, known: readonly (keyof T)[]) {
  if (!(net instanceof Network)) throw new ArgumentError(expected(where, "net", "a Network", net));
  checkOptions(where, options, known);
  const count = countExamples(where, net, options.data);
  return {
    count,
    wanted: checkWanted(where, net, count, options),
    batch: positive(where, "batch", options.batch ?? 32),
  };
}

function checkWanted(where: string, { outputShape }: Network, count: number, options: TrainOptions): Wanted {
  const { labels, targets, labelSmoothing } = options;
  if ((labels === undefined) === (targets === undefined)) {
    const got = labels === undefined ? "neither" : "both";
    throw new ArgumentError(expected(where, "options", "either labels or targets", got));
  }
  if (targets !== undefined) {
    const size = count * elementCount(outputShape);
    if (targets instanceof Float32Array && targets.length === size) return { kind: "values", targets };
    throw new ArgumentError(expected(where, "targets", `a Float32Array of ${size}`, targets));
  }
  if (outputShape.length !== 1) {
    throw new ShapeError(expected(where, "output", "a vector, one value a class", formatShape(outputShape)));
  }
  if (labels?.length !== count) {
    throw new ArgumentError(expected(where, "labels", `${count}, one an example`, labels?.length ?? labels));
  }
  const wrong = Array.from(labels).find((label) => !Number.isInteger(label) || label < 0 || label >= outputShape[0]);
  if (wrong !== undefined) {
    throw new ArgumentError(expected(where, "labels", `integers from 0 to ${outputShape[0] - 1}`, wrong));
  }
  const smoothing = numberWithin(where, "labelSmoothing", labelSmoothing ?? 0, 0, 1);
  return { kind: "classes", labels, smoothing };
}

/** The layers whose output the loss takes: with classes all but a softmax at the end. */
function scoredPart({ root }: Network, { kind }: Wanted): Sequence {
  const last = root.units.at(-1);
  if (kind === "values" || last?.kind !== "softmax") return root;
  return { ...root, outputShape: last.inputShape, units: root.units.slice(0, -1) };
}

/** Losses and hits of some batches. */
class Tally {
  readonly #wanted: Wanted;
  #loss = 0;
  #right = 0;
  #count = 0;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  add({ loss, right, count }: { loss: number; right: number; count: number }): void {
    this.#loss += loss;
    this.#right += right;
    this.#count += count;
  }

  get score(): Score {
    const accuracy = this.#wanted.kind === "classes" ? this.#right / this.#count : undefined;
    return { loss: this.#loss / this.#count, accuracy };
  }
}

/** A network under training. */
class Trainer {
  readonly random: () => number;
  readonly #net: Network;
  readonly #options: TrainOptions;
  readonly #wanted: Wanted;
  readonly #part: Sequence;
  readonly #moves: Map<Parameter, Move>;

  constructor(net: Network, options: TrainOptions, wanted: Wanted, random: () => number) {
    this.random = random;
    this.#net = net;
    this.#options = options;
    this.#wanted = wanted;
    this.#part = scoredPart(net, wanted);
    const { optimiser = adam() } = options;
    const trainable = net.parameters.filter((parameter) => parameter.trainable);
    this.#moves = new Map(trainable.map((each) => [each, optimiser.begin(each.size, each.shape.length > 1)]));
  }

  /** Moves the network by the gradient of some examples, and scores it as it was before. */
  learn(w: Workspace, order: Uint32Array, factor: number): { loss: number; right: number; count: number } {
    const count = order.length;
    const { pass, loss, right } = w.scope("train", () => {
      const batch = tensorFrom(w, this.#gather(order), [count, ...this.#net.inputShape]);
      const pass = new Pass(w, this.random, batch);
      const { y, backward } = forward(pass, this.#part, batch);
      const { loss, right, gradient } = score(w, y, this.#wanted, order);
      backward(pass.from(gradient, y.shape));
      return { pass, loss, right };
    });
    for (const [parameter, gradient] of pass.gradients)
      this.#moves.get(parameter)?.(parameter.values, gradient, factor);
    return { loss, right, count };
  }

  #gather(order: Uint32Array): Float32Array {
    const { data, augment } = this.#options;
    const size = elementCount(this.#net.inputShape);
    const gathered = new Float32Array(order.length * size);
    for (const [i, n] of order.entries()) {
      const example = gathered.subarray(i * size, (i + 1) * size);
      example.set(data.subarray(n * size, (n + 1) * size));
      augment?.(example, this.random);
    }
    return gathered;
  }
}
