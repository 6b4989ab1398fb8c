import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

/** Reads the digit of a request, by a model that is loaded for it; `wasm` may be other kernels than those of the package. */
export async function read(request, wasm) {
  const model = await loadModel(new URL("/digits.onnx", request.url), wasm ? { wasm } : {});
  const picture = decode(await request.arrayBuffer());
  const { scores } = await model.run({ image: fromPixels(picture, { size: 28, grayscale: true, invert: "auto" }) });
  return Response.json(topK(scores.data, 1));
}
