// Runs before each test file: loads what loadModel loads on demand, so that tests can import and run any graph at once.
import { loadOperators, MORE, operatorNames, RARE_FORMS } from "../../src/graph/operators/index.ts";
import { QUANTIZE_PASSES } from "../../src/graph/passes/all.ts";
import { STAGES } from "../../src/graph/stage.ts";
import { FUNCTIONS, REFUSALS } from "../../src/onnx/needs.ts";
import { EXTERNAL_DATA } from "../../src/onnx/tensor.ts";
import { OLD_FORMS } from "../../src/onnx/upgrade.ts";

const parts = [EXTERNAL_DATA, FUNCTIONS, OLD_FORMS, QUANTIZE_PASSES, RARE_FORMS, REFUSALS, STAGES];
await MORE.load();
await Promise.all([loadOperators(operatorNames()), ...parts.map((part) => part.load())]);
