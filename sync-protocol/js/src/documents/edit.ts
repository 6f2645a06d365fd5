/**
 * Typed edits: the only way in which anything is written into a document; how they are written stands in `write.ts`.
 *
 * Devices keep the edits beside the bytes and replay them elsewhere when a change is not accepted, so their JSON form
 * (`types.ts`) is for ever. Owns where an edit writes, and why nothing was written.
 */
import { EDITS_MAX } from "../limits.js";
import type { Edit, Label } from "./types.js";

/** One problem of an edit or of a document. Messages hold no values. */
export interface Problem {
  /** Where: `group.field`, `group.entry.field`, or a group. */
  readonly path: string;
  /** What, for programs; stable. */
  readonly code: string;
  /** What, for people. */
  readonly message: Label;
}

/** The sentences, the same as the Rust crate's: devices store and report them. */
const MESSAGES = {
  "edit-empty": () => "nothing to write: the list of edits is empty",
  "edit-nothing-changed": () => "nothing to write: every value already stands so",
  "edit-too-large": () => `too much for one change: write it in several steps, at most ${EDITS_MAX} edits each`,
  "edit-invalid": (path: string) => `${path}: this does not fit the schema`,
  "edit-once": (path: string) => `${path} is given once and already has another value`,
  "edit-no-entry": (path: string) => `${path}: there is no such entry on what was shown`,
  "edit-entry-exists": (path: string) => `${path}: this entry is already there; a new one needs a new random id`,
  "edit-not-of-kind": (kind: string) => `the document is not a ${kind}: its first change is missing`,
  "edit-no-group": (group: string) => `${group}: the group is missing in this document; it was damaged by another program`,
  "edit-unknown-heads": (head: string) => `the document has no change ${head}: it was shown from another copy`,
  "edit-actor-not-at-heads": () => "the actor has written something that was not shown: draw a new actor",
  "edit-document": (what: string) => `the document cannot be edited: ${what}`,
} as const;

/** A problem as one line. */
function line({ path, code, message }: Problem): string {
  return `${path}: ${message.fr} / ${message.en} [${code}]`;
}

export type EditErrorCode = keyof typeof MESSAGES;

/** Why nothing was written. The document is as it was. */
export class EditError extends Error {
  constructor(
    /** Stable. */
    readonly code: EditErrorCode,
    /** The field, entry, group, kind or change that it is about; empty when it is about none. */
    readonly path = "",
    /** For `edit-invalid`: what does not fit. */
    readonly problem: Problem | null = null,
  ) {
    super(problem === null ? MESSAGES[code](path) : line(problem));
  }
}

/** Where an edit writes: `group.field`, `group.entry.field`, `group.entry` or a set. */
export function editPath(edit: Edit): string {
  switch (edit.edit) {
    case "set":
      return edit.field;
    case "add":
    case "void":
    case "decide":
      return `${edit.group}.${edit.entry}`;
    case "amend":
    case "rewrite":
      return `${edit.group}.${edit.entry}.${edit.field}`;
    case "include":
    case "exclude":
      return edit.set;
  }
}
