import { MalformedModelError } from "../errors.ts";
import { definedNames, type Names } from "./names.ts";
import { isStandard, standardOpset, type VersionedNode } from "./opset.ts";
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto } from "./proto-types.ts";

/** Puts the bodies of a model's own functions in the place of the nodes that call them. */
export class Functions {
  readonly #byKey = new Map<string, FunctionProto>();
  readonly #names: Names;

  constructor(model: ModelProto, names: Names) {
    for (const each of model.functions) this.#byKey.set(keyOf(each.domain, each.name, each.overload), each);
    this.#names = names;
  }

  /** The nodes without any calls, in the same order. */
  expand(nodes: readonly NodeProto[], opset: number, within: readonly string[] = []): VersionedNode[] {
    return nodes.flatMap((proto) => {
      const key = keyOf(proto.domain, proto.opType, proto.overload);
      const called = this.#byKey.get(key);
      if (!called) return [{ proto, opset }];
      if (within.includes(key)) {
        throw new MalformedModelError(`model: function ${called.name} expected not to call itself, got a cycle`);
      }
      const imports = called.opsetImport.length > 0 ? standardOpset(called.opsetImport) : opset;
      return this.expand(this.#body(proto, called), imports, [...within, key]);
    });
  }

  #body(call: NodeProto, called: FunctionProto): NodeProto[] {
    const prefix = call.name || call.output.find((name) => name !== "") || call.opType;
    const values = new Map<string, string>([["", ""]]);
    called.input.forEach((name, i) => {
      values.set(name, call.input[i] ?? "");
    });
    // An output that is an input as it came needs a node that copies it.
    const copies: NodeProto[] = [];
    called.output.forEach((name, i) => {
      const output = call.output[i];
      if (!output) return;
      if (values.has(name)) copies.push(identity(values.get(name)!, output));
      else values.set(name, output);
    });
    const context: Context = {
      value: (name) => {
        const known = values.get(name);
        if (known !== undefined) return known;
        const made = this.#names.fresh(`${prefix}/${name}`);
        values.set(name, made);
        return made;
      },
      attribute: (name) =>
        call.attribute.find((each) => each.name === name) ?? called.attributeProto.find((each) => each.name === name),
      fresh: (name) => this.#names.fresh(`${prefix}/${name}`),
    };
    const body = called.node.map((node) => {
      const name = `${prefix}/${node.name || node.opType}`;
      return { ...renamed(node, context), name };
    });
    return [...body, ...copies];
  }
}

function keyOf(domain: string, name: string, overload = ""): string {
  return [isStandard(domain) ? "" : domain, name, overload].join(":");
}

function identity(input: string, output: string): NodeProto {
  return { input: [input], output: [output], name: "", opType: "Identity", domain: "", attribute: [] };
}

/** What names in a function's body stand for at one call. */
interface Context {
  readonly value: (name: string) => string;
  readonly attribute: (name: string) => AttributeProto | undefined;
  readonly fresh: (name: string) => string;
}

function renamed(node: NodeProto, context: Context): NodeProto {
  return {
    ...node,
    input: node.input.map(context.value),
    output: node.output.map(context.value),
    attribute: node.attribute.flatMap((each) => resolved(each, context)),
  };
}

/** An attribute with references replaced; one that refers to an attribute that the call leaves out is left out. */
function resolved(attribute: AttributeProto, context: Context): AttributeProto[] {
  const { name, refAttrName } = attribute;
  if (refAttrName) {
    const given = context.attribute(refAttrName);
    return given ? [{ ...given, name }] : [];
  }
  if (attribute.g) return [{ ...attribute, g: renamedGraph(attribute.g, context) }];
  if (attribute.graphs) return [{ ...attribute, graphs: attribute.graphs.map((each) => renamedGraph(each, context)) }];
  return [attribute];
}

/** Values of a subgraph get new names too, so that they cannot hide those around it. */
function renamedGraph(graph: GraphProto, context: Context): GraphProto {
  const own = new Map<string, string>();
  for (const name of definedNames(graph)) own.set(name, context.fresh(name));
  const value = (name: string) => own.get(name) ?? context.value(name);
  const rename = <T extends { name: string }>(each: T): T => ({ ...each, name: value(each.name) });
  return {
    ...graph,
    node: graph.node.map((node) => renamed(node, { ...context, value })),
    initializer: graph.initializer.map(rename),
    ...(graph.sparseInitializer && {
      sparseInitializer: graph.sparseInitializer.map((each) =>
        each.values ? { ...each, values: rename(each.values) } : each,
      ),
    }),
    input: graph.input.map(rename),
    output: graph.output.map(rename),
  };
}
