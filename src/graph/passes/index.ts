import type { Draft } from "../draft.ts";
import { inferTypes } from "../infer.ts";
import { fuseActivations } from "./activation.ts";
import { foldAffine } from "./affine.ts";
import { foldBatchNorm } from "./batch-norm.ts";
import { dropDeadNodes } from "./dead-code.ts";
import { dropIdentities } from "./identity.ts";
import { moveChannelsLast } from "./layout.ts";
import { fuseQuantization, fuseRounding } from "./quantize.ts";
import { fuseResiduals } from "./residual.ts";
import { recogniseSwish } from "./swish.ts";

/** A rewriting of a draft that leaves its outputs as they are. */
export interface Pass {
  readonly name: string;
  /** Rewrites the draft; gives the number of changes. */
  readonly run: (draft: Draft) => number;
}

/** In the order in which they run; types are found anew after each that changed something. */
export const PASSES: readonly Pass[] = [
  { name: "drop identities", run: dropIdentities },
  { name: "round instead of storing", run: fuseQuantization },
  { name: "drop dead nodes", run: dropDeadNodes },
  { name: "fold batch norm", run: foldBatchNorm },
  { name: "fold multiplications and additions", run: foldAffine },
  { name: "recognise swish", run: recogniseSwish },
  { name: "fuse residuals", run: fuseResiduals },
  { name: "fuse activations", run: fuseActivations },
  { name: "fuse roundings", run: fuseRounding },
  { name: "channels last", run: moveChannelsLast },
  { name: "drop conversions", run: dropIdentities },
  { name: "drop what is left over", run: dropDeadNodes },
];

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
