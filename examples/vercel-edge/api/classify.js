import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

export const config = { runtime: "edge" };

/** Loaded by the first request, kept for the others. */
let model;

export default async function classify(request) {
  if (request.method !== "POST") return new Response("POST a PNG with a handwritten digit\n", { status: 405 });
  model ??= await loadModel(new URL("/digits.onnx", request.url));
  const picture = decode(await request.arrayBuffer());
  const image = fromPixels(picture, { size: 28, grayscale: true, invert: "auto" });
  const { scores } = await model.run({ image });
  return Response.json(topK(scores.data, 3));
}
