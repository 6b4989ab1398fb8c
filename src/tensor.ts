import { DISPOSE } from "./dispose.ts";
import type { DataType, TypedArray } from "./dtype.ts";
import { formatShape, type Shape } from "./shape.ts";
import type { Workspace } from "./workspace.ts";

/**
 * How the elements of a tensor lie in memory: in the order of its axes, or, for images whose axes are [N, C, ...], with the
 * channels of a place together. Users never see it: `data` is always in the order of the axes.
 */
export type Format = "dense" | "channels-last";

/** A tensor in the wasm memory of an engine. It stays until `dispose()`, the end of its `scope`, or the end of its engine. */
export class Tensor {
  readonly shape: Shape;
  readonly type: DataType;
  readonly #workspace: Workspace;

  /** Made by `engine.tensor` and by the operators. */
  constructor(workspace: Workspace, type: DataType, shape: Shape) {
    this.#workspace = workspace;
    this.type = type;
    this.shape = shape;
  }

  /** A copy of the elements, in the order of the axes. */
  get data(): TypedArray {
    return this.#workspace.read(this);
  }

  get disposed(): boolean {
    return !this.#workspace.owns(this);
  }

  /** Gives the memory back. The tensor cannot be used afterwards; a second call does nothing. */
  dispose(): void {
    this.#workspace.release(this);
  }

  [DISPOSE](): void {
    this.dispose();
  }

  toString(): string {
    return `Tensor ${this.type} ${formatShape(this.shape)}`;
  }
}

/** Whether a value is a tensor, be it one of another copy of lanewise, whose class is another. */
export function isTensor(value: unknown): value is Tensor {
  return (value as Tensor | null | undefined)?.disposed !== undefined;
}
