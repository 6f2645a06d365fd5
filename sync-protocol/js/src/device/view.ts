/** Reading a stored copy: what a screen shows of one document. */
import { conflicts } from "../documents/conflict.js";
import { project } from "../documents/project.js";
import type { Conflict, Kind, Projection } from "../documents/types.js";
import type { ChangeHash } from "../ids.js";
import { Copy, CopyError, withCopy } from "./copy.js";

/** A document as it is shown. */
export interface View {
  /** The heads that are shown; an edit names them. */
  readonly heads: readonly ChangeHash[];
  /** Its content. */
  readonly projection: Projection;
  /** Fields with several values. */
  readonly conflicts: readonly Conflict[];
}

/** Reads the bytes of a row of the table `copy`; null when they cannot be read. */
export function view(kind: Kind, saved: Uint8Array): View | null {
  const copy = CopyError.nullFor(() => Copy.load(kind, saved));
  if (copy === null) return null;
  return withCopy(copy, ({ doc }) => {
    const projection = project(kind, doc);
    return projection === null ? null : { heads: copy.heads(), projection, conflicts: conflicts(kind, doc) };
  });
}

/** Every change of a stored copy but the constants; null when it cannot be read. */
export function changes(kind: Kind, saved: Uint8Array): ChangeHash[] | null {
  const copy = CopyError.nullFor(() => Copy.load(kind, saved));
  return copy === null ? null : withCopy(copy, () => copy.hashes());
}
