// The other operators that ONNX has, on random configurations: onnxruntime-web, a model of one node, and the engine, each held
// against the float64 oracle.
import { afterAll, describe, expect, test } from "vitest";
import { createEngine, type Engine } from "../../src/engine.ts";
import { compileBuild } from "../support/builds.ts";
import { Random } from "../support/random.ts";
import type { Draw, Drawing } from "./draws.ts";
import { ELEMENTWISE } from "./draws-elementwise.ts";
import { MOVEMENTS } from "./draws-movement.ts";
import { REDUCTIONS } from "./draws-reduction.ts";
import { agree, allByModel, allByOnnxRuntime, draws, type Input, oneNode, type Values } from "./onnx.ts";

const COUNT = draws(30);
const engine = await createEngine({ wasm: compileBuild("release") });
afterAll(() => engine.dispose());

/** What the engine makes of it, if it has the operator. */
function byEngine(engine: Engine, { inputs, run }: Draw): Values[] | undefined {
  if (!run) return undefined;
  return engine.scope(() => {
    const x = inputs.map(({ shape, data }: Input) => engine.tensor(data, shape));
    const made = run(engine, x);
    return [made].flat().map(({ shape, data }) => ({
      shape,
      data: data instanceof Float32Array ? data : Float32Array.from<number | bigint>(data, Number),
    }));
  });
}

async function check(draw: Draw, opType: string): Promise<void> {
  const { inputs, attributes, want, extra = 0, theirs = 0, outputs, names } = draw;
  const model = oneNode(opType, inputs, attributes, outputs, names);
  const results: Record<string, Values[] | undefined> = {
    "onnxruntime-web": await allByOnnxRuntime(model, inputs),
    model: await allByModel(model, inputs),
    engine: byEngine(engine, draw),
  };
  for (const [who, found] of Object.entries(results)) {
    if (!found) continue;
    expect(found).toHaveLength(want.length);
    const what = { opType, shapes: inputs.map(({ shape }) => shape), attributes };
    for (const [i, each] of want.entries()) {
      const magnitude = who === "onnxruntime-web" ? each.magnitude.map((size) => size + theirs) : each.magnitude;
      agree(what, { ...each, magnitude }, { [who]: found[i] }, each.terms + extra);
    }
  }
  expect(engine.memory.tensors).toBe(0);
}

const CASES: readonly [name: string, drawing: Drawing][] = Object.entries({
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...MOVEMENTS,
});

describe(`${COUNT} draws each agree with onnxruntime-web`, () => {
  test.each(CASES)(
    "%s",
    async (name, drawing) => {
      const random = new Random(name.length + name.charCodeAt(0));
      // What stands behind a blank tells forms of one operator apart.
      const [opType] = name.split(" ");
      for (let i = 0; i < COUNT; i++) await check(drawing(random), opType);
    },
    60 * COUNT + 60_000,
  );
});
