/**
 * Sensitive facts of a case: never in the case itself, always in an annex of their own that points to it.
 *
 * A later addition is a new annex. Once it is receipted its reading ends on this device; screens say so before anything
 * is written. Which steps must wait when others interpret: `mustWait`.
 */
import type { Answer, Edit } from "@segin/sync-protocol";
import { textOf } from "./answers.js";
import { add, set } from "./edits.js";

export type AnnexType = "protection" | "health";

/** Begins an annex of a case. */
export function beginAnnex(type: AnnexType, document: string): Edit[] {
  return [set("annex.type", type), set("annex.case", document)];
}

/** A protection code, with how sure it is. */
export function protectionCode(entry: string, code: string, said: { readonly since?: string; readonly by?: string; readonly confidence?: string; readonly details?: string }): Edit {
  return add("codes", entry, { code, ...said });
}

/** Interpreters before whom nobody is asked about what is sensitive. */
const OTHERS_HEAR = new Set(["relative", "fellow_traveller", "by_phone"]);

/** Whether sensitive steps become "ask later alone", by who interprets. */
export function mustWait(interpreter: Answer | undefined): boolean {
  return OTHERS_HEAR.has(textOf(interpreter) ?? "");
}
