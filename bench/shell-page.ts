/** Runs a suite in a page: `runBench(options)` gives the report. */

import { runSuite, type SuiteOptions } from "./suite.ts";

async function runBench(options: SuiteOptions) {
  const version = /Chrom\w*\/([\d.]+)/.exec(navigator.userAgent)?.[1];
  return runSuite(options, {
    runtime: version ? `Chromium ${version}` : navigator.userAgent,
    wasm: {
      onnxRuntime: `${location.origin}/onnxruntime/ort-wasm-simd-threaded.wasm`,
      tfjsFolder: `${location.origin}/tfjs/`,
    },
    async readShared(file) {
      const response = await fetch(`/shared/${file}`);
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
    },
    progress: (line) => console.log(line),
  });
}

Object.assign(globalThis, { runBench });
