/**
 * Replay: work that the hub did not take is written again, by a fresh actor, on the document as the hub has it.
 *
 * The old bytes are kept aside. A change refused for how it was written (its sequence number, what it hangs on) goes
 * through the second time; one refused for what it says fails again and waits for a person, without stopping the work
 * that came after it.
 */
import { EditError } from "../documents/edit.js";

import type { ChangeHash, DocumentId } from "../ids.js";
import { REPLAYS_MAX } from "../limits.js";
import { DECIDED_REJECTED } from "../wire/answer.js";
import { fromCbor } from "../wire/codec.js";
import { Copy, CopyError, withCopy } from "./copy.js";
import { isStuck } from "./sync.js";
import { forgetWork } from "./ledger.js";
import { orNull } from "./reading.js";
import { want } from "./receipt.js";
import { commit, keepWork, renewActor } from "./record.js";
import { EditsRow, kindOf } from "./rows.js";
import type { Key, Rows, Work } from "./rows.js";
import { sorted, worksOf } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";
import { editsFromJson } from "./typed.js";

/** The code of a change that is held only because the one before it is. */
const BEHIND_HELD = "gate-behind-held";
/** Why a change that is held for what it says is not written again. */
const FOR_A_PERSON = "a person must decide at the hub";

/** A stable code and what was wrong. */
interface Why {
  readonly code: string;
  readonly sentence: string;
}

/** Documents with work that an earlier sync left to be replayed. */
export function unsettledDocuments(device: State): Set<DocumentId> {
  const unsettled = new Set<DocumentId>();
  for (const work of device.works.values()) {
    if (work.state.is === "refused" || work.state.is === "heldWhat") unsettled.add(work.document);
  }
  return unsettled;
}

/** The next document to be replayed: nothing of it is on its way up or down. */
export function nextReplay(device: State): DocumentId | null {
  const sync = device.sync;
  if (sync === null) return null;
  const isReady = (document: DocumentId): boolean =>
    !worksOf(device, document).some(([, work]) => work.state.is === "packed") &&
    !isStuck(sync, document) &&
    !device.progress.wants.includes(document);
  return sorted(sync.replay).find(isReady) ?? null;
}

/** Asks for what a replay needs. */
export function startReplay(device: State, document: DocumentId, turn: Turn): void {
  const edits = [...(device.worksOf.get(document) ?? [])].map((number): Key => ({ is: "edits", number }));
  turn.load([{ is: "copy", document }, ...edits]);
  device.waiting = { is: "replay", document };
}

/** Writes the document's open work again. */
export function replay(device: State, document: DocumentId, rows: Rows, turn: Turn): void {
  if (device.sync !== null) {
    device.sync.replay.delete(document);
    device.sync.moved = true;
  }
  const kind = kindOf(device.entries.get(document)?.kind ?? 0);
  let stored: Uint8Array | null = null;
  const edits = new Map<number, EditsRow>();
  for (const [key, bytes] of rows) {
    if (bytes === null) continue;
    if (key.is === "copy" && key.document === document) stored = bytes;
    if (key.is !== "edits") continue;
    const row = orNull(() => fromCbor(EditsRow, bytes));
    if (row !== null) edits.set(key.number, row);
  }
  if (kind === null || stored === null) {
    setRefusedAside(device, document, turn);
    return;
  }
  const saved = stored;
  const old = CopyError.nullFor(() => Copy.load(kind, saved));
  if (old === null) {
    turn.report({ Unreadable: { document } });
    want(device, document, turn);
    return;
  }
  withCopy(old, () => {
    rebuild(device, document, old, edits, turn);
  });
}

/** Writes the document's open work again on what the hub has. */
function rebuild(
  device: State,
  document: DocumentId,
  old: Copy,
  edits: ReadonlyMap<number, EditsRow>,
  turn: Turn,
): void {
  const [again, redone] = toWriteAgain(device, document, old);
  const own = new Set(worksOf(device, document).map(([, work]) => work.hash));
  // Others' changes that the hub lost: kept in the copy, nothing new is hung on them.
  const surplus = new Set((device.entries.get(document)?.uncounted ?? []).filter((hash) => !own.has(hash)));
  const hubHas = new Set(old.hashes().filter((hash) => !redone.has(hash) && !surplus.has(hash)));
  const made = CopyError.nullFor(() => old.only(hubHas));
  if (made === null) {
    turn.report({ Unreadable: { document } });
    return;
  }
  let copy = made;
  try {
    if (device.session !== null) renewActor(device.session, turn);
    const entry = device.entries.get(document);
    if (entry !== undefined) {
      const uncounted = entry.uncounted.filter((hash) => !redone.has(hash));
      device.entries.set(document, { ...entry, uncounted });
    }
    const written = new Map<ChangeHash, ChangeHash>();
    for (const sequence of again) {
      const work = forgetWork(device, sequence, turn);
      if (work === null) continue;
      const made = writeAgain(device, work, edits.get(sequence) ?? null, old, copy, written, turn);
      if (made !== null) written.set(work.hash, made);
    }
    copy = copy.mergedIfFitting(old.raw(surplus));
    turn.entry(document);
    turn.put({ is: "copy", document }, copy.save());
    turn.report({ Replayed: { document, changes: written.size } });
  } finally {
    copy.free();
  }
}

