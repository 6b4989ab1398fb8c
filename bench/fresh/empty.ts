// Reads the model and makes its input, and does nothing with them: what the process of a model takes anyway.
import { tell } from "./told.ts";

await tell(async () => ({ run: async () => ({}), wasmBytes: () => 0 }));
