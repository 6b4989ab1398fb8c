import { expect, test } from "vitest";
import { Digest, type Numbers } from "./hash.ts";

function digestOf(data: Numbers["data"], type?: string, shape = [data.length]): string {
  const digest = new Digest();
  digest.numbers({ data, shape, ...(type !== undefined && { type }) });
  return String(digest);
}

/** An array on given bits, which engines may change where they pass a NaN. */
const singles = (...bits: number[]) => new Float32Array(Uint32Array.from(bits).buffer);
const doubles = (...bits: bigint[]) => new Float64Array(BigUint64Array.from(bits).buffer);
const halves = (...bits: number[]) => Uint16Array.from(bits);

test("every NaN is alike, in each type that has some", () => {
  const nan = digestOf(singles(0x7fc00000, 0));
  for (const bits of [0xffc00000, 0x7f800001, 0xffffffff]) expect(digestOf(singles(bits, 0))).toBe(nan);
  const long = digestOf(doubles(0x7ff8000000000000n, 0n));
  for (const bits of [0xfff8000000000000n, 0x7ff0000000000001n]) expect(digestOf(doubles(bits, 0n))).toBe(long);
  const half = digestOf(halves(0x7e00, 0), "float16");
  for (const bits of [0xfe00, 0x7c01, 0xffff]) expect(digestOf(halves(bits, 0), "float16")).toBe(half);
  const brain = digestOf(halves(0x7fc0, 0), "bfloat16");
  for (const bits of [0xffc0, 0x7f81, 0xffff]) expect(digestOf(halves(bits, 0), "bfloat16")).toBe(brain);
});

test("any other bit counts, and so do the shape and the type", () => {
  const all = [
    digestOf(singles(0, 0)),
    digestOf(singles(0x80000000, 0)),
    digestOf(singles(0, 1)),
    digestOf(singles(0x7f800000, 0)),
    digestOf(singles(0xff800000, 0)),
    digestOf(singles(0x7fc00000, 0)),
    digestOf(singles(0, 0), "float32", [2, 1]),
    digestOf(doubles(0n)),
    digestOf(halves(0x7c00, 0), "float16"),
    digestOf(halves(0xfc00, 0), "float16"),
    digestOf(halves(0x7f81, 0), "float16"),
    digestOf(halves(0x7f81, 0), "bfloat16"),
    digestOf(halves(0x7f80, 0), "bfloat16"),
    digestOf(halves(0x7f81, 0)),
    digestOf(halves(0x7fc1, 0)),
  ];
  expect(new Set(all).size).toBe(all.length);
});

test("elements that do not fill a word count", () => {
  expect(digestOf(Uint8Array.of(1, 2, 3))).not.toBe(digestOf(Uint8Array.of(1, 2, 4)));
  expect(digestOf(new Float32Array(0))).not.toBe(digestOf(new Float32Array(0), "float32", [0, 1]));
});
