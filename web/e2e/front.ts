import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

/** The same that the server sends along with the embedded UI. */
const CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'";
const API = /^\/(api|metrics|openapi\.json|docs)(\/|\?|$)/;
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export type Front = { url: string; close: () => Promise<void> };

/**
 * Serves the built UI before a server, as the server itself does once the UI is embedded: files under their
 * names, index.html for every other address, the API passed on as it is.
 */
export async function serveFront(dist: string, upstream: string): Promise<Front> {
  const server = createServer((from, to) => {
    const path = from.url ?? "/";
    if (API.test(path)) pass(upstream, from, to);
    else void file(dist, path, to);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => end(server) };
}

function pass(upstream: string, from: IncomingMessage, to: ServerResponse): void {
  const onwards = request(
    new URL(from.url ?? "/", upstream),
    { method: from.method ?? "GET", headers: from.headers },
    (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      // A stream that is silent at first has begun all the same.
      to.flushHeaders();
      answer.pipe(to);
      answer.on("close", () => to.destroy());
    },
  );
  // Nobody answers: the connection ends without an answer here as well.
  onwards.on("error", () => to.destroy());
  to.on("close", () => onwards.destroy());
  from.pipe(onwards);
}

async function file(dist: string, path: string, to: ServerResponse): Promise<void> {
  const name = normalize(decodeURIComponent(path.split("?")[0] ?? "/"));
  const asked = join(dist, name);
  const found = asked.startsWith(dist) && (await stat(asked).catch(() => null))?.isFile();
  const chosen = found ? asked : join(dist, "index.html");
  to.writeHead(200, {
    "content-type": TYPES[extname(chosen)] ?? "application/octet-stream",
    "content-security-policy": CSP,
  });
  createReadStream(chosen).pipe(to);
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
