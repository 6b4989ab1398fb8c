import { ArgumentError, expected, ShapeError } from "../errors.ts";
import { elementCount, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { checkFloat } from "./layout.ts";

/** What a filter's shape says. */
export interface Filter {
  /** Extents of the axes "o" and "i" of the layout. */
  readonly O: number;
  readonly I: number;
  readonly KH: number;
  readonly KW: number;
  /** Elements from one value to the next along the axes "o" and "i", and from one place of the window to the next. */
  readonly oc: number;
  readonly ic: number;
  readonly tap: number;
}

/** What the layout's letters are called in messages. */
const AXES: Readonly<Record<string, string>> = { o: "oc", i: "ic", h: "kh", w: "kw", k: "k", c: "c", m: "m" };

/**
 * Reads a filter whose layout is one letter an axis: "o" and "i" channels, "h" and "w" (or "k" alone) the window, whose axes stand side
 * by side. `fixed` gives the extents that are known, by letter.
 */
export function readFilter(
  w: Workspace,
  where: string,
  what: string,
  filter: Tensor,
  layout: string,
  layouts: readonly string[],
  fixed: Readonly<Record<string, number>>,
): Filter {
  w.check(where, what, filter);
  checkFloat(where, what, filter);
  if (!layouts.includes(layout)) {
    throw new ArgumentError(expected(where, `${what}Layout`, layouts.join(", "), layout));
  }
  const { shape } = filter;
  const letters = [...layout];
  const fits = letters.every((letter, axis) => fixed[letter] === undefined || shape[axis] === fixed[letter]);
  if (shape.length !== letters.length || !fits) {
    const wanted = letters.map((letter) => fixed[letter] ?? AXES[letter]);
    throw new ShapeError(expected(where, what, `shape ${formatShape(wanted)}`, formatShape(shape)));
  }
  if (shape.includes(0)) throw new ShapeError(expected(where, what, "extents of at least 1", formatShape(shape)));
  const extent = (letter: string) => shape[layout.indexOf(letter)] ?? 1;
  const step = (letter: string) => elementCount(shape.slice(layout.indexOf(letter) + 1));
  const last = layout.includes("k") ? "k" : "w";
  return {
    O: extent("o"),
    I: extent("i"),
    KH: extent("h"),
    KW: extent(last),
    oc: step("o"),
    ic: step("i"),
    tap: step(last),
  };
}

/** Checks that `groups` divides the input channels. */
export function checkGroups(where: string, groups: number, IC: number): void {
  if (Number.isInteger(groups) && groups >= 1 && IC % groups === 0) return;
  throw new ArgumentError(expected(where, "groups", `a divisor of the ${IC} input channels`, groups));
}
