import { PeakProbe } from "./peak.ts";
import { milliseconds, type Report, type Row, type Series } from "./report.ts";

export type Suite = "layers" | "models" | "scale";

export interface SuiteOptions {
  readonly suite: Suite;
  /** A regular expression that names of rows must match, without regard to case. */
  readonly only: string;
  readonly rounds: number;
  /** Whether layers run in lanewise's relaxed build too. */
  readonly relaxed: boolean;
}

/** What a suite needs from the runtime it is in. */
export interface Host {
  readonly runtime: string;
  /** Addresses of the peers' .wasm files, where they do not find them themselves. */
  readonly wasm?: { readonly onnxRuntime: string; readonly tfjsFolder: string };
  /** A file of the folder of shared models; undefined if there is none. */
  readShared(file: string): Promise<Uint8Array | undefined>;
  progress(line: string): void;
}

/** Gathers the rows of a suite, and probes the peak all through it. */
export class Bench {
  readonly options: SuiteOptions;
  readonly #host: Host;
  readonly #only: RegExp;
  readonly #probe = new PeakProbe();
  readonly #rows: Row[] = [];
  readonly #series: Series[] = [];
  readonly #notes: string[] = [];

  constructor(options: SuiteOptions, host: Host) {
    this.options = options;
    this.#host = host;
    this.#only = new RegExp(options.only, "i");
    this.#probe.probe(300);
  }

  wants(name: string): boolean {
    return this.#only.test(name);
  }

  /** A line for the end of the report, once. */
  note(line: string): void {
    if (this.#notes.includes(line)) return;
    this.#notes.push(line);
    this.#host.progress(line);
  }

  add(row: Row): void {
    this.#rows.push(row);
    this.#probe.probe(20);
    const times = Object.entries(row.timings).map(([engine, { min }]) => `${engine} ${milliseconds(min)}`);
    this.#host.progress(`${row.name}: ${times.join(", ")} ms`);
  }

  addSeries(series: Series): void {
    this.#series.push(series);
  }

  report(): Report {
    this.#probe.probe(300);
    const report = { runtime: this.#host.runtime, peak: this.#probe.peak, rows: this.#rows, notes: this.#notes };
    return this.#series.length > 0 ? { ...report, series: this.#series } : report;
  }
}
