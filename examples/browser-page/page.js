// The page shows; the engine computes in a Web Worker, so that the page never stands still.
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const answer = document.querySelector("#answer");

/** Has a picture read, whatever its format: the browser decodes it. */
export async function show(blob) {
  const bitmap = await createImageBitmap(blob);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  worker.postMessage({ data, width, height }, [data.buffer]);
}

worker.addEventListener("message", ({ data: { classes, error } }) => {
  answer.textContent = error ?? classes.map((each) => `${each.class} (${(100 * each.score).toFixed(1)} %)`).join(", ");
});

document.querySelector("#file").addEventListener("change", ({ target }) => show(target.files[0]));
