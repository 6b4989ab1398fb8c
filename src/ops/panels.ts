/** Output channels `start` to `start + columns` of a packed filter, in a panel `width` wide. */
export interface Panel {
  readonly start: number;
  readonly columns: number;
  readonly width: number;
}

/** How assembly/ divides output channels into panels: `panelWidth` in convolution/conv2d.ts is the same rule. */
export function* panelsOf(OC: number, most: 8 | 12 = 12): Generator<Panel> {
  for (let start = 0; start < OC; ) {
    const quads = Math.ceil((OC - start) / 4);
    const width = quads === 1 ? 4 : quads === 3 || (quads > 4 && most === 12) ? 12 : 8;
    yield { start, columns: Math.min(width, OC - start), width };
    start += width;
  }
}

/** Bytes that a layer's tiles need beside their operands, and entries behind a table of rows: as in assembly/convolution/gemm.ts. */
export const CONTEXT_BYTES = 2 * 48 + 5 * 8 * 4;
export const DEAD = 7;

/** Bytes of `conv2dScratch` in assembly/convolution/conv2d.ts: the table of addresses for a window of `taps` places, and the tiles' context. */
export function scratchBytes(taps: number): number {
  return Math.max(1, taps) * (60 + DEAD) * 4 + CONTEXT_BYTES;
}
