import type { HostTensor } from "../dtype.ts";
import type { Attribute, GraphNode } from "../graph/graph.ts";

/**
 * Rewrites a node of operator set `opset` in the form of the newest set: what were attributes and became inputs
 * (axes, shapes, bounds, pads) become constants.
 */
export function upgradeNode(node: GraphNode, opset: number, constants: Map<string, HostTensor>): GraphNode[] {
  const upgrade = UPGRADES[node.op];
  return upgrade ? upgrade(node, { opset, constants }) : [node];
}

interface Context {
  readonly opset: number;
  readonly constants: Map<string, HostTensor>;
}

type Upgrade = (node: GraphNode, context: Context) => GraphNode[];

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  Reshape: attributesToInputs(5, { shape: 1 }),
  Squeeze: attributesToInputs(13, { axes: 1 }),
  Unsqueeze: attributesToInputs(13, { axes: 1 }),
  Clip: attributesToInputs(11, { min: 1, max: 2 }),
  Softmax: softmaxOverTrailingAxes,
  LogSoftmax: softmaxOverTrailingAxes,
  Dropout: dropout,
};

/** Attributes that are inputs since operator set `since`: name and place among the inputs. */
function attributesToInputs(since: number, places: Readonly<Record<string, number>>): Upgrade {
  return (node, { opset, constants }) => {
    if (opset >= since) return [node];
    const attributes: Record<string, Attribute> = { ...node.attributes };
    const inputs = [...node.inputs];
    for (const [name, place] of Object.entries(places)) {
      const value = attributes[name];
      if (value === undefined) continue;
      delete attributes[name];
      while (inputs.length < place) inputs.push("");
      inputs[place] = addConstant(constants, `${node.outputs[0]}:${name}`, value);
    }
    return [{ ...node, attributes, inputs }];
  };
}

/** Integers become an int64 tensor, a single float a float32 scalar: the types of all inputs that once were attributes. */
function addConstant(constants: Map<string, HostTensor>, name: string, value: Attribute): string {
  if (typeof value === "number") constants.set(name, { type: "float32", shape: [], data: Float32Array.of(value) });
  else {
    const integers = (value as readonly number[]).map((v) => BigInt(v));
    constants.set(name, { type: "int64", shape: [integers.length], data: BigInt64Array.from(integers) });
  }
  return name;
}

/** Before set 13, softmax ran over all axes from `axis` (default 1) to the last as one. */
function softmaxOverTrailingAxes(node: GraphNode, { opset }: Context): GraphNode[] {
  if (opset >= 13) return [node];
  return [{ ...node, attributes: { axis: 1, ...node.attributes, trailing: 1 } }];
}

/** At inference dropout passes its input on; an old `is_test` and the ratio say nothing then. */
function dropout(node: GraphNode, { opset }: Context): GraphNode[] {
  return opset >= 12 ? [node] : [{ ...node, inputs: [node.inputs[0]], attributes: {} }];
}
