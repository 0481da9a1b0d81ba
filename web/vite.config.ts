import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

/** Where the server listens while the UI is developed. */
const server = process.env["OPTIO_URL"] ?? "http://127.0.0.1:30400";

/** A stream that is silent at first has begun all the same: its headers must not wait for its first event. */
const flushEarly: NonNullable<ProxyOptions["configure"]> = (proxy) => {
  proxy.on("proxyRes", (_answer, _from, to) => void setImmediate(() => to.flushHeaders()));
};

const proxy = Object.fromEntries(
  ["/api", "/metrics", "/openapi.json", "/docs"].map((path) => [
    path,
    { target: server, changeOrigin: true, configure: flushEarly },
  ]),
);

export default defineConfig({
  base: "/",
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    manifest: true,
    target: "es2023",
    // A polyfill would be an inline script, which the content security policy forbids.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node" },
});
