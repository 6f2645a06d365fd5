/**
 * Receipts: what became of each change, believed only under the hub's signature.
 *
 * Owns fates and the keeping of parcels until a second copy exists. Which log a receipt is of: `marks`.
 */
import { KIND_CODES } from "../documents/types.js";
import type { ChangeHash, DocumentId, Hash, Position } from "../ids.js";
import { RECEIPTS_KEPT_MAX, RETAINED_PARCEL_BYTES_MAX } from "../limits.js";
import type { Answer, DocumentFate, Fate, ParcelReceipt, Receipt } from "../wire/answer.js";
import { toCbor } from "../wire/codec.js";
import { dropAside } from "./decided.js";
import { dropProofs, forgetProofsOf, mayReturn, putUpForReturn } from "./giving.js";
import { count, enter, forgetWork, takeFrom, uncount, workOf } from "./ledger.js";
import { waitForNeighbour, waitsForNeighbour } from "./neighbours.js";
import { unpack } from "./pack.js";
import { Stopped } from "./reading.js";
import { KeptReceipt } from "./rows.js";
import type { ParcelInfo, WorkState } from "./rows.js";
import { isOpen, unseal } from "./sealed.js";
import { fatesOf, worksOf } from "./state.js";
import type { State } from "./state.js";
import { stated, statementsRefused } from "./stating.js";
import type { Turn } from "./turn.js";

/** Codes of work held for who sent it begin so: later changes hang on it. */
const HELD_WHO = "held-who";
/** Codes of a refusal that is about this one parcel, and not about who sent it. */
const ABOUT_THE_PARCEL = "parcel-";
/** Old receipts that are forgotten at most when one comes: more than come, so that they never gather. */
const RECEIPTS_DROPPED_MAX = 1_024;

/** Marks a receipted parcel to be sent again; until then its changes do not count. */
export function giveBack(device: State, counter: number, turn: Turn): void {
  const info = device.parcels.get(counter);
  if (info === undefined || info.position === null || info.again) return;
  device.parcels.set(counter, { ...info, again: true });
  turn.mark({ is: "parcel", number: counter });
  for (const [document, changes] of info.documents) {
    for (const change of changes) {
      if (workOf(device, document, change) === null) uncount(device, document, change, turn);
    }
  }
}

/**
 * Takes the receipts of an answer. `known`: it is of the log that this device knows; what `copiedTo` covers is only then
 * what was receipted here. Throws {@link Stopped} when one does not fit; nothing of that parcel is then marked.
 */
export function takeReceipts(device: State, receipt: Receipt, answer: Answer, known: boolean, turn: Turn): void {
  for (const parcel of receipt.parcels) {
    const counter = counterOf(device, parcel.manifest);
    if (counter === null) continue;
    if (parcel.refused !== null) {
      const [code, sentence] = parcel.refused;
      refusedWhole(device, counter, code, sentence, turn);
    } else if (parcel.position !== null) {
      takeReceipt(device, counter, parcel, parcel.position, turn);
      const kept = { receipt: answer.receipt, signature: answer.signature };
      turn.put({ is: "receipt", number: counter }, toCbor(KeptReceipt, kept));
      dropOldReceipts(device, counter, turn);
      if (!known) device.sync?.receiptedElsewhere.add(counter);
    } else {
      throw new Stopped("the hub answered a parcel with neither a position nor a reason");
    }
  }
  if (known) {
    dropCopied(device, turn);
    dropProofs(device, turn);
  }
}

/** Forgets the oldest receipts, some in each turn: counters have gaps, since sealed parcels have counters of their own. */
function dropOldReceipts(device: State, counter: number, turn: Turn): void {
  const last = counter - RECEIPTS_KEPT_MAX;
  const from = device.progress.receiptsFrom;
  for (let old = from; old <= last && old < from + RECEIPTS_DROPPED_MAX; old += 1) {
    turn.delete({ is: "receipt", number: old });
    device.progress.receiptsFrom = old + 1;
  }
}

