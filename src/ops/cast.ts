import { allocate, type DataType, type HostTensor, isDataType } from "../dtype.ts";
import { ArgumentError, expected } from "../errors.ts";
import { toFloat32 } from "../half.ts";
import type { Tensor } from "../tensor.ts";
import type { Workspace } from "../workspace.ts";
import { rounded } from "./convert.ts";

/**
 * The elements as another type. Floats become integers by truncation, and wrap; NaN and infinities become 0. Everything but 0 becomes
 * true. Computed on the host.
 *
 * @param x of any type and shape
 * @param type the type of the result, such as "int32"
 * @throws ArgumentError if it is none
 * @see https://www.w3.org/TR/webnn/#api-mlgraphbuilder-cast
 */
export function cast(w: Workspace, x: Tensor, type: DataType): Tensor {
  const where = "cast";
  w.check(where, "x", x);
  if (!isDataType(type)) throw new ArgumentError(expected(where, "type", 'an element type such as "float32"', type));
  w.arrange(x, "dense");
  const { data } = castHost({ type: x.type, shape: x.shape, data: w.view(x) }, type);
  const y = w.create(where, x.shape, "dense", type);
  // Memory may have grown: a view of x is one no more.
  w.view(y).set((type === x.type ? w.view(x) : data) as never);
  return y;
}

/** The same of plain arrays; gives x itself if it is of that type. */
export function castHost(x: HostTensor, type: DataType): HostTensor {
  if (type === x.type) return x;
  if (type === "float16" || type === "bfloat16") return rounded(toFloat32(x), { type, shape: x.shape });
  const values = x.type === "float16" || x.type === "bfloat16" ? toFloat32(x) : x.data;
  const data = allocate(type, values.length);
  const convert = conversionTo(type);
  for (let i = 0; i < values.length; i++) data[i] = convert(values[i]) as never;
  return { type, shape: x.shape, data };
}

function conversionTo(type: DataType): (value: number | bigint) => number | bigint {
  if (type === "bool") return (value) => (Number(value) !== 0 ? 1 : 0);
  if (type === "int64" || type === "uint64") {
    return (value) => (typeof value === "bigint" ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n);
  }
  if (type === "float32" || type === "float64") return Number;
  return (value) => (typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value);
}