/**
 * The works of a document that are written again, oldest first, and their changes: all but those that a person at the hub
 * still has to let in. Of these, what hangs on another that is written again cannot be let in any more.
 */
function toWriteAgain(device: State, document: DocumentId, old: Copy): [number[], Set<ChangeHash>] {
  const works = worksOf(device, document);
  const redone = new Set(works.filter(([, work]) => work.state.is !== "heldWho").map(([, work]) => work.hash));
  for (const [, work] of works) if (old.deps(work.hash).some((dep) => redone.has(dep))) redone.add(work.hash);
  return [works.filter(([, work]) => redone.has(work.hash)).map(([sequence]) => sequence), redone];
}

/** There is no copy to write on: what was not accepted is kept aside as it is. */
export function setRefusedAside(device: State, document: DocumentId, turn: Turn): void {
  for (const [sequence, { state }] of worksOf(device, document)) {
    if (state.is !== "refused" && state.is !== "heldWhat") continue;
    const work = forgetWork(device, sequence, turn);
    if (work === null) continue;
    const entry = device.entries.get(document);
    if (entry !== undefined) {
      const uncounted = entry.uncounted.filter((hash) => hash !== work.hash);
      device.entries.set(document, { ...entry, uncounted });
      turn.entry(document);
    }
    setAside(device, work, whyAside(work), null, turn);
  }
}

/** Why the hub did not take a work. */
function whyAside({ state }: Work): Why {
  switch (state.is) {
    case "refused":
      return { code: state.code, sentence: state.sentence };
    case "heldWhat":
      return { code: state.code, sentence: FOR_A_PERSON };
    case "heldWho":
      return { code: state.code, sentence: "the work that it hung on was not accepted" };
    case "local":
    case "packed":
      return { code: "", sentence: "" };
  }
}

/** Writes one work again, or sets it aside; says which change it became. */
function writeAgain(
  device: State,
  work: Work,
  row: EditsRow | null,
  old: Copy,
  copy: Copy,
  written: ReadonlyMap<ChangeHash, ChangeHash>,
  turn: Turn,
): ChangeHash | null {
  const { state } = work;
  const forAPerson =
    (state.is === "heldWhat" && state.code !== BEHIND_HELD) ||
    (state.is === "refused" && state.code === DECIDED_REJECTED);
  if (forAPerson || (state.is === "refused" && work.replays >= REPLAYS_MAX)) {
    setAside(device, work, whyAside(work), null, turn);
    return null;
  }
  const edits = row === null ? null : editsFromJson(row.edits);
  if (row === null || edits === null || device.session === null) {
    setAside(device, work, { code: "device-edits", sentence: "its typed edits cannot be read" }, null, turn);
    return null;
  }
  const shown = commonHeads(row.shown, old, copy, written);
  try {
    const { hash, raw } = commit(device.session, copy, shown, row.at, edits, turn);
    const replays = work.replays + (state.is === "refused" ? 1 : 0);
    const made: Work = { document: work.document, hash, raw, state: { is: "local" }, replays, sealed: null, waits: 0 };
    keepWork(device, made, shown, edits, row.at, turn);
    if (state.is !== "local" && state.is !== "packed") setAside(device, work, whyAside(work), hash, turn);
    return hash;
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    // Everything that it said stands there already.
    if (error.code === "edit-nothing-changed") return null;
    setAside(device, work, { code: error.code, sentence: error.message }, null, turn);
    return null;
  }
}

function setAside(device: State, work: Work, why: Why, supersededBy: ChangeHash | null, turn: Turn): void {
  const { document, hash, raw } = work;
  if (supersededBy === null) {
    if (device.sync !== null) device.sync.done.refused += 1;
    turn.report({ Refused: { document, ...why } });
  }
  device.progress.sequence += 1;
  const number = device.progress.sequence;
  device.aside.set(number, { document, hash, raw, ...why, supersededBy, told: false });
  turn.mark({ is: "aside", number });
  turn.progress();
}

/**
 * The heads that were shown, as far as the new copy has them: a change written again stands for the old one, one that is
 * gone for what it hung on.
 */
function commonHeads(
  shown: readonly ChangeHash[],
  old: Copy,
  copy: Copy,
  written: ReadonlyMap<ChangeHash, ChangeHash>,
): ChangeHash[] {
  const todo = [...shown];
  const seen = new Set<ChangeHash>();
  const heads = new Set<ChangeHash>();
  for (let hash = todo.pop(); hash !== undefined; hash = todo.pop()) {
    if (seen.has(hash)) continue;
    seen.add(hash);
    const made = written.get(hash);
    if (made !== undefined) heads.add(made);
    else if (copy.has(hash)) heads.add(hash);
    else todo.push(...old.deps(hash));
  }
  return heads.size === 0 ? copy.heads() : sorted(heads);
}
