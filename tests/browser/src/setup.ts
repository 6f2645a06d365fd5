/** Before all tests, once: is there a hub's binary and a Chromium? The tests find both by the environment. */
import { existsSync } from "node:fs";
import { findChromium } from "./chromium.ts";

/** Where workers find the browser: JSON of `Browser`. */
export const BROWSER = "SEGIN_BROWSER";

/** Called by Playwright. */
export default async function setup(): Promise<void> {
  const binary = process.env.SEGIN_BIN;
  if (binary === undefined || !existsSync(binary)) {
    throw new Error(
      `SEGIN_BIN must name the hub's binary (${binary ?? "it is not set"}): run \`cargo test --workspace\`, ` +
        "or `cargo build` and then `SEGIN_BIN=$PWD/target/debug/segin npm test -w tests/browser`",
    );
  }
  process.env[BROWSER] = JSON.stringify(await findChromium());
}
