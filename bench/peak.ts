/** The rate of multiplications and additions that plain SIMD reaches here at best: what all other rates are a share of. */

const CHAINS = 12; // independent sums: enough to hide the latency, few enough for 15 registers
const STEPS = 2000; // of each chain in a call

/**
 * A module whose export `f(steps)` computes `sum = sum * factor + term` on 12 vectors of 4 floats, `steps` times, and gives
 * a lane of their sum.
 */
function probeBytes(): Uint8Array<ArrayBuffer> {
  const FACTOR = 1;
  const TERM = 2;
  const FIRST = 3;
  const splat = (value: number) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer), 0xfd, 0x13];
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const multiply = [0xfd, 0xe6, 0x01];
  const add = [0xfd, 0xe4, 0x01];
  const sums = Array.from({ length: CHAINS }, (_, i) => FIRST + i);
  const body = [
    ...[0x01, FIRST + CHAINS - 1, 0x7b], // one group of locals: v128
    ...[...splat(0.999), ...set(FACTOR), ...splat(0.001), ...set(TERM)],
    ...sums.flatMap((sum) => [...splat(sum), ...set(sum)]),
    ...[0x03, 0x40], // loop
    ...sums.flatMap((sum) => [...get(sum), ...get(FACTOR), ...multiply, ...get(TERM), ...add, ...set(sum)]),
    ...[...get(0), 0x41, 0x01, 0x6b, 0x22, 0x00, 0x0d, 0x00, 0x0b], // branch back if --steps
    ...sums.flatMap((sum, i) => (i === 0 ? get(sum) : [...get(sum), ...add])),
    ...[0xfd, 0x1f, 0x00, 0x0b], // f32x4.extract_lane 0, end
  ];
  const leb = (value: number) => (value < 128 ? [value] : [(value & 127) | 128, value >> 7]);
  const section = (id: number, content: readonly number[]) => [id, ...leb(content.length), ...content];
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [0x01, 0x60, 0x01, 0x7f, 0x01, 0x7d]), // (i32) -> f32
    ...section(3, [0x01, 0x00]),
    ...section(7, [0x01, 0x01, 0x66, 0x00, 0x00]), // export "f"
    ...section(10, [0x01, ...leb(body.length), ...body]),
  );
}

export class PeakProbe {
  readonly #run: (steps: number) => number;
  /** GFLOP/s of the best burst so far. */
  peak = 0;

  constructor() {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(probeBytes()));
    this.#run = exports["f"] as (steps: number) => number;
  }

  /** Probes for about `ms` milliseconds, in bursts of many short calls. */
  probe(ms = 150): void {
    const end = performance.now() + ms;
    while (performance.now() < end) {
      const start = performance.now();
      let calls = 0;
      let now = start;
      for (; now < start + 5; now = performance.now(), calls++) this.#run(STEPS);
      this.peak = Math.max(this.peak, (calls * STEPS * CHAINS * 8) / (now - start) / 1e6);
    }
  }
}
