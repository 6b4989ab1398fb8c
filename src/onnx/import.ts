import type { HostTensor } from "../dtype.ts";
import { MalformedModelError, UnsupportedError, type UnsupportedItem } from "../errors.ts";
import type { Attribute, Graph, GraphNode, ValueInfo } from "../graph/graph.ts";
import { unsupportedModel } from "../graph/infer.ts";
import { constantOf, ODD_CONSTANT } from "../graph/operators/shapes.ts";
import { Names } from "./names.ts";
import { FUNCTIONS, isSupported, REFUSALS } from "./needs.ts";
import { isStandard, standardOpset, type VersionedNode } from "./opset.ts";
import { neededNodes } from "./order.ts";
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from "./proto.ts";
import { ATTRIBUTE_TYPE, attributeValue, declaredShape, kindOf } from "./proto.ts";
import { type DecodeOptions, dataTypeOf, decodeTensor, nameOfCode } from "./tensor.ts";
import { upgradeNode } from "./upgrade.ts";

/**
 * Turns a decoded model into a graph: its functions are put where they are called, what no output needs is left out,
 * attributes become plain values, constants are gathered, and nodes of old operator sets take the form of the newest.
 *
 * What is loaded on demand must be there: `loadNeeds` loads what the model needs.
 *
 * @throws UnsupportedError that lists everything in the file that lanewise does not have.
 * @throws MalformedModelError if values are missing, defined twice, or need themselves.
 */
export function importModel(model: ModelProto, options: DecodeOptions = {}): Graph {
  const importer = new Importer(model, options);
  const graph = importer.model();
  if (importer.problems.length === 0) return graph;
  throw unsupportedModel([...importer.problems, ...(REFUSALS.available?.refusedBesides(graph) ?? [])]);
}

/** What is visible in a graph: its constants, and for a branch the graph around it. */
interface Scope {
  readonly constants: Map<string, HostTensor>;
  readonly defined: ReadonlySet<string>;
  readonly outer: Scope | undefined;
}

class Importer {
  readonly problems: UnsupportedItem[] = [];
  readonly #model: ModelProto;
  readonly #options: DecodeOptions;
  readonly #names: Names;
  /** Puts the model's own functions where they are called. */
  readonly #inlined: (nodes: readonly NodeProto[], opset: number) => VersionedNode[];

