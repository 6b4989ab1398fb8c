import type { HostTensor } from "../dtype.ts";
import { ArgumentError, expected } from "../errors.ts";
import type { Model } from "../graph/model.ts";
import { type LoadOptions, loadModel } from "../onnx/load.ts";
import { checkOptions } from "../ops/call.ts";
import { elementCount, type Shape } from "../shape.ts";
import { exampleShape, layerList } from "./checks.ts";
import { type ExportOptions, exportOnnx, INPUT, OUTPUT } from "./export.ts";
import { type Layer, parametersOf, type Sequence, type Unit, unitsWithin } from "./layer.ts";
import type { Parameter } from "./parameter.ts";
import { placeLayers } from "./place.ts";
import { type Summary, summarise } from "./summary.ts";

export interface NetworkOptions {
  /** Shape of one example, without the batch: [channels, height, width] of images, [n] of vectors. */
  readonly input: Shape;
  /** Decides how weights start: the same seed gives the same weights everywhere. Default 0. */
  readonly seed?: number | undefined;
}

/** Layers fitted to an input, and their weights. Made by `network`. */
export class Network {
  /** Shapes of one example, without the batch. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Every parameter, in the order of the layers. */
  readonly parameters: readonly Parameter[];
  /** For training and for tools: the layers as they were fitted. */
  readonly root: Sequence;

  constructor(root: Sequence) {
    this.root = root;
    this.inputShape = root.inputShape;
    this.outputShape = root.outputShape;
    this.parameters = allParameters(root);
  }

  /** Shapes, parameters, multiply-adds and receptive fields of the layers. Weights are not made for it. */
  summary(): Summary {
    return summarise(this.root);
  }

  /**
   * The parameter of this name, such as "conv1.weight".
   *
   * @throws ArgumentError if there is none.
   */
  parameter(name: string): Parameter {
    const found = this.parameters.find((each) => each.name === name);
    if (found) return found;
    const names = this.parameters.map((each) => each.name).join(", ");
    throw new ArgumentError(expected("parameter", "name", names || "no name, as there are no parameters", name));
  }

  /**
   * The bytes of an ONNX file (operator set 17) with input "input" [batch, ...] and output "output" [batch, ...], as the network is after
   * training: without dropout, with gathered statistics.
   */
  toOnnx(options: ExportOptions = {}): Uint8Array {
    return exportOnnx(this.root, options);
  }

  /** The network as it is now, as a model that runs fast; what happens to the network later does not change it. */
  toModel(options: LoadOptions = {}): Promise<Model> {
    return loadModel(this.toOnnx(), options);
  }

  /**
   * What the network says of some examples. For many calls take a model of it once: `toModel`.
   *
   * @param data one or more examples, one after another
   * @returns values in the shape [examples, ...outputShape]
   * @throws ArgumentError if the data are no whole examples
   */
  async predict(data: Float32Array, options: LoadOptions = {}): Promise<HostTensor> {
    const examples = countExamples("predict", this, data);
    const model = await this.toModel(options);
    try {
      const { [OUTPUT]: output } = model.runSync({ [INPUT]: { data, shape: [examples, ...this.inputShape] } });
      return output;
    } finally {
      model.dispose();
    }
  }
}

/**
 * A network of layers that run one after another. Weights are made when they are first needed.
 *
 * @param layers made by `conv2d`, `maxPool2d`, `dense`, `residual`, ...
 * @throws ArgumentError for bad options or names, ShapeError if a layer does not fit the one before it
 */
export function network({ input, ...options }: NetworkOptions, layers: readonly Layer[]): Network {
  const where = "network";
  checkOptions<{ seed?: number | undefined }>(where, options, ["seed"]);
  const { seed = 0 } = options;
  if (!Number.isSafeInteger(seed)) throw new ArgumentError(expected(where, "seed", "an integer", seed));
  const shape = exampleShape(where, "input", input);
  return new Network(placeLayers(layerList(where, "layers", layers), shape, seed));
}

/** How many examples there are. */
export function countExamples(where: string, { inputShape }: Network, data: Float32Array): number {
  const size = elementCount(inputShape);
  if (!(data instanceof Float32Array) || data.length === 0 || data.length % size !== 0) {
    throw new ArgumentError(expected(where, "data", `a Float32Array of some times ${size} values`, data));
  }
  return data.length / size;
}

function allParameters(unit: Unit): Parameter[] {
  return [...parametersOf(unit), ...unitsWithin(unit).flatMap(allParameters)];
}
