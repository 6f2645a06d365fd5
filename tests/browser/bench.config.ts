/** How the measurements run, `npm run bench -w tests/browser`: one after the other, alone, in the browser of the tests. */
import { defineConfig } from "@playwright/test";
import { EXPECT_MS } from "./src/limits.ts";

export default defineConfig({
  testDir: "bench",
  testMatch: "*.bench.ts",
  globalSetup: "./src/setup.ts",
  outputDir: process.env.SEGIN_BROWSER_RESULTS ?? "results",
  workers: 1,
  retries: 0,
  expect: { timeout: 4 * EXPECT_MS },
  reporter: [["list"]],
});
