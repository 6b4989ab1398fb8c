import { ArgumentError, expected } from "../errors.ts";
import { elementCount, type Shape } from "../shape.ts";
import { randomStream } from "./random.ts";

/**
 * How weights start: `he` uniform in +-sqrt(6 / inputs), `glorot` uniform in +-sqrt(6 / (inputs + outputs)), where inputs and outputs are
 * those that one weight's output or input has.
 */
export type Initialisation = "he" | "glorot";

/** What the values of a parameter are until someone sets them. */
export type Start = { readonly value: number } | { readonly limit: number; readonly seed: number };

/** An array of numbers of a network: weights, biases, statistics. Values are made when someone first asks for them. */
export class Parameter {
  /** The layer's name, a dot, and what it is there: "conv1.weight". */
  readonly name: string;
  readonly shape: Shape;
  /** Whether training moves it by its gradient; running statistics are gathered instead. */
  readonly trainable: boolean;
  readonly #start: Start;
  #values: Float32Array<ArrayBuffer> | undefined;

  /** Made by `network`. */
  constructor(name: string, shape: Shape, trainable: boolean, start: Start) {
    this.name = name;
    this.shape = shape;
    this.trainable = trainable;
    this.#start = start;
  }

  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** The elements, row-major, as the network uses them: writing to them changes it. */
  get values(): Float32Array<ArrayBuffer> {
    this.#values ??= startValues(this.size, this.#start);
    return this.#values;
  }

  /**
   * Copies the elements in.
   *
   * @throws ArgumentError if they are not a Float32Array of as many.
   */
  set values(values: Float32Array) {
    if (!(values instanceof Float32Array) || values.length !== this.size) {
      throw new ArgumentError(expected(this.name, "values", `Float32Array of ${this.size}`, values));
    }
    this.#values = values.slice();
  }
}

function startValues(size: number, start: Start): Float32Array<ArrayBuffer> {
  const values = new Float32Array(size);
  if ("value" in start) return values.fill(start.value);
  const random = randomStream(start.seed);
  for (let i = 0; i < size; i++) values[i] = start.limit * (2 * random() - 1);
  return values;
}
