import { bytesPerElement } from "../../dtype.ts";
import { elementCount } from "../../shape.ts";
import type { Draft } from "../draft.ts";
import type { GraphNode } from "../graph.ts";
import type { Lowered } from "../operator.ts";
import { findOperator } from "../operators/index.ts";

/** A piece of memory: its bytes, and the first and last node that needs it. */
interface Life {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** What always computes, and takes a while to make ready. */
const COMPUTING = new Set(["Conv", "ConvInteger", "ConvTranspose", "Gemm", "MatMul", "QLinearConv"]);

/** How much memory the values of a draft need, and how that changes as some come to lie in others. Scratch memory is left out. */
export class Lifetimes {
  readonly #draft: Draft;
  readonly #lives = new Map<string, Life>();
  readonly #homes = new Map<string, string>();
  readonly #lowered = new Map<GraphNode, Lowered | undefined>();
  #peak: number;

  constructor(draft: Draft) {
    this.#draft = draft;
    const { nodes } = draft;
    const define = (name: string, at: number) => {
      const type = draft.types.get(name);
      if (!type || draft.constants.has(name)) return;
      this.#lives.set(name, { bytes: elementCount(type.shape) * bytesPerElement(type.type), first: at, last: at });
    };
    const use = (name: string, at: number) => {
      const home = this.#home(name);
      const life = this.#lives.get(home);
      if (life) this.#lives.set(home, { ...life, last: at });
    };
    for (const name of draft.inputs) define(name, -1);
    nodes.forEach((node, at) => {
      for (const name of node.inputs) use(name, at);
      const lowered = this.loweredMove(node);
      const isPart = lowered === "alias" || (lowered !== undefined && lowered.prepared === undefined);
      for (const name of node.outputs) {
        if (isPart) this.#homes.set(name, node.inputs[0]);
        else define(name, at);
      }
    });
    for (const name of draft.outputs) use(name, nodes.length);
    this.#peak = this.#peakOf(this.#lives);
  }

  /** How a node that may only move elements runs: any but the heavy ones may turn out to. */
  loweredMove(node: GraphNode): Lowered | undefined {
    if (COMPUTING.has(node.op)) return undefined;
    if (!this.#lowered.has(node)) this.#lowered.set(node, findOperator(node.op)?.lower?.(this.#draft.view(node)));
    return this.#lowered.get(node);
  }

  /** Lets values lie in `whole` from now on, if that does not make the peak higher: tells whether. */
  join(parts: readonly string[], whole: string): boolean {
    const home = this.#home(whole);
    const lives = new Map(this.#lives);
    let life = lives.get(home);
    for (const name of parts) {
      const own = this.#home(name);
      const other = lives.get(own);
      if (!life || !other || own === home) return false;
      life = { bytes: life.bytes, first: Math.min(life.first, other.first), last: Math.max(life.last, other.last) };
      lives.delete(own);
    }
    if (life) lives.set(home, life);
    const peak = this.#peakOf(lives);
    if (peak > this.#peak) return false;
    this.#peak = peak;
    this.#lives.clear();
    for (const [name, each] of lives) this.#lives.set(name, each);
    for (const name of parts) this.#homes.set(this.#home(name), home);
    return true;
  }

  #home(name: string): string {
    let home = name;
    for (let next = this.#homes.get(home); next !== undefined; next = this.#homes.get(home)) home = next;
    return home;
  }

  #peakOf(lives: ReadonlyMap<string, Life>): number {
    const change = new Array<number>(this.#draft.nodes.length + 4).fill(0);
    for (const { bytes, first, last } of lives.values()) {
      change[first + 1] += bytes;
      change[last + 2] -= bytes;
    }
    let live = 0;
    let most = 0;
    for (const bytes of change) {
      live += bytes;
      most = Math.max(most, live);
    }
    return most;
  }
}
