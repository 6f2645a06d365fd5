/**
 * Starting Automerge: the only place that knows where its wasm comes from. Everything else of the package may be
 * imported, and draws screens, before it is there.
 */
import { initializeWasm } from "@automerge/automerge/slim";

/** Starts Automerge with its wasm: bytes, a `Response`, or a promise of one. Wait for it before touching a document. */
export function initialise(wasm: Parameters<typeof initializeWasm>[0]): Promise<void> {
  return Promise.resolve(initializeWasm(wasm));
}
