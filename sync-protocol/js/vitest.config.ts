/** How the package's tests run. They measure nothing, so a slow machine may take its time: a limit only ends what hangs. */
import { defineConfig } from "vitest/config";

/** Milliseconds. */
const HANGS_AFTER = 300_000;

export default defineConfig({ test: { testTimeout: HANGS_AFTER, hookTimeout: HANGS_AFTER } });
