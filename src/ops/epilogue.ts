import { UNARY } from "./unary-codes.ts";

export type UnaryName = keyof typeof UNARY;

/** What the kernels take: a clamp to [lo, hi], then perhaps a function of unary.ts with its two parameters. */
export interface Epilogue {
  readonly lo: number;
  readonly hi: number;
  /** Code of the function, or 0. */
  readonly code: number;
  readonly alpha: number;
  readonly beta: number;
}

export const NO_ACTIVATION: Epilogue = { lo: -Infinity, hi: Infinity, code: 0, alpha: 0, beta: 0 };

export function clampEpilogue(lo: number, hi: number): Epilogue {
  return { ...NO_ACTIVATION, lo, hi };
}

export function unaryEpilogue(name: UnaryName, alpha = 0, beta = 0): Epilogue {
  return { ...NO_ACTIVATION, code: UNARY[name], alpha, beta };
}
