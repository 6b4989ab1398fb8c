// For browsers: the page hands its report to the server that it came from.
import { runSuite } from "../suite.ts";

await fetch("/report", { method: "POST", body: JSON.stringify(await runSuite()) });
