// For Cloudflare Workers: a module that answers every request with the report.
import { runSuite } from "../suite.ts";

export default {
  fetch: async () => Response.json(await runSuite()),
};
