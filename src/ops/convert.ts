import { bytesPerElement, type DataType, type HostTensor, viewOf } from "../dtype.ts";
import { float32ToBfloat16, float32ToFloat16, toFloat32 } from "../half.ts";
import { elementCount, type Shape } from "../shape.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { Prepared } from "./prepared.ts";

/** An operand that is not float32 where the kernels want float32. */
export interface Operand {
  readonly type: DataType;
  readonly shape: Shape;
}

/**
 * Lets float32 kernels work on tensors of other types, converted in scratch before and rounded after each run. An output given as
 * undefined is left as the kernels write it.
 */
export function prepareConverted(
  prepared: Prepared,
  inputs: readonly Operand[],
  outputs: readonly (Operand | undefined)[],
): Prepared {
  let scratchBytes = Math.ceil(prepared.scratchBytes / 64) * 64;
  const place = (operand: Operand | undefined) => {
    if (!operand || operand.type === "float32") return undefined;
    const offset = scratchBytes;
    scratchBytes += Math.ceil((elementCount(operand.shape) * 4) / 64) * 64;
    return { ...operand, count: elementCount(operand.shape), offset };
  };
  const before = inputs.map(place);
  const after = outputs.map(place);
  return {
    ...prepared,
    algorithm: `${prepared.algorithm}, converted`,
    scratchBytes,
    run(k, at) {
      const places = at.inputs.map((from, i) => {
        const wide = before[i];
        if (!wide) return from;
        const data = viewOf(wide.type, k.memory.buffer, from, wide.count);
        floats(k, at.scratch + wide.offset, wide.count).set(toFloat32({ ...wide, data }));
        return at.scratch + wide.offset;
      });
      const results = at.outputs.map((to, i) => (after[i] && to ? at.scratch + after[i].offset : to));
      prepared.run(k, { ...at, inputs: places, outputs: results });
      at.outputs.forEach((to, i) => {
        const narrow = after[i];
        if (!narrow || !to) return;
        const result = rounded(floats(k, at.scratch + narrow.offset, narrow.count), narrow);
        viewOf(narrow.type, k.memory.buffer, to, narrow.count).set(result.data as never);
      });
    },
  };
}

function floats(k: Kernels, at: number, count: number): Float32Array<ArrayBuffer> {
  return new Float32Array(k.memory.buffer, at, count);
}

/** float32 values as a tensor of another type: rounded to the nearest for floats, as typed arrays store them for integers. */
export function rounded(data: Float32Array<ArrayBuffer>, { type, shape }: Operand): HostTensor {
  if (type === "float16") return { type, shape, data: float32ToFloat16(data) as Uint16Array<ArrayBuffer> };
  if (type === "bfloat16") return { type, shape, data: float32ToBfloat16(data) as Uint16Array<ArrayBuffer> };
  if (type === "float32") return { type, shape, data };
  const buffer = new ArrayBuffer(data.length * bytesPerElement(type));
  const result = viewOf(type, buffer, 0, data.length);
  result.set(data as never);
  return { type, shape, data: result };
}
