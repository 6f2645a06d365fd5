/**
 * The sync protocol's code, started with Automerge's wasm when it is first needed: after the first screen is drawn. Owns
 * nothing else: everything of the engine that needs documents gets them from here, as one object.
 */
import wasmUrl from "@automerge/automerge/automerge.wasm?url";
import { initialise } from "@segin/sync-protocol/wasm";
import * as parts from "./parts.js";

/** What the engine uses of the package `@segin/sync-protocol`, started. */
export type Protocol = typeof parts;

let loading: Promise<Protocol> | null = null;

/** Loads it once; a failed try is not remembered. */
export function loadProtocol(): Promise<Protocol> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load(): Promise<Protocol> {
  await initialise(wasmUrl);
  return parts;
}
