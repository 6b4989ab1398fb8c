import { dense, network } from "lanewise/nn";
import { read } from "../../read.js";
import kernels from "./lanewise.wasm?module";

export const runtime = "edge";

export async function POST(request) {
  const answer = await read(request);
  const { parameters } = network({ input: [3] }, [dense(2)]).summary();
  answer.headers.set("x-parameters", String(parameters));
  return answer;
}

/** With kernels that the app imports. */
export const PUT = (request) => read(request, kernels);
