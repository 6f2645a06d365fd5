/**
 * How the browser tests run: `npm test -w tests/browser`, or with everything else by `cargo test --workspace`.
 *
 * Each test has a hub and browsers of its own, with folders of their own, so two run at a time. Nothing is retried.
 * What surrounds a test stands in `src/`; `SEGIN_BIN` names the hub's binary.
 */
import { defineConfig } from "@playwright/test";
import { ALL_TESTS_MS, EXPECT_MS, TEST_MS, WORKERS } from "./src/limits.ts";

export default defineConfig({
  testDir: "specs",
  globalSetup: "./src/setup.ts",
  outputDir: process.env.SEGIN_BROWSER_RESULTS ?? "results",
  fullyParallel: true,
  workers: WORKERS,
  retries: 0,
  forbidOnly: true,
  timeout: TEST_MS,
  globalTimeout: ALL_TESTS_MS,
  expect: { timeout: EXPECT_MS },
  reporter: [["list"]],
});
