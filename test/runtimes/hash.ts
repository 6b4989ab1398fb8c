// A digest of numbers that is the same wherever the numbers are: 64 bits, every NaN alike, -0 apart from 0.

export interface Numbers {
  readonly data: ArrayBufferView & ArrayLike<number | bigint>;
  readonly shape: readonly number[];
}

/** Two sums over 32-bit words, by multiplying and folding, with different factors. */
export class Digest {
  #a = 0x811c9dc5;
  #b = 0x9747b28c;

  word(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193);
    this.#a ^= this.#a >>> 15;
    this.#b = Math.imul(this.#b ^ word, 0x85ebca6b);
    this.#b ^= this.#b >>> 13;
  }

  text(text: string): void {
    this.word(text.length);
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i));
  }

  numbers({ data, shape }: Numbers): void {
    this.text(shape.join("x"));
    this.word(data.byteLength / Math.max(1, data.length));
    const bytes = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const isFloat32 = Object.prototype.toString.call(data) === "[object Float32Array]";
    const whole = data.byteLength - (data.byteLength % 4);
    for (let i = 0; i < whole; i += 4) {
      this.word(isFloat32 && Number.isNaN(data[i / 4]) ? 0x7fc00000 : bytes.getInt32(i, true));
    }
    for (let i = whole; i < data.byteLength; i++) this.word(bytes.getUint8(i));
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
