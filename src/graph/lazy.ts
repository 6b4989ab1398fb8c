import type { DataType, HostTensor, TypedArray } from "../dtype.ts";
import type { Shape } from "../shape.ts";

/**
 * A constant whose elements are computed when they are asked for, each time anew: so that weights stored in 8 bits need not all stand
 * as floats at the same time. Whoever wants more than one look takes `settled` first.
 */
export class LazyTensor implements HostTensor {
  readonly type: DataType;
  readonly shape: Shape;
  /** What the elements are computed from, one by one. */
  readonly stored: HostTensor | undefined;
  readonly #compute: () => TypedArray;

  constructor(type: DataType, shape: Shape, compute: () => TypedArray, stored?: HostTensor) {
    this.type = type;
    this.shape = shape;
    this.stored = stored;
    this.#compute = compute;
  }

  get data(): TypedArray {
    return this.#compute();
  }
}

/** A constant with the elements of another in another order: what that one holds, and `how`, tell what this one holds. */
export interface Rearranged extends HostTensor {
  readonly of: HostTensor;
  readonly how: string;
}

/** What a constant of floats was stored as. */
export interface StoredParts {
  readonly stored: HostTensor;
  readonly scale: HostTensor;
  readonly zero: HostTensor | undefined;
  /** The axis along which scales differ, if there are several. */
  readonly axis: number;
}

/** A lazy constant that remembers where its floats come from. */
export class Dequantized extends LazyTensor {
  readonly parts: StoredParts;

  constructor(type: DataType, parts: StoredParts, compute: () => TypedArray) {
    super(type, parts.stored.shape, compute);
    this.parts = parts;
  }
}

/** What holds the elements of a tensor: a lazy one's are those that it is computed from, where these are as many. */
export function storedOf(tensor: HostTensor): HostTensor {
  return (tensor instanceof LazyTensor && tensor.stored) || tensor;
}

/** The tensor with its elements in hand. */
export function settled(tensor: HostTensor): HostTensor {
  return tensor instanceof LazyTensor ? { type: tensor.type, shape: tensor.shape, data: tensor.data } : tensor;
}
