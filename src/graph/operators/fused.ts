import { type Epilogue, NO_ACTIVATION } from "../../ops/epilogue.ts";
import type { NodeView } from "../operator.ts";

/** The activation fused into a node. */
export function fusedEpilogue(node: NodeView): Epilogue {
  const values = node.numbers("epilogue");
  if (!values) return NO_ACTIVATION;
  const [lo, hi, code, alpha, beta] = values;
  return { lo, hi, code, alpha, beta };
}

/** The attribute that `fusedEpilogue` reads. */
export function epilogueAttribute({ lo, hi, code, alpha, beta }: Epilogue): readonly number[] {
  return [lo, hi, code, alpha, beta];
}
