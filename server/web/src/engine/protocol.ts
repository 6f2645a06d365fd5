/**
 * The sync protocol's code and Automerge's wasm, loaded after the first screen is drawn. Owns nothing else: everything
 * of the engine that needs them gets them from here, as one object.
 */
import wasmUrl from "@automerge/automerge/automerge.wasm?url";

/** What the engine uses of the package `@segin/sync-protocol`, started. */
export type Protocol = typeof import("./parts.js");

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
  const [protocol, { initialise }] = await Promise.all([
    import("./parts.js"),
    import("@segin/sync-protocol/wasm"),
  ]);
  await initialise(wasmUrl);
  return protocol;
}
