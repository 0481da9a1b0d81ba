import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where the server listens while the UI is developed. */
const server = process.env["OPTIO_URL"] ?? "http://127.0.0.1:30400";

const proxy = Object.fromEntries(
  ["/api", "/metrics", "/openapi.json", "/docs"].map((path) => [
    path,
    { target: server, changeOrigin: true },
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