function counterOf(device: State, manifest: Hash): number | null {
  for (const [counter, info] of device.parcels) if (info.manifest === manifest) return counter;
  return null;
}

function takeReceipt(device: State, counter: number, receipt: ParcelReceipt, position: Position, turn: Turn): void {
  const info = device.parcels.get(counter);
  if (info === undefined) return;
  const fates = receipt.documents;
  const fits =
    info.documents.length === fates.length &&
    info.documents.every(
      ([, changes], index) => changes.length === fates[index]?.runs.reduce((sum, run) => sum + run.count, 0),
    );
  if (!fits) throw new Stopped("the hub's receipt does not fit the parcel that was sent");
  let applied = 0;
  for (const [index, [document, changes]] of info.documents.entries()) {
    const fate = fates[index];
    if (fate !== undefined) applied += takeFate(device, document, changes, fate, turn);
  }
  for (const sequence of info.states) {
    const aside = device.aside.get(sequence);
    if (aside === undefined) continue;
    device.aside.set(sequence, { ...aside, told: true });
    turn.mark({ is: "aside", number: sequence });
  }
  // Given back, and some of it must wait for what goes back of others' work: that is packed anew.
  const waits =
    info.again &&
    info.documents.some(
      ([document, changes], index) =>
        device.progress.returns.includes(document) &&
        fates[index]?.runs.some((run) => run.fate.is === "waiting") === true &&
        changes.some((change) => workOf(device, document, change) === null),
    );
  if (device.parcels.has(counter)) {
    device.parcels.set(counter, { ...info, position, again: false });
    turn.mark({ is: "parcel", number: counter });
  }
  if (waits) device.sync?.setBack.add(counter);
  if (device.packed !== null && device.packed[0] === counter) device.packed = null;
  stated(device, counter, turn);
  for (const [document] of info.documents) dropParcelsOfErased(device, document, turn);
  if (device.sync !== null) {
    device.sync.done.receipted += applied;
    device.sync.moved = true;
  }
  if (info.documents.length > 0) turn.report({ Receipted: { changes: applied, position } });
}

/** One document's fates; says how many changes the hub now has applied. */
export function takeFate(
  device: State,
  document: DocumentId,
  changes: readonly ChangeHash[],
  fate: DocumentFate,
  turn: Turn,
): number {
  const fates = fatesOf(fate.runs);
  let applied = 0;
  for (const [index, change] of changes.entries()) {
    const of = fates[index];
    if (of === undefined) break;
    switch (of.is) {
      case "applied":
      case "duplicate":
        if (device.entries.get(document)?.uncounted.includes(change) === true) count(device, document, change, turn);
        // Given back, and taken this time: the copy was made anew without it.
        if (dropAside(device, document, change, turn)) want(device, document, turn);
        applied += 1;
        break;
      case "held":
        held(device, document, change, of.code, turn);
        break;
      case "refused":
        refused(device, document, change, of.code, of.sentence, turn);
        break;
      case "waiting":
        mustWait(device, document, change, of.changes, turn);
        break;
      case "erased":
        erase(device, document, turn);
        break;
    }
  }
  // Only work can be stuck, not what was given back.
  if (device.worksOf.has(document) && fate.runs.some((run) => comesBack(run.fate))) cameBack(device, document);
  for (const channel of fate.entered) enter(device, document, channel, turn);
  closeAnnex(device, document, turn);
  noteLoose(device, document, applied === changes.length);
  return applied;
}

/** Remembers a document of which the hub has everything and that is in no channel of the user's. */
export function noteLoose(device: State, document: DocumentId, allApplied: boolean): void {
  const loose = device.entries.get(document)?.channels.length === 0;
  if (loose && allApplied) device.sync?.loose.add(document);
}

/** The hub holds a change for a person's decision. */
export function held(device: State, document: DocumentId, change: ChangeHash, code: string, turn: Turn): void {
  if (device.sync !== null) device.sync.done.held += 1;
  const forWho = code.startsWith(HELD_WHO);
  if (!forWho) putUpForReplay(device, document);
  setState(device, document, change, { is: forWho ? "heldWho" : "heldWhat", code }, turn);
  turn.report({ Held: { document, code } });
}