  constructor(model: ModelProto, options: DecodeOptions) {
    this.#model = model;
    this.#options = options;
    this.#names = new Names(model.graph);
    const functions = model.functions.length > 0 ? new FUNCTIONS.loaded.Functions(model, this.#names) : undefined;
    this.#inlined = (nodes, opset) =>
      functions ? functions.expand(nodes, opset) : nodes.map((proto) => ({ proto, opset }));
  }

  model(): Graph {
    const { graph, opsetImport } = this.#model;
    const body = this.#body(graph, standardOpset(opsetImport), undefined);
    // Models before IR version 4 list their initializers as inputs too.
    const initialized = new Set(graph.initializer.map(({ name }) => name));
    const inputs = graph.input.filter(({ name }) => !initialized.has(name));
    return { ...body, inputs: this.#valueInfos(inputs), outputs: this.#valueInfos(graph.output) };
  }

  /** A branch of If. What it computes is checked if it is taken; the types that it declares are not used. */
  #branch(graph: GraphProto, opset: number, outer: Scope): Graph {
    const body = this.#body(graph, opset, outer);
    const value = ({ name }: ValueInfoProto): ValueInfo => ({ name, type: "float32", shape: undefined });
    return { ...body, inputs: graph.input.map(value), outputs: graph.output.map(value) };
  }

  #body(graph: GraphProto, opset: number, outer: Scope | undefined): Omit<Graph, "inputs" | "outputs"> {
    const given = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
    for (const { values } of graph.sparseInitializer ?? []) if (values) given.add(values.name);
    const expanded = this.#inlined(graph.node, opset);
    const outputs = graph.output.map(({ name }) => name);
    const { nodes, read } = neededNodes(expanded, outputs, given, (name) => isDefined(outer, name));

    const computed = expanded.flatMap(({ proto }) => proto.output);
    const scope: Scope = { constants: new Map(), defined: new Set([...given, ...computed]), outer };
    for (const tensor of graph.initializer) {
      if (read.has(tensor.name)) this.#initializer(tensor, scope);
    }
    for (const { values } of graph.sparseInitializer ?? []) {
      if (!values || !read.has(values.name)) continue;
      this.problems.push({ node: values.name, operator: "initializer", reason: "sparse tensors are not supported" });
    }
    const kept = nodes.flatMap((node) => this.#node(node, scope));
    return { name: graph.name, nodes: kept, constants: scope.constants };
  }

  #initializer(tensor: TensorProto, { constants }: Scope): void {
    const decoded = this.#attempt(tensor.name, "initializer", () =>
      decodeTensor(tensor, { ...this.#options, lazy: true }),
    );
    if (decoded) constants.set(tensor.name, decoded);
  }

  #node({ proto, opset }: VersionedNode, scope: Scope): GraphNode[] {
    const label = proto.name || (proto.output.find((name) => name !== "") ?? "");
    // What a branch does is checked when it is known that it is taken.
    if (!scope.outer && !isSupported(proto.opType, proto.domain)) {
      const reason = REFUSALS.loaded.refusalOf(proto.opType, proto.domain);
      this.problems.push({ node: label, operator: proto.opType, reason });
      return [];
    }
    const op = isStandard(proto.domain) ? proto.opType : `${proto.domain}.${proto.opType}`;
    const done = this.#attempt(label, op, () => {
      const attributes = this.#attributes(proto, opset, scope);
      if (op === "Constant") {
        const value = constantOf(attributes);
        if (!value) throw unsupported(ODD_CONSTANT);
        scope.constants.set(proto.output[0], value);
        return [];
      }
      const name = proto.output[0] ? proto.name : label;
      return this.#upgraded({ op, name, inputs: proto.input, outputs: proto.output, attributes }, opset, scope);
    });
    return done ?? [];
  }

  #upgraded(node: GraphNode, opset: number, scope: Scope): GraphNode[] {
    const nodes = upgradeNode(node, {
      opset,
      constant: (name) => findConstant(scope, name),
      fresh: (stem) => this.#names.fresh(stem),
      add: (stem, tensor) => {
        const name = this.#names.fresh(stem);
        scope.constants.set(name, tensor);
        return name;
      },
    });
    const missing = scope.outer ? undefined : nodes.find(({ op }) => !isSupported(op));
    if (missing) throw unsupported(`it becomes ${missing.op}, which is not supported`);
    return nodes;
  }

  #attributes(proto: NodeProto, opset: number, scope: Scope): Record<string, Attribute> {
    const attributes: Record<string, Attribute> = {};
    for (const attribute of proto.attribute) {
      const value = this.#attribute(attribute, opset, scope);
      if (value !== undefined) attributes[attribute.name] = value;
    }
    return attributes;
  }

  #attribute(attribute: AttributeProto, opset: number, scope: Scope): Attribute | undefined {
    switch (attribute.type) {
      case ATTRIBUTE_TYPE.tensor:
        return attribute.t && decodeTensor(attribute.t, this.#options);
      case ATTRIBUTE_TYPE.graph:
        return attribute.g && this.#branch(attribute.g, opset, scope);
      case ATTRIBUTE_TYPE.float:
      case ATTRIBUTE_TYPE.int:
      case ATTRIBUTE_TYPE.string:
      case ATTRIBUTE_TYPE.floats:
      case ATTRIBUTE_TYPE.ints:
      case ATTRIBUTE_TYPE.strings:
        return attributeValue(attribute) as Attribute | undefined;
      default: {
        const kind = Object.entries(ATTRIBUTE_TYPE).find(([, code]) => code === attribute.type)?.[0];
        throw unsupported(`attribute ${attribute.name} of kind ${kind ?? attribute.type} is not supported`);
      }
    }
  }

  #valueInfos(protos: readonly ValueInfoProto[]): ValueInfo[] {
    return protos.flatMap((proto) => this.#attempt(proto.name, "value", () => valueInfo(proto)) ?? []);
  }

  /** Notes what is not supported, under the name of the node or value that it is about. */
  #attempt<T>(node: string, operator: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      for (const { reason } of error.items) this.problems.push({ node, operator, reason });
      return undefined;
    }
  }
}

function isDefined(scope: Scope | undefined, name: string): boolean {
  return scope !== undefined && (scope.defined.has(name) || isDefined(scope.outer, name));
}

function findConstant(scope: Scope, name: string): HostTensor | undefined {
  const own = scope.constants.get(name);
  if (own || !scope.outer || scope.defined.has(name)) return own;
  return findConstant(scope.outer, name);
}

function valueInfo(proto: ValueInfoProto): ValueInfo {
  const elemType = proto.type?.tensorType?.elemType;
  if (elemType === undefined) {
    if (!proto.type) throw new MalformedModelError(`model: value "${proto.name}" expected a type, got none`);
    throw unsupported(`values of kind ${kindOf(proto.type)} are not supported`);
  }
  const type = dataTypeOf(elemType);
  if (!type) throw unsupported(`element type ${nameOfCode(elemType)} is not supported`);
  return { name: proto.name, type, shape: declaredShape(proto)?.map((extent) => extent ?? "") };
}

/** What `Importer` puts the name of a node or value to. */
function unsupported(reason: string): UnsupportedError {
  return new UnsupportedError(reason, [{ node: "", operator: "", reason }]);
}
