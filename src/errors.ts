/**
 * Every error lanewise throws. One grammar: where, what was expected, what was found:
 * `conv2d: filter expected shape [16, 8, kh, kw], got [16, 3, 3, 3]`.
 */
export class LanewiseError extends Error {
  /** Stable, machine-readable kind of the error. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An argument of the wrong kind or value. */
export class ArgumentError extends LanewiseError {
  constructor(message: string, options?: ErrorOptions) {
    super("argument", message, options);
  }
}

/** Shapes that do not fit each other or the operator. */
export class ShapeError extends LanewiseError {
  constructor(message: string, options?: ErrorOptions) {
    super("shape", message, options);
  }
}

/** One thing in a model that lanewise cannot run. */
export interface UnsupportedItem {
  /** Name of the node, or "" where the file gives none. */
  readonly node: string;
  /** Operator type, such as "LSTM". */
  readonly operator: string;
  readonly reason: string;
  /** Name of a value that would have to be known before the run. */
  readonly needs?: string;
}

/** A well-formed model that needs something lanewise does not have; `items` lists all of it. */
export class UnsupportedError extends LanewiseError {
  readonly items: readonly UnsupportedItem[];

  constructor(message: string, items: readonly UnsupportedItem[] = [], options?: ErrorOptions) {
    super("unsupported", message, options);
    this.items = items;
  }
}

/** Bytes that are not a valid model. */
export class MalformedModelError extends LanewiseError {
  constructor(message: string, options?: ErrorOptions) {
    super("malformed-model", message, options);
  }
}

/** More memory needed than allowed or available. */
export class MemoryLimitError extends LanewiseError {
  constructor(message: string, options?: ErrorOptions) {
    super("memory-limit", message, options);
  }
}

/** Use of an engine, model or tensor after `dispose()`. */
export class DisposedError extends LanewiseError {
  constructor(message: string, options?: ErrorOptions) {
    super("disposed", message, options);
  }
}

/** Work stopped by an AbortSignal; `cause` is the signal's reason. */
export class AbortedError extends LanewiseError {
  constructor(message: string, options?: ErrorOptions) {
    super("aborted", message, options);
  }
}

/** The runtime lacks WebAssembly or its SIMD instructions. */
export class RuntimeError extends LanewiseError {
  constructor(message: string, options?: ErrorOptions) {
    super("runtime", message, options);
  }
}

/** The one sentence of every argument error: `where: what expected X, got Y`. */
export function expected(where: string, what: string, wanted: string, got: unknown): string {
  return `${where}: ${what} expected ${wanted}, got ${describe(got)}`;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describe).join(", ")}]`;
  if (ArrayBuffer.isView(value)) {
    const length = "length" in value ? ` of ${value.length}` : "";
    return `${value.constructor.name}${length}`;
  }
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "object";
  return String(value);
}

/** Throws an `AbortedError` if the signal has fired. */
export function checkAborted(signal: AbortSignal | undefined, where: string): void {
  if (signal?.aborted) throw new AbortedError(`${where}: aborted`, { cause: signal.reason });
}
