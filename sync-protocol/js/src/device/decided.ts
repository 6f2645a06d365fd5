/**
 * Second receipts: what a person decided on work that the hub had held.
 *
 * Applied: the work is done, whether the feed brought it before, brings it later or never does. Rejected: its bytes are
 * kept aside with the reason and not written again; other work that hangs on it is, on what the hub has. A decision may
 * come any number of times and in any order: it says how a change stands, not what to do.
 */
import type { ChangeHash, DocumentId, Position } from "../ids.js";
import type { Decided, Fate, Rest } from "../wire/answer.js";
import { count, enter, forgetWork, workOf } from "./ledger.js";
import { closeAnnex, erase, held, mustWait, noteLoose, putUpForReplay, setState } from "./receipt.js";
import { setRefusedAside } from "./replay.js";
import { fatesOf } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** What a decision changed on this device for one change. */
type Said = "applied" | "rejected" | "nothing";

/** Takes the decisions of an answer. `fresh`: the request named the positions of this log. */
export function takeDecisions(device: State, rest: Rest, fresh: boolean, turn: Turn): void {
  for (const decided of rest.decided) {
    // One that does not fit is passed over, as a document of the feed would be.
    const fates = decided.runs.reduce((sum, run) => sum + run.count, 0);
    if (fates === decided.changes.length) takeDecision(device, decided, turn);
  }
  if (rest.decidedTo !== null && fresh) {
    device.progress.decidedTo = Math.max(device.progress.decidedTo, rest.decidedTo);
    turn.progress();
  }
  if (device.sync !== null) {
    device.sync.moved ||= rest.decided.length > 0;
    device.sync.decisionsAgain = !fresh;
  }
}

/**
 * Another log goes on in place of the old one from there: what was decided after it is told again. Whether the last
 * request had named a position of both.
 */
export function forgetDecisionsAfter(device: State, shared: Position): boolean {
  const fresh = device.progress.decidedTo <= shared;
  device.progress.decidedTo = Math.min(device.progress.decidedTo, shared);
  return fresh;
}

/** Whether decisions are to be asked for again: some work waits for one. */
export function hasDecisionsToAsk(device: State): boolean {
  if (device.sync === null || !device.sync.decisionsAgain) return false;
  for (const work of device.works.values()) if (work.state.is === "heldWho") return true;
  for (const aside of device.aside.values()) if (aside.supersededBy === null) return true;
  return false;
}

function takeDecision(device: State, decided: Decided, turn: Turn): void {
  const document = decided.document;
  const fates = fatesOf(decided.runs);
  let applied = 0;
  let rejected = 0;
  let sentence: string | null = null;
  for (const [index, change] of decided.changes.entries()) {
    const fate = fates[index];
    if (fate === undefined) break;
    const said = decide(device, document, change, fate, turn);
    if (said === "applied") applied += 1;
    if (said === "rejected") rejected += 1;
    if (fate.is === "refused" && sentence === null) sentence = fate.sentence;
  }
  for (const channel of decided.entered) enter(device, document, channel, turn);
  closeAnnex(device, document, turn);
  noteLoose(device, document, !device.worksOf.has(document));
  if (applied + rejected > 0) {
    if (device.sync !== null) device.sync.done.decided += applied + rejected;
    turn.report({ Decided: { document, applied, rejected, sentence } });
  }
}

function decide(device: State, document: DocumentId, change: ChangeHash, fate: Fate, turn: Turn): Said {
  const isWork = workOf(device, document, change) !== null;
  switch (fate.is) {
    case "applied":
    case "duplicate": {
      const aside = dropAside(device, document, change, turn);
      if (device.entries.get(document)?.uncounted.includes(change) === true) count(device, document, change, turn);
      const sequence = workOf(device, document, change);
      if (sequence !== null) forgetWork(device, sequence, turn);
      return isWork || aside ? "applied" : "nothing";
    }
    case "refused":
      return reject(device, document, change, fate.code, fate.sentence, turn);
    case "held":
      if (isWork) held(device, document, change, fate.code, turn);
      return "nothing";
    case "waiting":
      if (isWork) mustWait(device, document, change, fate.changes, turn);
      return "nothing";
    case "erased":
      erase(device, document, turn);
      return "nothing";
  }
}

function reject(device: State, document: DocumentId, change: ChangeHash, code: string, why: string, turn: Turn): Said {
  const sequence = workOf(device, document, change);
  if (sequence !== null) {
    const state = device.works.get(sequence)?.state;
    if (state?.is === "refused" && state.code === code && state.sentence === why) return "nothing";
    setState(device, document, change, { is: "refused", code, sentence: why }, turn);
    if (device.entries.get(document)?.standing === "open") putUpForReplay(device, document);
    else setRefusedAside(device, document, turn);
    return "rejected";
  }
  const found = asideOf(device, document, change);
  if (found === null) return "nothing";
  const aside = device.aside.get(found);
  if (aside === undefined || (aside.code === code && aside.sentence === why)) return "nothing";
  device.aside.set(found, { ...aside, code, sentence: why });
  turn.mark({ is: "aside", number: found });
  return "rejected";
}

/** Forgets the bytes that were kept aside of a change that the hub has applied after all; says whether there were any. */
export function dropAside(device: State, document: DocumentId, change: ChangeHash, turn: Turn): boolean {
  const sequence = asideOf(device, document, change);
  if (sequence === null) return false;
  device.aside.delete(sequence);
  turn.mark({ is: "aside", number: sequence });
  return true;
}

function asideOf(device: State, document: DocumentId, change: ChangeHash): number | null {
  for (const [sequence, aside] of device.aside) {
    if (aside.document === document && aside.hash === change) return sequence;
  }
  return null;
}
