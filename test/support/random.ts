/** Seeded numbers: the same seed gives the same sequence everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits: a Weyl sequence through a mixing function. */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** In [0, 1). */
  uniform(): number {
    return this.bits() / 2 ** 32;
  }

  /** A whole number in low ... high, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)];
  }

  /** Signed float32 values in (-scale, scale), none 0, none equal to one of the 31 before it: lanes cannot be swapped unseen. */
  values(length: number, scale = 1): Float32Array {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      const recent = values.subarray(Math.max(0, i - 31), i);
      let value = 0;
      while (value === 0 || recent.includes(value)) value = Math.fround((2 * this.uniform() - 1) * scale);
      values[i] = value;
    }
    return values;
  }

  /** Values of a shape, ready for the oracle and for the engine. */
  tensor(shape: readonly number[], scale = 1): { shape: number[]; data: Float32Array } {
    const length = shape.reduce((product, extent) => product * extent, 1);
    return { shape: [...shape], data: this.values(length, scale) };
  }

  /** 0 ... length - 1 in random order, times `step`: no two elements are equal, and all are exact in float32. */
  permutation(length: number, step = 1): Float32Array {
    const values = Float32Array.from({ length }, (_, i) => i * step);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [values[i], values[j]] = [values[j], values[i]];
    }
    return values;
  }
}
