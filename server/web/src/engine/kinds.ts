/** The kinds of documents as a list, for reading stored text; the words themselves are the sync protocol's. */
import type { Kind } from "@segin/sync-protocol";

const KINDS: readonly Kind[] = ["case", "movement", "household", "annex", "link", "referral"];

/** The kind of this name; null: there is none. */
export function kindOf(name: unknown): Kind | null {
  return KINDS.find((kind) => kind === name) ?? null;
}
