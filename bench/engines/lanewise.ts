import { loadModel, type Model } from "../../src/index.ts";
import type { Outputs } from "../agree.ts";
import type { Contestant, Feed } from "./engine.ts";

export interface LanewiseContestant extends Contestant {
  readonly model: Model;
  /** Name of the input that is fed. */
  readonly input: string;
}

/**
 * What to time. "layer": the model's steps but for changes of layout (all its Transpose steps are that), so a layer on data
 * that lie in the engine's memory in its own layout. "model": all of `runSync`.
 */
export type Extent = "layer" | "model";

export async function openLanewise(bytes: Uint8Array, feed: Feed, extent: Extent): Promise<LanewiseContestant> {
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
      if (extent === "layer") {
        let ms = 0;
        for (let i = 0; i < runs; i++) {
          for (const step of model.profile(feeds).layers) if (step.operator !== "Transpose") ms += step.ms;
        }
        return ms;
      }
      const start = performance.now();
      for (let i = 0; i < runs; i++) model.runSync(feeds);
      return performance.now() - start;
    },
    dispose: () => model.dispose(),
  };
}
