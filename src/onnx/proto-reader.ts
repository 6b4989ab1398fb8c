/** Reads one protocol buffer message by its schema, trusting no length it finds. */

import { PbfReader } from "pbf";
import { expected, MalformedModelError } from "../errors.ts";
import type { Field, Kind, Message, Schema } from "./proto-schema.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const WIRE_TYPE: Record<Kind, number> = {
  int: VARINT,
  float: FIXED32,
  string: LENGTH_DELIMITED,
  bytes: LENGTH_DELIMITED,
  message: LENGTH_DELIMITED,
  float32: FIXED32,
  float64: FIXED64,
  int32: VARINT,
  int64: VARINT,
  uint64: VARINT,
};

const ELEMENTS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

type ElementKind = keyof typeof ELEMENTS;
type ElementArray = InstanceType<(typeof ELEMENTS)[ElementKind]>;

/** Bytes of a varint that holds 64 bits. */
const MAX_VARINT = 10;

/** Messages within messages: a model has about 6, and as many again for each graph within a graph. */
const MAX_DEPTH = 100;

/** A place in the path of the field being read. */
interface Step {
  readonly field: Field;
  /** Place in a repeated field, -1 in others. */
  readonly index: number;
}

/** A message being read that holds typed lists: `used` elements of each are filled. */
type Lists = Map<Field, { array: ElementArray; used: number }>;

export class MessageReader {
  readonly #pbf: PbfReader;
  readonly #where: string;
  readonly #path: Step[] = [];
  /** Where the messages of `#path` end, the whole file first. */
  readonly #ends: number[];

  /** `where` opens the messages of errors. */
  constructor(bytes: Uint8Array, where: string) {
    this.#pbf = new PbfReader(bytes);
    this.#where = where;
    this.#ends = [bytes.length];
  }

  /**
   * Reads all bytes as one message into `target`, which has what was read so far when this throws a
   * `MalformedModelError`.
   */
  read(schema: Schema, target: Message): void {
    this.#fields(schema, target);
  }

