/** Seeded float32 values, uniform in [low, high): fast enough for a hundred megabytes of weights, the same in every runtime. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635) >>> 0;
  }

  /** In [0, 1): a linear congruential step, then a mix of its bits. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), 0x2c1b3c6d);
    return ((z ^ (z >>> 13)) >>> 0) / 2 ** 32;
  }

  values(length: number, low = -1, high = 1): Float32Array<ArrayBuffer> {
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = low + (high - low) * this.next();
    return values;
  }

  /** Weights with variance 2 / fanIn (He). */
  he(length: number, fanIn: number): Float32Array<ArrayBuffer> {
    const limit = Math.sqrt(6 / fanIn);
    return this.values(length, -limit, limit);
  }
}
