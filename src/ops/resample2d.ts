import { ArgumentError, expected, ShapeError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { call, checkOptions } from "./call.ts";
import { imageExtents, type LayoutOptions } from "./layout.ts";
import { checkBoolean, checkNumber, checkWord, createLike, lie } from "./operands.ts";
import { prepareResize, resizedShape } from "./resize.ts";
import type { CoordinateMode, NearestMode } from "./resize-tables.ts";
import { type Pair, pair } from "./window.ts";

const MODES = { "nearest-neighbor": "nearest", linear: "linear", cubic: "cubic" } as const;

const COORDINATES = {
  "half-pixel": "half_pixel",
  "half-pixel-symmetric": "half_pixel_symmetric",
  "pytorch-half-pixel": "pytorch_half_pixel",
  "align-corners": "align_corners",
  asymmetric: "asymmetric",
} as const satisfies Record<string, CoordinateMode>;

const ROUNDINGS = {
  "round-prefer-floor": "round_prefer_floor",
  "round-prefer-ceil": "round_prefer_ceil",
  floor: "floor",
  ceil: "ceil",
} as const satisfies Record<string, NearestMode>;

/** Exactly one of `sizes` and `scales` is needed. */
export interface Resample2dOptions extends LayoutOptions {
  /** [OH, OW], or one number for both. Default: what `scales` gives. */
  readonly sizes?: Pair | undefined;
  /** Factors of height and width, or one for both; the result is rounded down. Default: what `sizes` gives. */
  readonly scales?: Pair | undefined;
  /** Default "nearest-neighbor". */
  readonly mode?: keyof typeof MODES | undefined;
  /**
   * How places of the result become places of x. `half-pixel` (default): by the middle of pixels, as PyTorch with
   * `align_corners: false`; `align-corners`: the outermost pixels meet; `asymmetric`: the first pixels meet; `half-pixel-symmetric`: as
   * half-pixel, about the middle of the image; `pytorch-half-pixel`: as half-pixel, but a single row or column shows the first one.
   */
  readonly coordinates?: keyof typeof COORDINATES | undefined;
  /** For "nearest-neighbor". Default "round-prefer-floor"; PyTorch's `nearest` is "floor" with coordinates "asymmetric". */
  readonly rounding?: keyof typeof ROUNDINGS | undefined;
  /** The coefficient a of the cubic kernel. Default -0.75, as in PyTorch (which takes -0.5 with antialias). */
  readonly cubicCoefficient?: number | undefined;
  /** Whether pixels outside x have no weight, rather than show the edge. Default false. */
  readonly excludeOutside?: boolean | undefined;
  /** Whether the kernel widens when the image gets smaller, so that every pixel counts. Default false. */
  readonly antialias?: boolean | undefined;
}

/**
 * Images in another size.
 *
 * @param x images [N, C, H, W], or [N, H, W, C] with `inputLayout: "nhwc"`
 * @throws ArgumentError for bad options, ShapeError if nothing of an image would be left
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-resample2d-method
 */
export function resample2d(w: Workspace, x: Tensor, options: Resample2dOptions): Tensor {
  const where = "resample2d";
  w.check(where, "x", x);
  checkOptions(where, options, [
    ...(["sizes", "scales", "mode", "coordinates", "rounding", "cubicCoefficient"] as const),
    ...(["excludeOutside", "antialias", "inputLayout"] as const),
  ]);
  const { inputLayout = "nchw" } = options;
  const { H, W } = imageExtents(w, where, "x", x, inputLayout);
  const [rows, columns] = inputLayout === "nchw" ? [2, 3] : [1, 2];
  // Rows lie before columns either way, so that products are added in one order.
  if (inputLayout === "nhwc") w.arrange(x, "dense");
  const lying = lie(w, x);
  const [h, v] = outputOf(where, options, [H, W]);
  const axis = (at: number, { output, scale }: Extent) => {
    return { axis: lying.order.indexOf(at), output, scale, start: 0, end: 1 };
  };
  const spec = {
    mode: MODES[word(where, "mode", MODES, options.mode ?? "nearest-neighbor")],
    coordinates: COORDINATES[word(where, "coordinates", COORDINATES, options.coordinates ?? "half-pixel")],
    nearest: ROUNDINGS[word(where, "rounding", ROUNDINGS, options.rounding ?? "round-prefer-floor")],
    cubic: checkNumber(where, "cubicCoefficient", options.cubicCoefficient ?? -0.75),
    excludeOutside: checkBoolean(where, "excludeOutside", options.excludeOutside),
    antialias: checkBoolean(where, "antialias", options.antialias),
    extrapolation: 0,
    axes: [axis(rows, h), axis(columns, v)],
  };
  const y = createLike(w, where, lying, resizedShape(lying.shape, spec), "float32");
  call(w, where, prepareResize(lying.shape, spec), { inputs: [lying.address], outputs: [y] });
  return y;
}

function word<T extends string>(where: string, what: string, words: Readonly<Record<T, string>>, value: T): T {
  return checkWord(where, what, Object.keys(words) as T[], value);
}

interface Extent {
  readonly output: number;
  readonly scale: number;
}

function outputOf(where: string, { sizes, scales }: Resample2dOptions, image: readonly number[]): Extent[] {
  if ((sizes === undefined) === (scales === undefined)) {
    throw new ArgumentError(
      expected(where, "options", "either sizes or scales", sizes === undefined ? "none" : "both"),
    );
  }
  if (sizes !== undefined) {
    return pair(where, "sizes", sizes, 1).map((output, i) => ({ output, scale: output / image[i] }));
  }
  const factors = typeof scales === "number" ? [scales, scales] : scales;
  const ok = Array.isArray(factors) && factors.length === 2 && factors.every((f) => f > 0 && f < Infinity);
  if (!ok) throw new ArgumentError(expected(where, "scales", "a number > 0 or a pair [height, width] of such", scales));
  return image.map((extent, i) => {
    const scale = factors[i] as number;
    // Measured in float32, as PyTorch and ONNX do: 1.16 times 25 is 29.
    const output = Math.floor(Math.fround(extent * scale));
    if (output < 1) throw new ShapeError(expected(where, "scales", `to leave something of ${image.join("x")}`, scales));
    return { output, scale };
  });
}
