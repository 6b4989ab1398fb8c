/** Runs a suite in a page: asks its server for the options, and tells it the report. */

import type { SuiteOptions } from "./bench.ts";
import { clockStep } from "./measure.ts";
import { runSuite } from "./suite.ts";

const tell = (path: string, body: string) => fetch(path, { method: "POST", body });

async function runBench(): Promise<string> {
  const response = await fetch("/options");
  const options = (await response.json()) as SuiteOptions;
  const [, browser, version] = /(Firefox|Chrom\w*)\/([\d.]+)/.exec(navigator.userAgent) ?? [];
  const runtime = browser ? `${browser.replace("Chrome", "Chromium")} ${version}` : navigator.userAgent;
  await tell("/progress", `${runtime}: the clock goes by ${clockStep(() => performance.now()).toFixed(4)} ms`);
  const report = await runSuite(options, {
    runtime,
    wasm: {
      onnxRuntime: `${location.origin}/onnxruntime/ort-wasm-simd-threaded.wasm`,
      tfjsFolder: `${location.origin}/tfjs/`,
    },
    async readShared(file) {
      const response = await fetch(`/shared/${file}`);
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
    },
    progress: (line) => void tell("/progress", line),
  });
  return JSON.stringify(report);
}

addEventListener("error", ({ message }) => void tell("/failure", message));
runBench().then(
  (report) => tell("/report", report),
  (error) => tell("/failure", `${error}\n${error?.stack ?? ""}`),
);
