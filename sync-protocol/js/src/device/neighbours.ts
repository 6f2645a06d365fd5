/**
 * Neighbours: what a colleague recorded on the same device is readable here at once, before either has a network.
 *
 * Each user of a device has a state machine, a lease and a key of their own. What one commits, the shell hands to the
 * others' machines (the event `neighbours`), as often as it likes: what is known is passed over. It is merged into the
 * copy and stays uncounted until the hub feeds it; the one who received it never sends it. An edit on top of it is an
 * ordinary change; while the hub does not have what it builds on, it is told to wait, and is sent again with the next
 * sync. If that goes on for too long (the colleague's change was not accepted, or was written again), it is written again
 * on what the hub has, like any work that hangs on something lost.
 *
 * Refuses annexes, which their writer alone reads, and changes that build on something that is not here.
 */
import { constantHashes } from "../documents/constant.js";
import { KIND_CODES } from "../documents/types.js";
import type { ChangeHash, DocumentId } from "../ids.js";
import { NEIGHBOUR_WAITS_MAX, NEIGHBOURS_MAX, UNSETTLED_MAX } from "../limits.js";
import { CopyError, hashOf, withCopy } from "./copy.js";
import type { Neighbour } from "./event.js";
import { newEntry, workOf } from "./ledger.js";
import { Stopped } from "./reading.js";
import { copyToEdit } from "./record.js";
import type { Rows } from "./rows.js";
import { sorted } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** Takes over what colleagues recorded, or first asks for the stored copies. */
export function neighbours(device: State, handed: readonly Neighbour[], turn: Turn): void {
  for (const { document } of handed.slice(NEIGHBOURS_MAX)) {
    const reason = `more than ${NEIGHBOURS_MAX} documents at once: hand it in again`;
    turn.report({ NotTaken: { document, reason } });
  }
  const all = handed.slice(0, NEIGHBOURS_MAX);
  const known = all.map((one) => one.document).filter((id) => device.entries.get(id)?.standing === "open");
  if (known.length === 0) {
    takeNeighbours(device, all, [], turn);
  } else {
    turn.load(sorted(new Set(known)).map((document) => ({ is: "copy", document })));
    device.waiting = { is: "neighbours", neighbours: all };
  }
}

/** The second step, with the stored copies. */
export function takeNeighbours(device: State, all: readonly Neighbour[], rows: Rows, turn: Turn): void {
  const copies = new Map<DocumentId, Uint8Array>();
  for (const [key, bytes] of rows) if (key.is === "copy" && bytes !== null) copies.set(key.document, bytes);
  for (const neighbour of all) {
    try {
      takeNeighbour(device, neighbour, copies, turn);
    } catch (error) {
      if (!(error instanceof Stopped || CopyError.isAbout(error))) throw error;
      turn.report({ NotTaken: { document: neighbour.document, reason: error.message } });
    }
  }
}

/** Throws {@link Stopped} or {@link CopyError}; nothing was changed then. */
function takeNeighbour(device: State, neighbour: Neighbour, copies: Map<DocumentId, Uint8Array>, turn: Turn): void {
  const { document, kind, code, card, changes } = neighbour;
  if (kind === "annex") throw new Stopped("an annex is read by its writer alone");
  withCopy(copyToEdit(device, document, kind, copies.get(document) ?? null), (copy) => {
    const constants = constantHashes(kind);
    const hashes = new Set(changes.map(hashOf));
    const news = [...hashes].filter((hash) => !copy.has(hash) && !constants.includes(hash));
    if (news.length === 0) return;
    if (CopyError.nullFor(() => (copy.merge(changes), true)) === null) {
      throw new Stopped("it builds on something that is not here yet: sync, or hand it in again later");
    }
    const entry = device.entries.get(document) ?? newEntry(KIND_CODES[kind]);
    device.entries.set(document, {
      ...entry,
      code: entry.code ?? code,
      card: entry.card ?? card,
      uncounted: [...entry.uncounted, ...news],
      neighbours: [...entry.neighbours, ...news],
    });
    turn.entry(document);
    const saved = copy.save();
    turn.put({ is: "copy", document }, saved);
    copies.set(document, saved);
    const fields = copy.conflicts();
    if (fields > 0) turn.report({ Conflict: { document, fields } });
  });
}

/** Whether a change that must wait for this one waits for a colleague on this device, and may go on waiting. */
export function waitsForNeighbour(device: State, document: DocumentId, change: ChangeHash, dep: ChangeHash): boolean {
  const sequence = workOf(device, document, change);
  const work = sequence === null ? undefined : device.works.get(sequence);
  const ofNeighbour = device.entries.get(document)?.neighbours.includes(dep) === true;
  return ofNeighbour && work !== undefined && work.waits < NEIGHBOUR_WAITS_MAX;
}

/** The change waits for the next sync. */
export function waitForNeighbour(device: State, document: DocumentId, change: ChangeHash, turn: Turn): void {
  device.sync?.unsettled.set(document, UNSETTLED_MAX + 1);
  const sequence = workOf(device, document, change);
  const work = sequence === null ? undefined : device.works.get(sequence);
  if (sequence === null || work === undefined) return;
  device.works.set(sequence, { ...work, waits: work.waits + 1 });
  turn.mark({ is: "work", number: sequence });
}