function refused(
  device: State,
  document: DocumentId,
  change: ChangeHash,
  code: string,
  sentence: string,
  turn: Turn,
): void {
  putUpForReplay(device, document);
  setState(device, document, change, { is: "refused", code, sentence }, turn);
}

/** The hub lacks something that this change needs: it is given back, or asked for and the work written again. */
export function mustWait(
  device: State,
  document: DocumentId,
  change: ChangeHash,
  deps: readonly ChangeHash[],
  turn: Turn,
): void {
  setState(device, document, change, { is: "local" }, turn);
  let replay = false;
  let neighbour = false;
  let returned = false;
  for (const dep of deps) {
    const sequence = workOf(device, document, dep);
    const work = sequence === null ? undefined : device.works.get(sequence);
    const counter = receiptedParcelWith(device, document, dep);
    if (work !== undefined) {
      replay ||= work.state.is === "refused" || work.state.is === "heldWhat";
    } else if (counter !== null) {
      giveBack(device, counter, turn);
    } else if (waitsForNeighbour(device, document, change, dep)) {
      neighbour = true;
    } else if (mayReturn(device, document)) {
      // What this device was fed goes back first, once the hub has shown what it has of it.
      if (device.sync?.asked.has(document) !== true) want(device, document, turn);
      putUpForReturn(device, document, turn);
      returned = true;
    } else {
      want(device, document, turn);
      replay = true;
    }
  }
  if (returned) device.sync?.waitsForReturn.add(document);
  else if (replay) putUpForReplay(device, document);
  else if (neighbour) waitForNeighbour(device, document, change, turn);
}

/** The receipted parcel that carried this change, if it is still kept. */
export function receiptedParcelWith(device: State, document: DocumentId, change: ChangeHash): number | null {
  const holds = (info: ParcelInfo): boolean =>
    info.position !== null && info.documents.some(([id, changes]) => id === document && changes.includes(change));
  for (const [counter, info] of device.parcels) if (holds(info)) return counter;
  return null;
}

/** The document was erased by decision: nothing of its content stays here. */
export function erase(device: State, document: DocumentId, turn: Turn): void {
  const entry = device.entries.get(document);
  if (entry === undefined || entry.standing === "erased") return;
  takeFrom(device, entry.channels, entry.sum);
  for (const [sequence] of worksOf(device, document)) forgetWork(device, sequence, turn);
  for (const [sequence, aside] of [...device.aside]) {
    if (aside.document !== document) continue;
    device.aside.delete(sequence);
    turn.mark({ is: "aside", number: sequence });
    turn.delete({ is: "edits", number: sequence });
  }
  device.entries.set(document, {
    ...entry,
    channels: [],
    uncounted: [],
    neighbours: [],
    card: null,
    code: null,
    standing: "erased",
  });
  forgetProofsOf(device, document, turn);
  turn.entry(document);
  turn.delete({ is: "copy", document });
  turn.report({ Erased: { document } });
}

/** A kept parcel with an erased document goes once it is receipted; the hub has the rest of it. */
function dropParcelsOfErased(device: State, document: DocumentId, turn: Turn): void {
  if (device.entries.get(document)?.standing !== "erased") return;
  for (const [counter, info] of [...device.parcels]) {
    if (info.position !== null && info.documents.some(([id]) => id === document)) unpack(device, counter, turn);
  }
}

/** An annex is readable here only until the hub has all of it. */
export function closeAnnex(device: State, document: DocumentId, turn: Turn): void {
  const entry = device.entries.get(document);
  if (entry === undefined || entry.kind !== KIND_CODES.annex) return;
  const unsent = worksOf(device, document).some(([, work]) => work.state.is !== "heldWho");
  if (unsent || entry.standing !== "open" || entry.channels.length > 0) return;
  device.entries.set(document, { ...entry, standing: "closed" });
  turn.entry(document);
  turn.delete({ is: "copy", document });
}

