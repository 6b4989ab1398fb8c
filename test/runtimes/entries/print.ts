// For runtimes with a command line: Node, Deno, Bun.
import { runSuite } from "../suite.ts";

console.log(`REPORT ${JSON.stringify(await runSuite())}`);
