/** Opening a document for a screen, again whenever the engine's line of it changes: what others wrote is then seen at once. */
import { app, engine } from "../../app/engine.svelte.js";
import type { Opened, Row } from "../../engine/contract.js";

/** The line of a document in the engine's list. */
export function rowOf(document: string): Row | undefined {
  return app().rows.find((row) => row.document === document);
}

/** What changes when a document must be opened anew. */
export function versionOf(document: string): string {
  const row = rowOf(document);
  return row ? `${row.lastAt} ${row.step} ${row.conflicts}` : "";
}

export function open(document: string): Promise<Opened> {
  return engine().open(document);
}
