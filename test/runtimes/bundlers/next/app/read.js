import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

export async function read(request) {
  const model = await loadModel(new URL("/digits.onnx", request.url));
  const picture = decode(await request.arrayBuffer());
  const { scores } = await model.run({ image: fromPixels(picture, { size: 28, grayscale: true, invert: "auto" }) });
  return Response.json(topK(scores.data, 1));
}
