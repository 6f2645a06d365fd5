/** Starts Automerge for tests, with the wasm that the package manager installed. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { initialise } from "../src/wasm.js";

export async function startAutomerge(): Promise<void> {
  const path = createRequire(import.meta.url).resolve("@automerge/automerge/automerge.wasm");
  await initialise(new Uint8Array(readFileSync(path)));
}
