import { decode } from "fast-png";
import { loadModel } from "lanewise";
import { fromPixels, topK } from "lanewise/image";

const file = new URL(import.meta.resolve("lanewise/digits.onnx"));
const model = await loadModel(await Deno.readFile(file));

Deno.serve({ port: Number(Deno.env.get("PORT") ?? 8000) }, async (request) => {
  if (request.method !== "POST") return new Response("POST a PNG with a handwritten digit\n", { status: 405 });
  const picture = decode(await request.bytes());
  const image = fromPixels(picture, { size: 28, grayscale: true, invert: "auto" });
  const { scores } = await model.run({ image });
  return Response.json(topK(scores.data, 3));
});
