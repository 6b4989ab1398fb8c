import type { DataType, HostTensor } from "../dtype.ts";
import { MalformedModelError, type UnsupportedItem } from "../errors.ts";
import type { Attribute, Graph, GraphNode, ValueInfo } from "../graph/graph.ts";
import { unsupportedModel } from "../graph/infer.ts";
import { isKnownOperator } from "../graph/operators/index.ts";
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from "./proto.ts";
import { ATTRIBUTE_TYPE, attributeValue, declaredShape, kindOf } from "./proto.ts";
import { type DecodeOptions, dataTypeOf, decodeTensor, nameOfCode } from "./tensor.ts";
import { upgradeNode } from "./upgrade.ts";

/**
 * Turns a decoded model into a graph: attributes become plain values, nodes of old operator sets take the form of the newest.
 * Throws one UnsupportedError that lists every operator that lanewise does not have.
 */
export function importModel(model: ModelProto, options: DecodeOptions = {}): Graph {
  return new Importer(opsetOf(model), options).graph(model.graph);
}

function opsetOf(model: ModelProto): number {
  const standard = model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
  return standard?.version ?? 1;
}

class Importer {
  readonly #opset: number;
  readonly #options: DecodeOptions;

  constructor(opset: number, options: DecodeOptions) {
    this.#opset = opset;
    this.#options = options;
  }

  graph(proto: GraphProto): Graph {
    const constants = new Map<string, HostTensor>();
    for (const tensor of proto.initializer) constants.set(tensor.name, decodeTensor(tensor, this.#options));
    const problems: UnsupportedItem[] = [];
    const nodes: GraphNode[] = [];
    for (const node of proto.node) {
      const reason = unknownOperator(node);
      if (reason) problems.push({ node: node.name || node.output[0], operator: node.opType, reason });
      else nodes.push(...this.#node(node, constants));
    }
    if (problems.length > 0) throw unsupportedModel(problems);
    return {
      name: proto.name,
      // Models before IR version 4 list their initializers as inputs too.
      inputs: proto.input.filter(({ name }) => !constants.has(name)).map(valueInfo),
      outputs: proto.output.map(valueInfo),
      nodes,
      constants,
    };
  }

  #node(proto: NodeProto, constants: Map<string, HostTensor>): GraphNode[] {
    const attributes: Record<string, Attribute> = {};
    for (const attribute of proto.attribute) {
      if (attribute.type === ATTRIBUTE_TYPE.tensor && attribute.t) {
        attributes[attribute.name] = decodeTensor(attribute.t, this.#options);
      } else if (attribute.type === ATTRIBUTE_TYPE.graph && attribute.g) {
        attributes[attribute.name] = this.graph(attribute.g);
      } else {
        const value = attributeValue(attribute);
        if (value !== undefined) attributes[attribute.name] = value as Attribute;
      }
    }
    const node = { op: proto.opType, name: proto.name, inputs: proto.input, outputs: proto.output, attributes };
    return upgradeNode(node, this.#opset, constants);
  }
}

function unknownOperator({ opType, domain }: NodeProto): string | undefined {
  if (domain !== "" && domain !== "ai.onnx") return `operators of domain "${domain}" are not supported`;
  return isKnownOperator(opType) ? undefined : "operator is not supported";
}

function valueInfo(proto: ValueInfoProto): ValueInfo {
  const elemType = proto.type?.tensorType?.elemType;
  if (proto.type && elemType === undefined) {
    const kind = kindOf(proto.type);
    throw unsupportedModel([
      { node: proto.name, operator: "value", reason: `values of kind ${kind} are not supported` },
    ]);
  }
  if (elemType === undefined) throw new MalformedModelError(`model: value "${proto.name}" expected a type, got none`);
  const type: DataType | undefined = dataTypeOf(elemType);
  if (!type) {
    const reason = `element type ${nameOfCode(elemType)} is not supported`;
    throw unsupportedModel([{ node: proto.name, operator: "value", reason }]);
  }
  const shape = declaredShape(proto)?.map((extent) => extent ?? "");
  return { name: proto.name, type, shape };
}
