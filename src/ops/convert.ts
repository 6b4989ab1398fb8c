import { bytesPerElement, type DataType, type HostTensor, viewOf } from "../dtype.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../half.ts";
import type { Shape } from "../shape.ts";

/** float32 values as a tensor of another type: rounded to the nearest for floats, as typed arrays store them for integers. */
export function rounded(
  data: Float32Array<ArrayBuffer>,
  { type, shape }: { readonly type: DataType; readonly shape: Shape },
): HostTensor {
  if (type === "float16") return { type, shape, data: float32ToFloat16(data) as Uint16Array<ArrayBuffer> };
  if (type === "bfloat16") return { type, shape, data: float32ToBfloat16(data) as Uint16Array<ArrayBuffer> };
  if (type === "float32") return { type, shape, data };
  const buffer = new ArrayBuffer(data.length * bytesPerElement(type));
  const result = viewOf(type, buffer, 0, data.length);
  result.set(data as never);
  return { type, shape, data: result };
}
