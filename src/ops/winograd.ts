import type { Conv2dSpec } from "./convolve.ts";
import { CONTEXT_BYTES, DEAD, panelsOf } from "./panels.ts";
import type { Packing, Prepared } from "./prepared.ts";

/** Outputs of a tile along each axis. */
type Tile = 2 | 4;

/** Bytes of transformed input and products that a block of tiles may fill: what a second-level cache surely holds. */
const BLOCK_BYTES = 384 * 1024;
/** Bytes of weights from which on they surely come from memory. */
const FAR_BYTES = 12 * 2 ** 20;

/** Weights from which on reading them, transformed, takes as long as SLOW_ROWS rows of products. */
const MANY_WEIGHTS = 300 * 300;
const SLOW_ROWS = 6;

/** The tile for which Winograd is the faster way, or undefined where the direct way is at least as good. */
export function winogradTile({ N, IC, OC, groups, window: v }: Conv2dSpec): Tile | undefined {
  const fits = v.KH === 3 && v.KW === 3 && v.SH === 1 && v.SW === 1 && v.DH === 1 && v.DW === 1 && groups === 1;
  if (!fits || IC % 4 !== 0 || IC < 8 || OC < 8) return undefined;
  const slow = IC * OC < MANY_WEIGHTS ? 0 : SLOW_ROWS;
  const tiles = (tile: number) => N * Math.ceil(v.OH / tile) * Math.ceil(v.OW / tile);
  // Rows of products. Micro-kernels of five rows and of four leave none idle but where there are few.
  const rows = (tile: number) => slow + (tiles(tile) < 8 ? Math.ceil(tiles(tile) / 4) * 4 : tiles(tile));
  const [direct, small, large] = [9 * (tiles(1) + slow), 16 * rows(2), 36 * rows(4)];
  // Transforms of few channels cost as much as their products, those of 2x2 outputs relatively more.
  const fine = small < 0.75 * direct && IC >= 16 && OC > 8;
  // Few output channels are the pixels or scores at the end of a network: F(2,3) has a third of the error, and is not much slower there.
  if (large < small && large < 0.9 * direct && !(fine && OC < 12)) return 4;
  return fine ? 2 : undefined;
}

/** Makes a 3x3 convolution of stride 1 ready by Winograd's method; operands as for `prepareConv2d`. */
export function prepareWinograd(spec: Conv2dSpec, M: Tile): Prepared {
  const { N, IC, OC, window: v, epilogue: e, residual } = spec;
  const all = N * Math.ceil(v.OH / M) * Math.ceil(v.OW / M);
  const positions = (M + 2) * (M + 2);
  const tiles = blockTiles(all, positions * (IC + OC) * 4, positions * IC * OC * 4);
  const packing = winogradPacking(spec, M);
  const { x: xStep = IC, residual: rStep = OC, y: yStep = OC } = spec.steps ?? {};
  return {
    algorithm: `winograd F(${M},3)`,
    outputShapes: [[N, v.OH, v.OW, OC]],
    macs: N * v.OH * v.OW * OC * IC * 9,
    scratchBytes: winogradScratch(M, tiles, IC + packing.columns),
    packing,
    run(k, { inputs, outputs, scratch, packed }) {
      // biome-ignore format: one line a subject
      k.winograd(M, tiles, inputs[0], N, v.IH, v.IW, IC, xStep * 4,
        packed, packed + packing.bias, outputs[0], v.OH, v.OW, OC, yStep * 4, v.PT, v.PL,
        residual ? inputs[1] : 0, rStep * 4, e.lo, e.hi, e.code, e.alpha, e.beta, packed + packing.zeros, scratch);
    },
  };
}

/** Blocks of about equal size: small ones stay in the cache, but each reads all weights again. */
function blockTiles(all: number, bytesEach: number, weightBytes: number): number {
  const least = weightBytes > FAR_BYTES ? 24 : 12;
  const most = Math.max(least, Math.floor(BLOCK_BYTES / bytesEach));
  return Math.ceil(all / Math.ceil(all / most)) || 1;
}

/** Bytes of scratch that the kernel of assembly/convolution/winograd.ts lays out. `C`: IC and the columns of the matrices. */
function winogradScratch(M: Tile, tiles: number, C: number): number {
  return (M + 2) ** 2 * (tiles * C * 4 + 2 * 64) + (tiles + DEAD) * 4 + 64 * 16 + 36 * 4 + CONTEXT_BYTES + 64;
}

interface WinogradPacking extends Packing {
  /** Columns of the matrices: those of all panels, idle ones included. */
  readonly columns: number;
  /** Offsets of the bias and of a row of zeros behind the matrices. */
  readonly bias: number;
  readonly zeros: number;
}

function winogradPacking({ IC, OC, filter }: Conv2dSpec, M: Tile): WinogradPacking {
  const panels = [...panelsOf(OC, 8)];
  const columns = panels.reduce((sum, { width }) => sum + width, 0);
  const matrix = columns * (IC + 1) * 4;
  const bias = matrix * (M + 2) ** 2;
  const zeros = bias + columns * 4;
  const temp = zeros + IC * 4;
  return {
    key: `winograd F(${M},3) ${OC} x ${IC}`,
    columns,
    bias,
    zeros,
    bytes: temp + 64 * 16,
    write(k, weights, to) {
      const together = filter.oc === IC * 9;
      let at = to;
      for (const { start, columns: live, width } of panels) {
        const from = together
          ? weights.at(0, start * IC * 9, live * IC * 9)
          : weights.at(0, 0, OC * IC * 9) + start * filter.oc * 4;
        k.packWinograd(M, from, filter.oc * 4, filter.tap * 4, filter.ic * 4, width, live, IC, at, matrix, to + temp);
        at += width * (IC + 1) * 4;
      }
      k.fill(to + bias, columns + IC, 0);
      if (weights.has(1)) k.packPanel(0, 0, 0, 0, 0, weights.at(1, 0, OC), OC, OC, 0, 0, 0, to + bias);
    },
  };
}
