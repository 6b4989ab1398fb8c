import { RuntimeError } from "./errors.ts";

/** A module that is loaded when something needs it, so that programs are small and start soon. */
export class OnDemand<T> {
  readonly #bring: () => Promise<T>;
  #module: T | undefined;

  /** `bring` imports the module. */
  constructor(bring: () => Promise<T>) {
    this.#bring = bring;
  }

  /**
   * Loads the module unless it is there.
   *
   * @throws RuntimeError if that fails, as where its file cannot be fetched: it can be tried again.
   */
  async load(): Promise<T> {
    try {
      this.#module ??= await this.#bring();
    } catch (cause) {
      throw new RuntimeError(`lanewise: a part of it expected to load, got ${String(cause)}`, { cause });
    }
    return this.#module;
  }

  /** The module, if it has been loaded. */
  get available(): T | undefined {
    return this.#module;
  }

  /** The module, which must have been loaded. */
  get loaded(): T {
    if (this.#module) return this.#module;
    throw new RuntimeError("lanewise: a part of it expected to be loaded, got one that is not");
  }
}
