import { refuse, type Upgrade, withAttributes } from "./context.ts";
import { Rewriting } from "./rewriting.ts";

/**
 * Before set 7 the second operand was stretched only if `broadcast` was set, with its first axis at axis `axis` of the
 * first operand, or with the last axes of both together. Only the former differs from what is done now.
 */
export const legacyBroadcast: Upgrade = (node, context) => {
  const axis = node.attributes["axis"];
  const plain = withAttributes(node, { axis: undefined, broadcast: undefined, consumed_inputs: undefined });
  if (!node.attributes["broadcast"] || typeof axis !== "number" || axis === -1) return [plain];
  if (axis < 0) refuse(node, `broadcasting at axis ${axis} is not supported`);
  const rewriting = new Rewriting(node, context);
  const [a, b] = node.inputs;
  const aligned = alignedAt(rewriting, a, b, axis);
  return [...rewriting.nodes, { ...plain, inputs: [a, aligned] }];
};

/** Before set 7 the slope of PRelu was one number or one a channel, whatever the rank of the input. */
export const slopeByChannel: Upgrade = (node, context) => {
  const rewriting = new Rewriting(node, context);
  const [x, slope] = node.inputs;
  const aligned = alignedAt(rewriting, x, slope, 1);
  return [...rewriting.nodes, { ...withAttributes(node, { consumed_inputs: undefined }), inputs: [x, aligned] }];
};

/** b with axes of extent 1 behind its own, so that these lie at axis `axis` of a when the last axes of both meet. */
function alignedAt(rewriting: Rewriting, a: string, b: string, axis: number): string {
  const shape = rewriting.op("Shape", [b]);
  const rankOf = (shapeName: string) => rewriting.op("Shape", [shapeName]);
  const rest = rewriting.op("Sub", [rankOf(rewriting.op("Shape", [a])), rankOf(shape)]);
  const behind = rewriting.op("Sub", [rest, rewriting.integers(axis)]);
  const value = { type: "int64", shape: [1], data: BigInt64Array.of(1n) } as const;
  const ones = rewriting.op("ConstantOfShape", [behind], { value });
  return rewriting.op("Reshape", [b, rewriting.op("Concat", [shape, ones], { axis: 0 })]);
}

/** Before set 21 scale and bias of a group normalisation were one a group; now they are one a channel. */
export const affineByChannel: Upgrade = (node, context) => {
  const groups = node.attributes["num_groups"];
  if (typeof groups !== "number") return [node];
  const rewriting = new Rewriting(node, context);
  const [x, scale, bias] = node.inputs;
  const channels = rewriting.op("Shape", [x], { start: 1, end: 2 });
  const count = rewriting.integers(groups);
  const target = rewriting.op("Concat", [count, rewriting.op("Div", [channels, count])], { axis: 0 });
  const stretched = (value: string) => {
    const column = rewriting.op("Reshape", [value, rewriting.integers(groups, 1)]);
    return rewriting.op("Reshape", [rewriting.op("Expand", [column, target]), rewriting.integers(-1)]);
  };
  const inputs = [x, stretched(scale), stretched(bias)];
  return [...rewriting.nodes, { ...node, inputs }];
};
