/** A value that lies in the memory of another, from a byte on. */
export interface Link {
  readonly value: string;
  readonly whole: string;
  readonly offset: number;
}

/** Where a value lies: in the memory of `root`, from byte `offset` on. */
export interface Home {
  readonly root: string;
  readonly offset: number;
}

/**
 * Which values share memory: a value under another shape, a slice of another value, an operand of a concatenation that is written
 * where it belongs.
 */
export class Homes {
  readonly #links = new Map<string, { readonly whole: string; readonly offset: number }>();

  /** Links in the order of their nodes. */
  constructor(links: Iterable<Link>) {
    for (const { value, whole, offset } of links) {
      // What is another value under another shape takes that one along.
      const { root, offset: inRoot } = this.of(value);
      if (this.of(whole).root === root) throw new Error(`homes: ${value} lies in ${whole} already`);
      this.#links.set(root, { whole, offset: offset - inRoot });
    }
  }

  of(name: string): Home {
    let root = name;
    let offset = 0;
    for (let link = this.#links.get(root); link; link = this.#links.get(root)) {
      root = link.whole;
      offset += link.offset;
    }
    return { root, offset };
  }
}
