import { LAYERS } from "./layers.ts";
import { GENERATED, SHARED } from "./models/index.ts";

/** The rows of a suite, in order. */
export function rowNames(suite: "layers" | "models"): string[] {
  if (suite === "layers") return LAYERS.map(({ name }) => name);
  return [...Object.keys(GENERATED), ...SHARED.map(({ name }) => name)];
}
