import { bytesPerElement, type DataType } from "../dtype.ts";
import { ArgumentError, expected, MalformedModelError } from "../errors.ts";
import { elementCount } from "../shape.ts";
import { subgraphs } from "./names.ts";
import type { ModelProto, NodeProto, TensorProto } from "./proto-types.ts";
import type { ExternalData } from "./tensor.ts";

/** The bytes of a file that a model keeps weights in, by the location that the model gives; undefined if there is none. */
export type ExternalResolver = (location: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** Asks for each file that the tensors of a model name, once, all at the same time. */
export async function gatherExternal(model: ModelProto, resolve: ExternalResolver): Promise<ExternalData> {
  const locations = new Set<string>();
  const look = (tensor: TensorProto | undefined) => {
    if (tensor?.dataLocation !== 1) return;
    const location = tensor.externalData?.find(({ key }) => key === "location")?.value;
    if (location) locations.add(location);
  };
  const visit = (nodes: readonly NodeProto[]): void => {
    for (const node of nodes) {
      for (const { t } of node.attribute) look(t);
      for (const graph of subgraphs(node)) {
        graph.initializer.forEach(look);
        visit(graph.node);
      }
    }
  };
  model.graph.initializer.forEach(look);
  visit(model.graph.node);
  for (const { node } of model.functions) visit(node);
  const files = await Promise.all(Array.from(locations, async (each) => [each, await resolve(each)] as const));
  return Object.fromEntries(files.filter((file): file is [string, Uint8Array] => file[1] !== undefined));
}

/** The bytes of a tensor in another file; without a length of its own it is as long as its shape says. */
export function externalBytes(
  proto: TensorProto,
  type: DataType,
  where: string,
  externalData: ExternalData | undefined,
): Uint8Array {
  const entries = new Map(proto.externalData?.map(({ key, value }) => [key, value]));
  const location = entries.get("location");
  if (!location) throw new MalformedModelError(expected(where, "external_data", "a location", "none"));
  const file = externalData && Object.hasOwn(externalData, location) ? externalData[location] : undefined;
  if (!(file instanceof Uint8Array)) {
    throw new ArgumentError(expected(where, "externalData", `the bytes of "${location}"`, file ?? "none"));
  }
  const offset = byteNumber(entries.get("offset") ?? "0", "offset", where);
  const bytes = elementCount(proto.dims) * bytesPerElement(type);
  const length = entries.has("length") ? byteNumber(entries.get("length")!, "length", where) : bytes;
  if (offset + length > file.length) {
    const wanted = `${length} bytes at byte ${offset} of "${location}"`;
    throw new MalformedModelError(expected(where, "external data", wanted, `a file of ${file.length} bytes`));
  }
  return file.subarray(offset, offset + length);
}

function byteNumber(text: string, what: string, where: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new MalformedModelError(expected(where, `external_data ${what}`, "a number of bytes", `"${text}"`));
}
