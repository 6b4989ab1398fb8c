import { ArgumentError, expected } from "../errors.ts";
import { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { type Prepared, residentWeights } from "./prepared.ts";

/** Where a prepared operator's operands are for one direct call. */
export interface CallOperands {
  readonly inputs: readonly number[];
  /** Addresses of the weight tensors, 0 where there is none. */
  readonly weights?: readonly number[];
  readonly outputs: readonly Tensor[];
}

/** Runs a prepared operator once, outside any plan: packs its weights, and lends it scratch memory. */
export function call(
  w: Workspace,
  where: string,
  prepared: Prepared,
  { inputs, weights = [], outputs }: CallOperands,
): void {
  const { packing, scratchBytes } = prepared;
  w.withScratch(where, packing?.bytes ?? 0, (packed) =>
    w.withScratch(where, scratchBytes, (scratch) => {
      packing?.write(w.kernels, residentWeights(weights), packed);
      prepared.run(w.kernels, { inputs, outputs: outputs.map((tensor) => w.address(tensor)), scratch, packed });
    }),
  );
}

/** Checks that `options` is an object without unknown keys: a misspelt option would otherwise be passed over in silence. */
export function checkOptions<T extends object>(where: string, options: T, known: readonly (keyof T)[]): void {
  if (typeof options !== "object" || options === null || options instanceof Tensor || Array.isArray(options)) {
    throw new ArgumentError(expected(where, "options", `an object with ${known.join(", ")}`, options));
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key as keyof T)) {
      throw new ArgumentError(expected(where, "option", known.join(", "), key));
    }
  }
}
