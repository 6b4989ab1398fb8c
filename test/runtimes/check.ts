export function check(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

export function equal(got: unknown, want: unknown, what: string): void {
  check(Object.is(got, want), `${what} expected ${String(want)}, got ${String(got)}`);
}
