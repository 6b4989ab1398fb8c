import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

const file = fileURLToPath(import.meta.resolve("lanewise/digits.onnx"));
const model = await loadModel(Bun.file(file));

Bun.serve({
  port: Number(Bun.env.PORT ?? 8000),
  async fetch(request) {
    if (request.method !== "POST") return new Response("POST a PNG with a handwritten digit\n", { status: 405 });
    const picture = decode(await request.arrayBuffer());
    const image = fromPixels(picture, { size: 28, grayscale: true, invert: "auto" });
    const { scores } = await model.run({ image });
    return Response.json(topK(scores.data, 3));
  },
});
