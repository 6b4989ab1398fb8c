// Starts an engine that needs some memory, and tells what came of it.
import { createEngine, LanewiseError } from "lanewise";

async function outcome(): Promise<string> {
  try {
    const engine = await createEngine();
    engine.tensor(new Float32Array(1 << 20));
    engine.dispose();
    return "started";
  } catch (error) {
    return error instanceof LanewiseError ? `${error.code}: ${error.message}` : `another error: ${error}`;
  }
}

const text = await outcome();
if (typeof document === "undefined") console.log(`REPORT ${text}`);
else await fetch("/report", { method: "POST", body: text });
