// For the edge runtime: a script that listens for requests.
import { runSuite } from "../suite.ts";

addEventListener("fetch", ((event: { respondWith(response: Promise<Response>): void }) => {
  event.respondWith(runSuite().then((report) => new Response(JSON.stringify(report))));
}) as unknown as EventListener);
