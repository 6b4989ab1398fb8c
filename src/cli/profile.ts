/** Where the time of a run goes. */
import type { Layer } from "../index.ts";
import { formatShape } from "../shape.ts";
import { formatShare, formatTable } from "./table.ts";

type TimedLayer = Layer & { readonly ms: number };

/** A table of the layers of one run. Rates count a multiply-add as two operations. */
export function profileLines(layers: readonly TimedLayer[]): string[] {
  const ms = layers.reduce((sum, layer) => sum + layer.ms, 0);
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  const rows = layers.map((layer) => [
    layer.name,
    layer.operator,
    formatShape(layer.outputShape),
    layer.algorithm,
    layer.ms.toFixed(3),
    ms > 0 ? formatShare(layer.ms / ms) : "",
    rate(layer.macs, layer.ms),
  ]);
  return formatTable(
    [
      ["layer", "operator", "output", "algorithm", "ms", "share", "GFLOP/s"],
      ...rows,
      ["total", "", "", "", ms.toFixed(3), "", rate(macs, ms)],
    ],
    ["left", "left", "left", "left", "right", "right", "right"],
  );
}

function rate(macs: number, ms: number): string {
  return macs > 0 && ms > 0 ? ((2 * macs) / ms / 1e6).toFixed(1) : "";
}
