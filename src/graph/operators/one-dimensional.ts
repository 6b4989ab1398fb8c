import type { GraphNode } from "../graph.ts";
import { int64Vector } from "../host.ts";
import type { NameMaker, NodeView, Operator } from "../operator.ts";

/** Attributes with one value for each spatial axis, and what the added axis gets. */
const PER_AXIS: Readonly<Record<string, number>> = {
  kernel_shape: 1,
  strides: 1,
  dilations: 1,
  output_padding: 0,
};

/**
 * Lets an operator on images take sequences [N, C, L] too: they become images one row high. `inputs` are those that get the axis
 * (images, filters).
 */
export function withSequences(operator: Operator, inputs: readonly number[] = [0]): Operator {
  return {
    ...operator,
    expand(node, names) {
      if (node.input(0).shape.length !== 3) return operator.expand?.(node, names);
      return asImage(node, names, inputs);
    },
  };
}

function asImage({ node }: NodeView, names: NameMaker, places: readonly number[]): GraphNode[] {
  const axes = names.addConstant(`${node.name || node.outputs[0]}:axis`, int64Vector([2]));
  const before: GraphNode[] = [];
  const inputs = node.inputs.map((name, i) => {
    if (name === "" || !places.includes(i)) return name;
    const wide = names.freshName(`${name}:image`);
    before.push({ op: "Unsqueeze", name: wide, inputs: [name, axes], outputs: [wide], attributes: {} });
    return wide;
  });
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([key, value]) => {
      if (key in PER_AXIS && Array.isArray(value)) return [key, [PER_AXIS[key], ...(value as number[])]];
      if (key === "pads" && Array.isArray(value)) return [key, [0, value[0], 0, value[1]]];
      if (key === "output_shape" && Array.isArray(value)) return [key, [1, ...(value as number[])]];
      return [key, value];
    }),
  );
  const outputs = node.outputs.map((name) => name && names.freshName(`${name}:image`));
  const after = node.outputs.flatMap((name, i): GraphNode[] =>
    name ? [{ op: "Squeeze", name, inputs: [outputs[i], axes], outputs: [name], attributes: {} }] : [],
  );
  return [...before, { ...node, inputs, outputs, attributes }, ...after];
}
