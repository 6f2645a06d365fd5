/**
 * Drafts: what was entered and is no change yet. Owns their form and merging: saved at once, sealed, one row for each
 * document, so that a crash loses nothing; which edit replaces which is `flow/pending.ts`. What becomes a change, and when, is
 * decided in `recording.ts`.
 */
import type { Answer, Edit, Kind } from "@segin/sync-protocol";
import { members, text } from "../store/shapes.js";
import { fromUtf8, utf8 } from "../vault/bytes.js";
import type { Bytes } from "../vault/bytes.js";
import { kindOf } from "./kinds.js";

/** What is pending for one document. */
export interface Draft {
  readonly document: string;
  readonly kind: Kind;
  /** The document is begun by the first change. */
  readonly isNew: boolean;
  /** The heads that were on the screen; null: what the store holds when it is committed. */
  readonly shown: readonly string[] | null;
  /** The token of the card that was scanned, in hexadecimal. */
  readonly card: string | null;
  readonly edits: readonly Edit[];
}

/** What the pending edits say of a field, a member of a set, or a field of an entry; undefined: nothing. */
export function pendingAnswer(edits: readonly Edit[], path: string): Answer | null | undefined {
  const [group = "", key = "", field] = path.split(".");
  for (let at = edits.length - 1; at >= 0; at -= 1) {
    const edit = edits[at];
    if (edit === undefined) continue;
    if (edit.edit === "set" && edit.field === path) return edit.value;
    if (edit.edit === "include" && field === undefined && edit.set === group && edit.member === key) return edit.value ?? true;
    if (edit.edit === "exclude" && edit.set === group && edit.member === key) return null;
    if (field === undefined) continue;
    if (edit.edit === "amend" && edit.group === group && edit.entry === key && edit.field === field) return edit.value;
    if (edit.edit === "add" && edit.group === group && edit.entry === key) return edit.values[field];
  }
  return undefined;
}

/** Its stored form. */
export function writeDraft(draft: Draft): Bytes {
  return utf8(JSON.stringify(draft));
}

/** Reads the stored form; null: it is none. */
export function readDraft(stored: Uint8Array): Draft | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(fromUtf8(stored));
  } catch {
    return null;
  }
  const row = members(parsed);
  const document = text(row?.get("document"));
  const kind = kindOf(row?.get("kind"));
  const edits: unknown = row?.get("edits");
  const shown: unknown = row?.get("shown");
  if (row === null || document === null || kind === null || !Array.isArray(edits)) return null;
  return {
    document,
    kind,
    isNew: row.get("isNew") === true,
    shown: Array.isArray(shown) ? shown.filter((head) => typeof head === "string") : null,
    card: text(row.get("card")),
    // It was sealed by this app alone, and is checked edit by edit when it is committed.
    edits: edits.filter(isEdit),
  };
}

const ACTS: ReadonlySet<unknown> = new Set(["set", "add", "amend", "rewrite", "void", "decide", "include", "exclude"]);

function isEdit(value: unknown): value is Edit {
  return ACTS.has(members(value)?.get("edit"));
}
