import type { NodeProto, OperatorSetIdProto } from "./proto-types.ts";

/** A node, and the version of the standard operator set that it is of. */
export interface VersionedNode {
  readonly proto: NodeProto;
  readonly opset: number;
}

/** Version of the standard operator set; files from before there were any are of version 1. */
export function standardOpset(imports: readonly OperatorSetIdProto[]): number {
  return imports.find(({ domain }) => isStandard(domain))?.version ?? 1;
}

export function isStandard(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}