  get #limit(): number {
    return this.#ends[this.#ends.length - 1];
  }

  #fields(schema: Schema, target: Message): void {
    const pbf = this.#pbf;
    const limit = this.#limit;
    for (const field of schema.always) target[field.name] ??= field.repeated ? [] : field.kind === "int" ? 0 : "";
    const lists: Lists = new Map();
    while (pbf.pos < limit) {
      const start = pbf.pos;
      const tag = this.#unsigned();
      const number = Math.floor(tag / 8);
      const wireType = tag % 8;
      if (number === 0) this.#fail(`a field number of at least 1 at byte ${start}`, 0);
      const field = schema.byNumber.get(number);
      if (!field) {
        this.#skip(wireType, start);
        continue;
      }
      this.#path.push({ field, index: field.repeated ? (target[field.name]?.length ?? 0) : -1 });
      this.#field(field, wireType, start, target, lists);
      this.#path.pop();
    }
    for (const [field, { array, used }] of lists)
      target[field.name] = used < array.length ? array.slice(0, used) : array;
    schema.finish?.(target);
  }

  #field(field: Field, wireType: number, start: number, target: Message, lists: Lists): void {
    const { kind, name } = field;
    const wanted = WIRE_TYPE[kind];
    const packed = wireType === LENGTH_DELIMITED && wanted !== LENGTH_DELIMITED && (field.repeated || kind in ELEMENTS);
    if (wireType !== wanted && !packed) this.#fail(`wire type ${wanted} at byte ${start}`, wireType);
    if (kind in ELEMENTS) {
      this.#elements(field, packed, lists);
    } else if (packed) {
      const end = this.#lengthDelimited();
      this.#ends.push(end);
      while (this.#pbf.pos < end) {
        target[name] ??= [];
        target[name].push(this.#value(field, undefined));
      }
      this.#ends.pop();
    } else if (field.repeated) {
      const value = this.#value(field, undefined);
      target[name] ??= [];
      target[name].push(value);
    } else {
      target[name] = this.#value(field, target);
    }
  }

  /** `holder` has the earlier value of a message that comes in pieces. */
  #value(field: Field, holder: Message | undefined): unknown {
    switch (field.kind) {
      case "int":
        return this.#integer();
      case "float":
        this.#need(4);
        return this.#pbf.readFloat();
      case "string": {
        const start = this.#pbf.pos;
        this.#lengthDelimited();
        this.#pbf.pos = start;
        return this.#pbf.readString();
      }
      case "bytes": {
        const end = this.#lengthDelimited();
        const bytes = this.#pbf.buf.subarray(this.#pbf.pos, end);
        this.#pbf.pos = end;
        return bytes;
      }
      default: {
        const message: Message = holder?.[field.name] ?? {};
        if (holder) holder[field.name] = message;
        this.#message(field.schema!(), message);
        return message;
      }
    }
  }

  /**
   * In a file cut short, every message around the cut is too long. They are read as far as they go, so that the error
   * names the innermost.
   */
  #message(schema: Schema, target: Message): void {
    if (this.#ends.length > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} messages within each other`, "more");
    const end = this.#unsigned() + this.#pbf.pos;
    const limit = this.#limit;
    if (end > limit && limit < this.#ends[0]) this.#missing(end - limit);
    this.#ends.push(Math.min(end, limit));
    this.#fields(schema, target);
    this.#ends.pop();
    if (end > limit) this.#missing(end - limit);
  }

  #elements(field: Field, packed: boolean, lists: Lists): void {
    const kind = field.kind as ElementKind;
    const ArrayType = ELEMENTS[kind];
    const end = packed ? this.#lengthDelimited() : this.#limit;
    const start = this.#pbf.pos;
    const count = packed ? this.#countElements(kind, start, end) : 1;
    if (count === 0) return;
    const list = lists.get(field) ?? { array: new ArrayType(count), used: 0 };
    lists.set(field, list);
    if (list.used + count > list.array.length) {
      const longer = new ArrayType(Math.max(list.used + count, 2 * list.array.length));
      longer.set(list.array as never);
      list.array = longer;
    }
    const { array, used } = list;
    if (packed) this.#ends.push(end);
    if (kind === "float32" || kind === "float64") this.#fixed(array, used, count);
    else if (kind === "int32") this.#varints32(array as Int32Array, used, count);
    else this.#varints64(array as BigInt64Array | BigUint64Array, used, count);
    list.used += count;
    if (packed) this.#ends.pop();
  }

  #countElements(kind: ElementKind, start: number, end: number): number {
    if (kind === "float32" || kind === "float64") {
      const size = ELEMENTS[kind].BYTES_PER_ELEMENT;
      if ((end - start) % size) this.#fail(`a multiple of ${size} bytes at byte ${start}`, `${end - start} bytes`);
      return (end - start) / size;
    }
    let count = 0;
    for (let at = start; at < end; at++) if (this.#pbf.buf[at] < 0x80) count++;
    if (end > start && this.#pbf.buf[end - 1] >= 0x80)
      this.#fail(`the end of a number at byte ${end - 1}`, "the start");
    return count;
  }

  #fixed(array: ElementArray, from: number, count: number): void {
    const bytes = count * array.BYTES_PER_ELEMENT;
    this.#need(bytes);
    const source = this.#pbf.buf.subarray(this.#pbf.pos, this.#pbf.pos + bytes);
    new Uint8Array(array.buffer, from * array.BYTES_PER_ELEMENT, bytes).set(source);
    this.#pbf.pos += bytes;
  }

  #varints32(array: Int32Array, from: number, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#checkVarint();
      array[from + i] = this.#pbf.readVarint(true);
    }
  }

  #varints64(array: BigInt64Array | BigUint64Array, from: number, count: number): void {
    const halves = new Uint32Array(array.buffer);
    const { buf } = this.#pbf;
    for (let i = 2 * from; i < 2 * (from + count); i += 2) {
      this.#checkVarint();
      let low = 0;
      let high = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = buf[this.#pbf.pos++];
        const bits = byte & 0x7f;
        if (shift < 32) low |= bits << shift;
        if (shift > 28) high |= bits << (shift - 32);
        else if (shift === 28) high |= bits >> 4;
        if (byte < 0x80) break;
      }
      halves[i] = low;
      halves[i + 1] = high;
    }
  }

  #integer(): number {
    this.#checkVarint();
    const value = this.#pbf.readVarint(true);
    return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  }

  #unsigned(): number {
    this.#checkVarint();
    return this.#pbf.readVarint();
  }

  /** Reads a length and gives the end of what follows, which is within the limit. */
  #lengthDelimited(): number {
    const end = this.#unsigned() + this.#pbf.pos;
    if (end > this.#limit) this.#missing(end - this.#limit);
    return end;
  }

  #skip(wireType: number, start: number): void {
    if (wireType === VARINT) this.#unsigned();
    else if (wireType === LENGTH_DELIMITED) this.#pbf.pos = this.#lengthDelimited();
    else if (wireType === FIXED32 || wireType === FIXED64) {
      const size = wireType === FIXED32 ? 4 : 8;
      this.#need(size);
      this.#pbf.pos += size;
    } else this.#fail(`a field of wire type 0, 1, 2 or 5 at byte ${start}`, wireType);
  }

  #need(bytes: number): void {
    const missing = this.#pbf.pos + bytes - this.#limit;
    if (missing > 0) this.#missing(missing);
  }

  #checkVarint(): void {
    const { buf, pos } = this.#pbf;
    const limit = this.#limit;
    let at = pos;
    while (at < limit && buf[at] >= 0x80) at++;
    if (at - pos >= MAX_VARINT) this.#fail(`a number of at most ${MAX_VARINT} bytes at byte ${pos}`, "a longer one");
    if (at >= limit) this.#missing(1);
  }

  #missing(bytes: number): never {
    const limit = this.#limit;
    const outer = this.#ends.indexOf(limit);
    const end = outer === 0 ? "file" : formatPath(this.#path.slice(0, outer));
    return this.#fail(`${bytes} more ${bytes === 1 ? "byte" : "bytes"} at byte ${limit}`, `end of ${end}`);
  }

  #fail(wanted: string, got: unknown): never {
    throw new MalformedModelError(expected(this.#where, formatPath(this.#path) || "next field", wanted, got));
  }
}

/** Such as `graph.node[12].attribute[0].t.raw_data`, in the names of onnx.proto. */
function formatPath(path: readonly Step[]): string {
  const names = path.map(({ field, index }) => {
    const name = field.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return index < 0 ? name : `${name}[${index}]`;
  });
  return names.join(".");
}
