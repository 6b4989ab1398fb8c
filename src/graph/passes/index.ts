import type { Draft } from "../draft.ts";
import { inferTypes } from "../infer.ts";
import { fuseActivations } from "./activation.ts";
import { foldBatchNorm } from "./batch-norm.ts";
import { dropDeadNodes } from "./dead-code.ts";
import { dropIdentities } from "./identity.ts";
import { moveChannelsLast } from "./layout.ts";

/** A rewriting of a draft that leaves its outputs as they are. */
interface Pass {
  readonly name: string;
  readonly run: (draft: Draft) => void;
}

/** In the order in which they run; types are found anew after each. */
const PASSES: readonly Pass[] = [
  { name: "drop identities", run: dropIdentities },
  { name: "drop dead nodes", run: dropDeadNodes },
  { name: "fold batch norm", run: foldBatchNorm },
  { name: "fuse activations", run: fuseActivations },
  { name: "channels last", run: moveChannelsLast },
  { name: "drop identities", run: dropIdentities },
  { name: "drop dead nodes", run: dropDeadNodes },
];

export function runPasses(draft: Draft): void {
  for (const pass of PASSES) {
    pass.run(draft);
    inferTypes(draft);
  }
}
