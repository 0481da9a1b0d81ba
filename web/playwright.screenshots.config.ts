import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

/** The same browser and the same worlds, for pictures instead of tests. */
export default defineConfig(tests, { testDir: "screenshots", timeout: 600_000 });
