import { isStandard } from "./opset.ts";

export { refusedBesides } from "../graph/refused.ts";

/** Why lanewise cannot run a kind of operator, and what to do about it. */
const HINTS: readonly [operators: RegExp, hint: string][] = [
  [/^(LSTM|GRU|RNN)$/, "lanewise has no recurrent layers"],
  [/^(Loop|Scan)$/, "loops are not run; export the model by tracing it with inputs of fixed shape"],
  [/Sequence|^Optional/, "lists and optional values are not supported; export one output a tensor"],
  [/^(Random|Bernoulli|Multinomial)/, "random numbers are not supported"],
  [/^(String|Regex|TfIdf)/, "text is not supported"],
  [/^(ATen|Aten)$/, "it stands for PyTorch's own code; export with operator_export_type ONNX"],
  [/Loss$|^Gradient$|^(Adam|Adagrad|Momentum)$/, "training is not supported; export the model for inference"],
];

const DOMAIN_HINTS: readonly [domain: RegExp, hint: string][] = [
  [/^com\.microsoft/, "ONNX Runtime's optimiser puts them in; save the model without it or at its basic level"],
  [/^ai\.onnx\.ml$/, "they are for decision trees and the like, not for convolutional networks"],
  [/^ai\.onnx\.(preview\.)?training/, "training is not supported; export the model for inference"],
];

/** Why an operator that lanewise does not have is not supported. */
export function refusalOf(opType: string, domain: string): string {
  if (!isStandard(domain)) {
    return withHint(`operators of domain "${domain}" are not supported`, hintFor(domain, DOMAIN_HINTS));
  }
  return withHint("operator is not supported", hintFor(opType, HINTS) ?? "docs/operators.md lists those that are");
}

function hintFor(name: string, hints: readonly [RegExp, string][]): string | undefined {
  return hints.find(([pattern]) => pattern.test(name))?.[1];
}

function withHint(reason: string, hint: string | undefined): string {
  return hint ? `${reason} (${hint})` : reason;
}
