/** What a result is held against. */
export interface Wanted {
  readonly data: ArrayLike<number>;
  /** Per element, the sum of the absolute values of what was added up. */
  readonly magnitude: ArrayLike<number>;
  /** How many products or summands; may be given to `expectClose` instead. */
  readonly terms?: number;
  readonly shape?: readonly number[];
}

const HALF_ULP = 2 ** -24;
const LEAST_FLOAT = 2 ** -149;

/**
 * The one tolerance rule: |got - want| <= (terms + 1) * 2^-24 * magnitude for every element, plus one least float for each
 * term where results are subnormal. NaN must meet NaN; infinities must be equal.
 */
export function expectClose(got: ArrayLike<number>, want: Wanted, terms = want.terms): void {
  if (terms === undefined) throw new Error("expectClose: the number of terms is not given");
  sameLength(got, want);
  for (let i = 0; i < got.length; i++) {
    if (agree(got[i], want.data[i])) continue;
    const bound = (terms + 1) * (HALF_ULP * want.magnitude[i] + LEAST_FLOAT);
    const error = Math.abs(got[i] - want.data[i]);
    // Written so that a NaN or infinity that reaches this line fails.
    if (Number.isFinite(bound) && error <= bound) continue;
    throw new Error(
      `element ${place(i, want.shape)}: got ${got[i]}, want ${want.data[i]}, error ${error}, bound ${bound} (${terms} terms)`,
    );
  }
}

/** Equal element by element; NaN equals NaN and 0 equals -0. */
export function expectExact(got: ArrayLike<number>, want: Pick<Wanted, "data" | "shape">): void {
  sameLength(got, want);
  for (let i = 0; i < got.length; i++) {
    if (agree(got[i], want.data[i])) continue;
    throw new Error(`element ${place(i, want.shape)}: got ${got[i]}, want exactly ${want.data[i]}`);
  }
}

/** The greatest error as a multiple of `2^-24 * magnitude`, for bounds that are measured rather than derived. */
export function worstError(got: ArrayLike<number>, want: Wanted): number {
  sameLength(got, want);
  let worst = 0;
  for (let i = 0; i < got.length; i++) {
    if (agree(got[i], want.data[i])) continue;
    const error = Math.abs(got[i] - want.data[i]) / (HALF_ULP * want.magnitude[i]);
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }
  return worst;
}

/** The same bits, for two runs that must not differ at all. NaN equals NaN whatever its payload. */
export function expectSameBits(got: Float32Array, want: Float32Array): void {
  sameLength(got, { data: want });
  for (let i = 0; i < got.length; i++) {
    if (!Object.is(got[i], want[i])) throw new Error(`element ${i}: got ${got[i]}, want the bits of ${want[i]}`);
  }
}

function agree(got: number, want: number): boolean {
  if (Number.isNaN(want)) return Number.isNaN(got);
  return got === want || got === Math.fround(want);
}

function sameLength(got: ArrayLike<number>, want: Pick<Wanted, "data" | "shape">): void {
  if (got.length !== want.data.length) {
    throw new Error(
      `got ${got.length} elements, want ${want.data.length}${want.shape ? ` for [${want.shape.join(", ")}]` : ""}`,
    );
  }
}

function place(i: number, shape: readonly number[] | undefined): string {
  if (!shape || shape.length < 2) return `${i}`;
  const at = [];
  let rest = i;
  for (const extent of [...shape].reverse()) {
    at.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return `${i} at [${at.join(", ")}]`;
}
