import { elementCount, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Addresses, Packing, Prepared } from "./prepared.ts";

/** A tensor that steps of a chain read or write: an operand of the whole, or one in scratch. */
export interface Link {
  readonly shape: Shape;
  readonly at: (addresses: Addresses) => number;
}

/** Several prepared operators that run one after the other as one. Tensors are float32 unless said otherwise. */
export class Chain {
  readonly #steps: ((k: Kernels, at: Addresses, work: number) => void)[] = [];
  /** Bytes of the tensors in scratch. */
  #held = 0;
  /** Scratch bytes of the step that needs most. */
  #work = 0;
  #macs = 0;
  #packing: Packing | undefined;

  input(index: number, shape: Shape): Link {
    return { shape, at: ({ inputs }) => inputs[index] };
  }

  output(index: number, shape: Shape): Link {
    return { shape, at: ({ outputs }) => outputs[index] };
  }

  /** A tensor in scratch. */
  held(shape: Shape): Link {
    const offset = this.#held;
    this.#held += Math.ceil((elementCount(shape) * 4) / 64) * 64;
    return { shape, at: ({ scratch }) => scratch + offset };
  }

  /** A scalar in scratch. */
  constant(value: number): Link {
    const link = this.held([]);
    this.do((k, at) => k.fill(link.at(at), 1, value));
    return link;
  }

  /** An output, or a tensor in scratch where nobody asks for that output. */
  optionalOutput(index: number, shape: Shape): Link {
    const { at } = this.held(shape);
    return { shape, at: (addresses) => addresses.outputs[index] || at(addresses) };
  }

  /** Runs a prepared operator with one output. At most one of a chain has weights. */
  run(prepared: Prepared, inputs: readonly Link[], output: Link): Link {
    this.#work = Math.max(this.#work, prepared.scratchBytes);
    this.#macs += prepared.macs;
    this.#packing ??= prepared.packing;
    this.#steps.push((k, at, work) => {
      const places = inputs.map((link) => link.at(at));
      prepared.run(k, { inputs: places, outputs: [output.at(at)], scratch: work, packed: at.packed });
    });
    return output;
  }

  do(step: (k: Kernels, at: Addresses) => void): void {
    this.#steps.push(step);
  }

  finish(algorithm: string, outputShapes: readonly Shape[]): Prepared {
    const steps = this.#steps;
    const held = this.#held;
    return {
      algorithm,
      outputShapes,
      macs: this.#macs,
      scratchBytes: held + this.#work,
      packing: this.#packing,
      run(k, at) {
        for (const step of steps) step(k, at, at.scratch + held);
      },
    };
  }
}
