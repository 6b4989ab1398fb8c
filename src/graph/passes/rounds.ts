import type { Draft } from "../draft.ts";

/** Repeats a round of changes until one has nothing left to do; gives the number of all changes. */
export function untilDone(draft: Draft, round: (draft: Draft) => number): number {
  let changes = 0;
  for (;;) {
    const made = round(draft);
    if (made === 0) return changes;
    changes += made;
  }
}
