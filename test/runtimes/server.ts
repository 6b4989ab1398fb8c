// A server of static files, as plain as can be, that also takes the reports of pages.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".css": "text/css",
};

export interface PageServer {
  readonly url: string;
  /** What the page posts to /report. */
  readonly report: Promise<string>;
  close(): void;
}

/** Serves a folder on a free port of this machine. `inject` is put into each page; `headers` go with each answer. */
export async function servePages(
  folder: string,
  inject = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<PageServer> {
  let resolveReport: (text: string) => void;
  const report = new Promise<string>((resolve) => {
    resolveReport = resolve;
  });
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent((request.url ?? "/").split("?")[0]));
    if (path === "/report") {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        response.end();
        resolveReport(body);
      });
      return;
    }
    try {
      const file = path.endsWith("/") ? `${path}index.html` : path;
      const type = TYPES[extname(file)] ?? "application/octet-stream";
      const content = readFileSync(join(folder, file));
      response.writeHead(200, { ...headers, "content-type": type });
      response.end(type.startsWith("text/html") ? `${inject}${content}` : content);
    } catch {
      response.writeHead(404).end();
    }
  });
  return { ...(await listen(server)), report };
}

/** A server for any page that sends half of a file for /half, nothing at all for /nothing, and never ends either. */
export async function serveStalled(file: Uint8Array): Promise<{ readonly url: string; close(): void }> {
  return listen(
    createServer(({ url }, response) => {
      response.setHeader("access-control-allow-origin", "*");
      if (url === "/half") response.setHeader("content-length", file.length).write(file.subarray(0, file.length / 2));
      else if (url !== "/nothing") response.writeHead(404).end();
    }),
  );
}

async function listen(server: Server): Promise<{ readonly url: string; close(): void }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url, close };
}
