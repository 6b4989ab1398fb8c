import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

/** Loaded by the first request, kept for the others. */
let model;

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response("POST a PNG with a handwritten digit\n", { status: 405 });
    model ??= await loadModel(await env.MODELS.get("digits.onnx", "arrayBuffer"));
    const picture = decode(await request.arrayBuffer());
    const image = fromPixels(picture, { size: 28, grayscale: true, invert: "auto" });
    const { scores } = await model.run({ image });
    return Response.json(topK(scores.data, 3));
  },
};
