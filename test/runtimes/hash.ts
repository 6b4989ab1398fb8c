// A digest of numbers that is the same wherever the numbers are: 64 bits, every NaN alike, -0 apart from 0.

export interface Numbers {
  readonly data: ArrayBufferView & ArrayLike<number | bigint>;
  readonly shape: readonly number[];
  /** Of the elements, where the array does not tell: those of 16-bit floats are their bits. */
  readonly type?: string;
}

/** The bits of a NaN of each type that has one. */
const NAN: Readonly<Record<string, readonly number[]>> = {
  float16: [0x00, 0x7e],
  bfloat16: [0xc0, 0x7f],
  float32: [0, 0, 0xc0, 0x7f],
  float64: [0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
};

/** The bytes of the elements, every NaN replaced by the same one. */
function canonicalBytes({ data, type }: Numbers): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  const kind = type ?? Object.prototype.toString.call(data).slice(8, -6).toLowerCase();
  const nan = NAN[kind];
  if (!nan) return bytes;
  const infinity = kind === "float16" ? 0x7c00 : 0x7f80;
  const isNaNAt = (i: number) =>
    nan.length === 2 ? (Number(data[i]) & 0x7fff) > infinity : Number.isNaN(data[i] as number);
  for (let i = 0; i < data.length; i++) if (isNaNAt(i)) bytes.set(nan, i * nan.length);
  return bytes;
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

  numbers(numbers: Numbers): void {
    const { data, shape } = numbers;
    this.text(shape.join("x"));
    this.word(data.byteLength / Math.max(1, data.length));
    const bytes = canonicalBytes(numbers);
    const view = new DataView(bytes.buffer);
    const whole = bytes.length - (bytes.length % 4);
    for (let i = 0; i < whole; i += 4) this.word(view.getInt32(i, true));
    for (let i = whole; i < bytes.length; i++) this.word(bytes[i]);
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
