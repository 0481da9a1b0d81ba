import { defineConfig } from "@playwright/test";

/** A browser of the system: nothing is downloaded. */
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "e2e",
  timeout: 120_000,
  expect: { timeout: 20_000 },
  // One server at a time is enough for a small machine.
  workers: 1,
  forbidOnly: Boolean(process.env["CI"]),
  reporter: "list",
  use: {
    launchOptions: { executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
    viewport: { width: 1280, height: 800 },
    trace: "off",
    contextOptions: { reducedMotion: "reduce" },
  },
});
