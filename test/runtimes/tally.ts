/** Counts what passed, and says what did not. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** A test with nothing to tell but how it ended. */
  async test(name: string, body: () => Promise<string | undefined>): Promise<void> {
    const start = performance.now();
    try {
      const detail = await body();
      this.passed++;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`ok    ${name.padEnd(44)} ${seconds.padStart(5)} s  ${detail ?? ""}`.trimEnd());
    } catch (error) {
      this.fail(name, error);
    }
  }

  fail(name: string, error: unknown): void {
    this.failed++;
    console.log(`FAIL  ${name}\n      ${error instanceof Error ? error.message : error}`);
  }

  /** Something that this machine lacks. On CI, which installs everything, that is a failure. */
  skip(name: string, reason: string): void {
    if (process.env["CI"]) {
      this.fail(name, reason);
    } else {
      this.skipped++;
      console.log(`skip  ${name.padEnd(44)} ${reason}`);
    }
  }

  toString(): string {
    return `${this.passed} passed, ${this.failed} failed${this.skipped > 0 ? `, ${this.skipped} skipped` : ""}`;
  }
}
