/**
 * A code typed from another post's card: opens the case if the device has it, else begins one that names it.
 *
 * Refuses a code whose check character does not fit: it must be asked for again. A scanned card is another thing, it
 * opens the case itself (`card.ts`).
 */
import type { Edit } from "@segin/sync-protocol";
import type { Row } from "../engine/contract.js";
import { set } from "./edits.js";

/** Reads a code as people write it; throws or gives null when it is none. The protocol package's rule. */
export type ReadCode = (text: string) => string | null;

export type Typed =
  | { readonly is: "known"; readonly document: string; readonly code: string }
  /** Right, and of a case that is not on this device. */
  | { readonly is: "unknown"; readonly code: string }
  /** Not a code, or one character is wrong. */
  | { readonly is: "wrong" };

export function typedCode(text: string, rows: readonly Row[], read: ReadCode): Typed {
  const code = read(text);
  if (code === null) return { is: "wrong" };
  const row = rows.find((one) => one.kind === "case" && one.code === code);
  return row ? { is: "known", document: row.document, code } : { is: "unknown", code };
}

/** A new case says which code was shown, to be looked up for a link. */
export function naming(code: string): Edit {
  return set("card.named", code);
}
