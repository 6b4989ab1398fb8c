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

/** What is done to plain networks, in order. */
export const PLAIN_PASSES: readonly Pass[] = [
  { name: "drop identities", run: dropIdentities },
  { name: "drop dead nodes", run: dropDeadNodes },
  { name: "fuse residuals", run: fuseResiduals },
  { name: "fuse activations", run: fuseActivations },
  { name: "channels last", run: moveChannelsLast },
  { name: "permute weights for flattened images", run: permuteRows },
  { name: "drop conversions", run: dropIdentities },
  { name: "drop what is left over", run: dropDeadNodes },
];

/** The one pass without which convolutions and pools cannot run, for results to compare others with. */
export const LAYOUT_ONLY: readonly Pass[] = PLAIN_PASSES.filter(({ run }) => run === moveChannelsLast);

/** What a pass did to a graph. */
export interface PassReport {
  readonly name: string;
  readonly changes: number;
  /** Nodes afterwards. */
  readonly nodes: number;
}

/** Runs passes, those for its kind of network if none are given; types are found anew after each that changed something. */
export function runPasses(
  draft: Draft,
  passes: readonly Pass[] = draft.needsMore ? MORE.loaded.PASSES : PLAIN_PASSES,
): PassReport[] {
  return passes.map(({ name, run }) => {
    const changes = run(draft);
    if (changes > 0) inferTypes(draft);
    return { name, changes, nodes: draft.nodes.length };
  });
}