/** The whole parcel was refused: about the parcel, it is packed smaller until the one document is found. */
function refusedWhole(device: State, counter: number, code: string, sentence: string, turn: Turn): void {
  const info = device.parcels.get(counter);
  if (info === undefined) return;
  if (info.position !== null) {
    // Given back and not wanted: kept, but not offered again.
    device.parcels.set(counter, { ...info, again: false });
    turn.mark({ is: "parcel", number: counter });
    return;
  }
  unpack(device, counter, turn);
  if (!code.startsWith(ABOUT_THE_PARCEL)) throw new Stopped(`${sentence} (${code})`);
  const [first] = info.documents;
  if (first === undefined) {
    statementsRefused(device, turn);
  } else if (info.documents.length === 1) {
    const [document, changes] = first;
    for (const change of changes) refused(device, document, change, code, sentence, turn);
  } else if (device.sync !== null) {
    device.sync.parcelDocuments = Math.max(Math.floor(info.documents.length / 2), 1);
  }
  if (device.sync !== null) device.sync.moved = true;
}

/** What became of the work that this change is. */
export function setState(
  device: State,
  document: DocumentId,
  change: ChangeHash,
  state: WorkState,
  turn: Turn,
): void {
  const sequence = workOf(device, document, change);
  const work = sequence === null ? undefined : device.works.get(sequence);
  if (sequence === null || work === undefined) return;
  const now = { ...work, state };
  const open = isOpen(now);
  device.works.set(sequence, open ? now : { ...now, sealed: null });
  turn.mark({ is: "work", number: sequence });
  if (!open) unseal(device, sequence, work.sealed, turn);
  else if (work.sealed === null) device.toSeal.add(sequence);
}

/** Work of the document is to be written again. */
export function putUpForReplay(device: State, document: DocumentId): void {
  device.sync?.replay.add(document);
}

/** Work of the document came back; too often within one sync, and it waits for the next. */
function cameBack(device: State, document: DocumentId): void {
  device.sync?.unsettled.set(document, (device.sync.unsettled.get(document) ?? 0) + 1);
}

/**
 * Forgets parcels of which a second copy exists, and the oldest beyond what a device keeps; never the last one that
 * carried work which the hub did not keep.
 */
function dropCopied(device: State, turn: Turn): void {
  const open = lastWithUnkeptWork(device);
  const receipted = [...device.parcels].filter(
    ([counter, info]) => info.position !== null && !info.again && !open.has(counter),
  );
  let bytes = receipted.reduce((sum, [, info]) => sum + info.bytes, 0);
  for (const [counter, info] of receipted) {
    const copied = info.position !== null && info.position <= device.progress.copiedTo;
    if (!copied && bytes <= RETAINED_PARCEL_BYTES_MAX) continue;
    bytes -= info.bytes;
    device.parcels.delete(counter);
    turn.mark({ is: "parcel", number: counter });
    turn.delete({ is: "parcelBytes", number: counter });
  }
}

/** For each change that the hub did not keep, the last parcel that carried it. */
function lastWithUnkeptWork(device: State): Set<number> {
  const open = new Set<string>();
  for (const work of device.works.values()) if (work.state.is !== "heldWho") open.add(work.document + work.hash);
  const last = new Set<number>();
  for (const [counter, info] of [...device.parcels].reverse()) {
    const before = open.size;
    if (before === 0) break;
    for (const [document, changes] of info.documents) for (const change of changes) open.delete(document + change);
    if (open.size < before) last.add(counter);
  }
  return last;
}

/** The document is asked for whole in the next request. */
export function want(device: State, document: DocumentId, turn: Turn): void {
  if (device.progress.wants.includes(document)) return;
  device.progress.wants = [...device.progress.wants, document];
  turn.progress();
}

/** Whether a change with this fate is not settled: it will be sent again in one form or another. */
function comesBack(fate: Fate): boolean {
  switch (fate.is) {
    case "waiting":
    case "refused":
      return true;
    case "held":
      return !fate.code.startsWith(HELD_WHO);
    case "applied":
    case "duplicate":
    case "erased":
      return false;
  }
}
