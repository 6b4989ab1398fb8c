import { loadModel, type Model } from "../../src/index.ts";
import type { Outputs } from "../agree.ts";
import type { Contestant, Feed } from "./engine.ts";

export interface LanewiseContestant extends Contestant {
  readonly model: Model;
  /** Name of the input that is fed. */
  readonly input: string;
}

/** A whole network; times all of `runSync`. */
export async function openLanewise(bytes: Uint8Array, feed: Feed): Promise<LanewiseContestant> {
  const model = await loadModel(bytes);
  const input = feed.name || model.inputs[0].name;
  const feeds = { [input]: { data: feed.data, shape: feed.shape } };
  return {
    engine: "lanewise",
    model,
    input,
    async run() {
      const outputs = Object.entries(model.runSync(feeds)).map(([name, { data }]) => [name, data]);
      return Object.fromEntries(outputs) as Outputs;
    },
    async time(runs) {
      const start = performance.now();
      for (let i = 0; i < runs; i++) model.runSync(feeds);
      return performance.now() - start;
    },
    dispose: () => model.dispose(),
  };
}
