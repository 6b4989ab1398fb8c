import { OnDemand } from "../../on-demand.ts";
import type { Draft } from "../draft.ts";
import { inferTypes } from "../infer.ts";
import { MORE } from "../operators/index.ts";
import { fuseActivations } from "./activation.ts";
import { dropDeadNodes } from "./dead-code.ts";
import { permuteRows } from "./flatten.ts";
import { dropIdentities } from "./identity.ts";
import { moveChannelsLast } from "./layout.ts";
import { fuseResiduals } from "./residual.ts";

/** A rewriting of a draft that leaves its outputs as they are. */
export interface Pass {
  readonly name: string;
  /** Rewrites the draft; gives the number of changes. */
  readonly run: (draft: Draft) => number;
}

/** Passes that have something to do only in networks with stored integers; to be loaded for graphs with DequantizeLinear. */
export const QUANTIZE_PASSES = new OnDemand(async () => {
  const [{ computeInIntegers }, { fuseQuantization, fuseRounding }] = await Promise.all([
    import("./integer.ts"),
    import("./quantize.ts"),
  ]);
  return { computeInIntegers, fuseQuantization, fuseRounding };
});

/** A pass of `MORE`, with nothing to do in networks that do not need it. */
function more(name: string, pass: keyof typeof MORE.loaded.PASSES): Pass {
  return { name, run: (draft) => (draft.needsMore ? MORE.loaded.PASSES[pass](draft) : 0) };
}

/** In the order in which they run; types are found anew after each that changed something. */
export const PASSES: readonly Pass[] = [
  { name: "drop identities", run: dropIdentities },
  {
    name: "compute in integers",
    run: (draft) => (has(draft, "DequantizeLinear") ? QUANTIZE_PASSES.loaded.computeInIntegers(draft) : 0),
  },
  {
    name: "round instead of storing",
    run: (draft) => (has(draft, "DequantizeLinear") ? QUANTIZE_PASSES.loaded.fuseQuantization(draft) : 0),
  },
  more("sink transposes", "sinkTransposes"),
  more("join reshapes", "joinReshapes"),
  { name: "drop reshapes to the same shape", run: dropIdentities },
  { name: "drop dead nodes", run: dropDeadNodes },
  more("recognise functions", "recogniseFunctions"),
  more("absorb pads", "absorbPads"),
  more("fold batch norms", "foldBatchNorm"),
  more("fold multiplications and additions", "foldAffine"),
  { name: "drop pieces", run: dropDeadNodes },
  { name: "fuse residuals", run: fuseResiduals },
  { name: "fuse activations", run: fuseActivations },
  {
    name: "fuse roundings",
    run: (draft) => (has(draft, "lanewise.FakeQuantize") ? QUANTIZE_PASSES.loaded.fuseRounding(draft) : 0),
  },
  { name: "channels last", run: moveChannelsLast },
  { name: "permute weights for flattened images", run: permuteRows },
  more("permute weights for images from products", "permuteColumns"),
  { name: "drop conversions", run: dropIdentities },
  { name: "drop what is left over", run: dropDeadNodes },
  more("concatenate in place", "concatInPlace"),
];

function has({ nodes }: Draft, op: string): boolean {
  return nodes.some((node) => node.op === op);
}

/** The one pass without which convolutions and pools cannot run, for results to compare others with. */
export const LAYOUT_ONLY: readonly Pass[] = PASSES.filter(({ run }) => run === moveChannelsLast);

/** What a pass did to a graph. */
export interface PassReport {
  readonly name: string;
  readonly changes: number;
  /** Nodes afterwards. */
  readonly nodes: number;
}

export function runPasses(draft: Draft, passes: readonly Pass[] = PASSES): PassReport[] {
  return passes.map(({ name, run }) => {
    const changes = run(draft);
    if (changes > 0) inferTypes(draft);
    return { name, changes, nodes: draft.nodes.length };
  });
}
