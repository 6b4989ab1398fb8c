// Processes that tests start: with a time limit, and ended together with their children.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Finished {
  readonly code: number | null;
  /** Standard output and error as they came. */
  readonly output: string;
}

export interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly limit?: number;
}

/** A running process. */
export class Running {
  output = "";
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], { cwd, env, limit = 120_000 }: Options = {}) {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, detached: true, stdio: "pipe" });
    this.#child = child;
    child.stdin?.end();
    const note = (chunk: Buffer) => {
      this.output += chunk;
    };
    child.stdout?.on("data", note);
    child.stderr?.on("data", note);
    const timer = setTimeout(() => {
      this.output += `\nstopped after ${limit / 1000} s`;
      this.stop();
    }, limit);
    this.finished = new Promise((resolve) => {
      const done = (code: number | null) => {
        clearTimeout(timer);
        resolve({ code, output: this.output });
      };
      child.on("error", (error) => {
        this.output += error;
        done(-1);
      });
      child.on("close", done);
    });
  }

  /** The most bytes of memory that the process and those that it started have held, each at its own time (Linux). */
  peakMemory(): number {
    const group = this.#child.pid;
    const peaks = readdirSync("/proc").map((entry) => {
      try {
        // The fields behind the name, which may itself hold blanks: state, parent, group.
        const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
        if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) !== group) return 0;
        return 1024 * Number(readFileSync(`/proc/${entry}/status`, "utf8").match(/^VmHWM:\s+(\d+)/m)?.[1]);
      } catch {
        return 0; // No process, or one that has just ended.
      }
    });
    return peaks.reduce((sum, peak) => sum + peak, 0);
  }

  /** Ends the process and those that it started. */
  async stop(): Promise<void> {
    try {
      process.kill(-(this.#child.pid as number), "SIGKILL");
    } catch {
      // It has ended already, or never begun.
    }
    await this.finished;
  }
}

/** Runs a command to its end. Throws with its output unless it exits with 0. */
export async function run(command: string, args: readonly string[], options: Options = {}): Promise<string> {
  const { code, output } = await new Running(command, args, options).finished;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${output.slice(-2000)}`);
  return output;
}

/** Asks again and again until there is an answer, or the process ends, or the time is over. */
export async function answerOf(running: Running, url: string, init?: RequestInit, limit = 30_000): Promise<Response> {
  let ended = false;
  running.finished.then(() => {
    ended = true;
  });
  for (const start = performance.now(); performance.now() - start < limit && !ended; ) {
    try {
      return await fetch(url, init);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error(`no answer from ${url}: ${running.output.slice(-2000)}`);
}
