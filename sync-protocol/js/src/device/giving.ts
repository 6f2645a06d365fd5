/**
 * Giving back others' work: what the hub once fed and has lost since.
 *
 * Of each answer with a feed the device keeps what proves it: the receipt, the leaves, and for each document which changes
 * its leaf was of. A repair, or work that waits for something, shows which documents the hub lacks something of; these are
 * looked at once their wants are answered. Others' changes go back with their proofs (`wire/returning.ts`), own ones with
 * the parcels that carried them, or as new work where no parcel is left. Proofs go when a second copy of the log covers
 * them, beyond a named size, and with a document that is erased or closed here.
 *
 * What the hub does not take is not offered again: only what must wait for other work is, a few times in a sync.
 */
import { KIND_CODES } from "../documents/types.js";
import { DocumentId, Hash } from "../ids.js";
import type { ActorPrefix, ChangeHash, Position } from "../ids.js";
import { FED_PROOF_BYTES_MAX, PARCEL_DOCUMENT_BYTES, RETURN_LOADED_MAX, UNSETTLED_MAX } from "../limits.js";
import { leaf, leafSalt, leavesHash } from "../wire/answer.js";
import type { DocumentFate } from "../wire/answer.js";
import { list } from "../wire/cbor.js";
import { fromCbor, toCbor } from "../wire/codec.js";
import type { Raw } from "../wire/codec.js";
import { SignedLease } from "../wire/lease.js";
import { FeedProof } from "../wire/returning.js";
import type { Return, Returned } from "../wire/returning.js";
import { Copy, CopyError, hashOf } from "./copy.js";
import { goOn, sendBack } from "./exchange.js";
import type { FeedJob } from "./feed.js";
import { addWork, count, enter, uncount, workOf } from "./ledger.js";
import { orNull } from "./reading.js";
import { erase, giveBack, noteLoose, putUpForReplay, receiptedParcelWith } from "./receipt.js";
import { FedItem, kindOf } from "./rows.js";
import type { Key, Rows } from "./rows.js";
import { fatesOf, sorted } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** A document of the request that is on its way, and which of its changes. */
export type Offered = readonly [DocumentId, readonly ChangeHash[]];

/** What is about to go back, while its authors' leases are read. */
export interface Giving {
  readonly returns: readonly Return[];
  readonly offered: readonly Offered[];
}

const FedItems = list(FedItem);

/** Keeps what proves the feed of an answer, unless a second copy has it already. */
export function keepProof(device: State, job: FeedJob, turn: Turn): void {
  const { feed, channels, seed } = job.rest;
  if (seed === null || job.leaves === null || feed.length === 0 || job.head <= device.progress.copiedTo) return;
  const leaves: Hash[] = [];
  const items = new Map<DocumentId, FedItem[]>();
  for (const [index, item] of feed.entries()) {
    const hashes = CopyError.nullFor(() => item.changes.map(hashOf));
    const channel = channels[item.channel];
    if (hashes === null || channel === undefined) return;
    leaves.push(leaf(leafSalt(seed, index), item.document, item.kind, hashes));
    if (device.entries.get(item.document)?.standing !== "open" || hashes.length === 0) continue;
    const fed = { leaf: index, kind: item.kind, channel, hashes };
    const before = items.get(item.document);
    if (before === undefined) items.set(item.document, [fed]);
    else before.push(fed);
  }
  // A hub whose leaves are others proves nothing with them.
  if (items.size === 0 || leavesHash(leaves) !== job.leaves) return;
  const number = ([...device.fed.keys()].at(-1) ?? 0) + 1;
  const proof = toCbor(FeedProof, { receipt: job.receipt, signature: job.signature, seed, leaves });
  let bytes = proof.length;
  turn.put({ is: "fedProof", number }, proof);
  const documents = sorted(items.keys());
  for (const document of documents) {
    const row = toCbor(FedItems, items.get(document) ?? []);
    bytes += row.length;
    turn.put({ is: "fedItems", number, document }, row);
  }
  device.fed.set(number, { head: job.head, bytes, documents, beyond: false });
  turn.mark({ is: "fed", number });
}

/** Forgets proofs of what a second copy covers, and the oldest beyond what a device keeps. */
export function dropProofs(device: State, turn: Turn): void {
  let bytes = [...device.fed.values()].reduce((sum, info) => sum + info.bytes, 0);
  for (const [number, info] of [...device.fed]) {
    const copied = info.head <= device.progress.copiedTo && !info.beyond;
    if (!copied && bytes <= FED_PROOF_BYTES_MAX) continue;
    bytes -= info.bytes;
    dropProof(device, number, turn);
  }
}

function dropProof(device: State, number: number, turn: Turn): void {
  const info = device.fed.get(number);
  if (info === undefined) return;
  device.fed.delete(number);
  turn.mark({ is: "fed", number });
  turn.delete({ is: "fedProof", number });
  for (const document of info.documents) turn.delete({ is: "fedItems", number, document });
}

/**
 * The hub's log is another beyond `shared`: what it fed later is kept until both sides hold the same. Annexes are in no
 * sum, so nothing else would show that they are gone.
 */
export function keepProofsBeyond(device: State, shared: Position, turn: Turn): void {
  const annexes = new Set<DocumentId>();
  for (const [number, info] of [...device.fed]) {
    if (info.head <= shared) continue;
    device.fed.set(number, { ...info, beyond: true });
    turn.mark({ is: "fed", number });
    for (const document of info.documents) {
      if (device.entries.get(document)?.kind === KIND_CODES.annex) annexes.add(document);
    }
  }
  for (const document of sorted(annexes)) putUpForReturn(device, document, turn);
}

/** Both sides hold the same: what was kept for a log of before is as good as copied. */
export function forgetProofsBeyond(device: State, turn: Turn): void {
  if (device.progress.returns.length > 0) return;
  for (const [number, info] of [...device.fed]) {
    if (!info.beyond) continue;
    device.fed.set(number, { ...info, beyond: false });
    turn.mark({ is: "fed", number });
  }
}

/** Nothing of the document is given back any more. */
export function forgetProofsOf(device: State, document: DocumentId, turn: Turn): void {
  for (const [number, info] of [...device.fed]) {
    if (!info.documents.includes(document)) continue;
    device.fed.set(number, { ...info, documents: info.documents.filter((id) => id !== document) });
    turn.mark({ is: "fed", number });
    turn.delete({ is: "fedItems", number, document });
  }
  if (!device.progress.returns.includes(document)) return;
  device.progress.returns = device.progress.returns.filter((id) => id !== document);
  turn.progress();
}

/** Whether something of the document was fed and is not offered too often. */
export function mayReturn(device: State, document: DocumentId): boolean {
  if ((device.sync?.offers.get(document) ?? 0) >= UNSETTLED_MAX) return false;
  for (const info of device.fed.values()) if (info.documents.includes(document)) return true;
  return false;
}

/** The hub lacks something of the document: it is looked at what of it goes back. */
export function putUpForReturn(device: State, document: DocumentId, turn: Turn): void {
  if (device.progress.returns.includes(document)) return;
  device.progress.returns = [...device.progress.returns, document];
  turn.progress();
}

/** Documents to be looked at now: what was asked for of them has come. */
function toReturn(device: State): DocumentId[] {
  const { sync, progress } = device;
  if (sync === null) return [];
  const ready = (document: DocumentId): boolean =>
    !progress.wants.includes(document) && (sync.offers.get(document) ?? 0) < UNSETTLED_MAX;
  return progress.returns.filter(ready).slice(0, RETURN_LOADED_MAX);
}

/** Whether there is anything to be looked at. */
export function hasToReturn(device: State): boolean {
  return toReturn(device).length > 0;
}

/** Reads what may go back, if there is anything. */
export function startReturns(device: State, turn: Turn): boolean {
  const documents = toReturn(device);
  if (documents.length === 0) return false;
  const keys: Key[] = documents.map((document) => ({ is: "copy", document }));
  for (const [number, info] of device.fed) {
    const ofIt = documents.filter((document) => info.documents.includes(document));
    if (ofIt.length === 0) continue;
    keys.push({ is: "fedProof", number });
    for (const document of ofIt) keys.push({ is: "fedItems", number, document });
  }
  turn.load(keys);
  device.waiting = { is: "returns", documents };
  return true;
}

/** The second step, with copies and proofs: what goes back with the next request, as much as the link carries. */
export function chooseReturns(device: State, documents: readonly DocumentId[], rows: Rows, turn: Turn): void {
  const copies = new Map<DocumentId, Uint8Array>();
  const proofs = new Map<number, FeedProof>();
  const items = new Map<DocumentId, Map<number, readonly FedItem[]>>();
  for (const [key, bytes] of rows) {
    if (bytes === null) continue;
    if (key.is === "copy") {
      copies.set(key.document, bytes);
    } else if (key.is === "fedProof") {
      const proof = orNull(() => fromCbor(FeedProof, bytes));
      if (proof !== null) proofs.set(key.number, proof);
    } else if (key.is === "fedItems") {
      const row = orNull(() => fromCbor(FedItems, bytes));
      if (row === null) continue;
      const before = items.get(key.document);
      if (before === undefined) items.set(key.document, new Map([[key.number, row]]));
      else before.set(key.number, row);
    }
  }
  const budget = device.sync?.budget ?? 0;
  let bytes = 0;
  const chosen = new Map<number, Returned[]>();
  const authors = new Set<ActorPrefix>();
  for (const document of documents) {
    if (bytes >= budget) break;
    let offered = false;
    const stored = copies.get(document);
    const kind = kindOf(device.entries.get(document)?.kind ?? 0);
    const copy = stored === undefined || kind === null ? null : CopyError.nullFor(() => Copy.load(kind, stored));
    if (copy !== null) {
      try {
        const others = takeApart(device, document, copy, turn);
        for (const [number, returned] of proved(document, others, items.get(document) ?? new Map(), proofs, copy)) {
          bytes += returned.changes.reduce((sum, raw) => sum + raw.length, 0);
          bytes += returned.hashes.length * Hash.LEN + PARCEL_DOCUMENT_BYTES;
          const proof = proofs.get(number);
          const before = chosen.get(number);
          if (before !== undefined) before.push(returned);
          else chosen.set(number, [returned]);
          if (before === undefined && proof !== undefined) {
            bytes += proof.receipt.length + proof.leaves.length * Hash.LEN;
          }
          for (const hash of returned.hashes) {
            const author = copy.author(hash);
            if (author !== null) authors.add(author);
          }
          offered = true;
        }
      } finally {
        copy.free();
      }
    }
    if (!offered) noMoreToReturn(device, document, turn);
    else device.sync?.offers.set(document, (device.sync.offers.get(document) ?? 0) + 1);
  }
  const returns: Return[] = [];
  const offered: Offered[] = [];
  for (const number of [...chosen.keys()].sort((a, b) => a - b)) {
    const proof = proofs.get(number);
    const of = chosen.get(number);
    if (proof === undefined || of === undefined) continue;
    for (const { document, changes } of of) offered.push([document, changes.map(hashOf)]);
    returns.push({ proof, documents: of, authors: [] });
  }
  if (device.sync !== null) device.sync.moved = true;
  if (returns.length === 0) {
    goOn(device, turn);
  } else {
    turn.load(sorted(authors).map((prefix) => ({ is: "lease", prefix })));
    device.waiting = { is: "leases", giving: { returns, offered } };
  }
}

/** The third step, with the authors' leases: the request. */
export function sendReturns(device: State, giving: Giving, rows: Rows, turn: Turn): void {
  const authors: SignedLease[] = [];
  for (const [, bytes] of rows) {
    const lease = bytes === null ? null : orNull(() => fromCbor(SignedLease, bytes));
    if (lease !== null) authors.push(lease);
  }
  const returns = giving.returns.map((back, index) => (index === 0 ? { ...back, authors } : back));
  sendBack(device, returns, giving.offered, turn);
}

/** Parts what the hub lacks of a document: own changes go back with their parcels or become new work; others' are given. */
function takeApart(device: State, document: DocumentId, copy: Copy, turn: Turn): Set<ChangeHash> {
  const others = new Set<ChangeHash>();
  const entry = device.entries.get(document);
  if (entry === undefined) return others;
  const gone = entry.channels.length === 0 || device.sync?.gone.has(document) === true;
  const prefix = device.session?.lease.prefix ?? null;
  const toGive: number[] = [];
  for (const hash of copy.hashes()) {
    const lost = gone || entry.uncounted.includes(hash);
    if (!lost || entry.neighbours.includes(hash) || workOf(device, document, hash) !== null) continue;
    uncount(device, document, hash, turn);
    const counter = receiptedParcelWith(device, document, hash);
    if (copy.author(hash) !== prefix) {
      others.add(hash);
    } else if (counter !== null && device.sync?.setBack.has(counter) !== true) {
      toGive.push(counter);
    } else if (![...device.aside.values()].some((aside) => aside.hash === hash)) {
      const raw = copy.raw(new Set([hash])).at(-1);
      if (raw === undefined) continue;
      addWork(device, { document, hash, raw, state: { is: "local" }, replays: 0, sealed: null, waits: 0 }, turn);
    }
  }
  for (const counter of toGive) giveBack(device, counter, turn);
  return others;
}

/** Nothing of the document can be given back; work that waited for it is written again. */
function noMoreToReturn(device: State, document: DocumentId, turn: Turn): void {
  device.progress.returns = device.progress.returns.filter((id) => id !== document);
  turn.progress();
  if (device.sync?.waitsForReturn.delete(document) === true) putUpForReplay(device, document);
}

/** What became of what was given back. */
export function takeReturned(
  device: State,
  offered: readonly Offered[],
  fates: readonly DocumentFate[],
  turn: Turn,
): void {
  if (offered.length === 0) return;
  const left = new Set<DocumentId>();
  let taken = false;
  for (const [index, [document, changes]] of offered.entries()) {
    const fate = fates[index];
    // A hub that says nothing of them did not look: they are offered in the next sync.
    if (fate === undefined) {
      device.sync?.offers.set(document, UNSETTLED_MAX);
      left.add(document);
      continue;
    }
    const fated = fatesOf(fate.runs);
    for (const [at, change] of changes.entries()) {
      const of = fated[at];
      if (of === undefined) break;
      if (of.is === "applied" || of.is === "duplicate") {
        if (device.entries.get(document)?.uncounted.includes(change) === true) count(device, document, change, turn);
        taken = true;
      } else if (of.is === "waiting") {
        left.add(document);
      } else if (of.is === "erased") {
        erase(device, document, turn);
      }
      // Held or refused: for a person, or never. Not offered again.
    }
    for (const channel of fate.entered) enter(device, document, channel, turn);
    noteLoose(device, document, (device.entries.get(document)?.uncounted.length ?? 0) === 0);
  }
  for (const [document] of offered) {
    if (left.has(document)) continue;
    device.progress.returns = device.progress.returns.filter((id) => id !== document);
    device.sync?.waitsForReturn.delete(document);
  }
  if (device.sync !== null && taken) {
    device.sync.moved = true;
    // What waited for it may go now; what waits for something else is offered again after that.
    device.sync.waitsForReturn.clear();
  }
  turn.progress();
}

/** For each item that has some of these changes, oldest first: those of them that no item before it had. */
function proved(
  document: DocumentId,
  left: Set<ChangeHash>,
  rows: ReadonlyMap<number, readonly FedItem[]>,
  proofs: ReadonlyMap<number, FeedProof>,
  copy: Copy,
): (readonly [number, Returned])[] {
  const all: (readonly [number, Returned])[] = [];
  for (const number of [...rows.keys()].sort((a, b) => a - b)) {
    if (!proofs.has(number)) continue;
    for (const { leaf, kind, channel, hashes } of rows.get(number) ?? []) {
      const changes: Raw[] = [];
      for (const hash of hashes) {
        if (!left.delete(hash)) continue;
        changes.push(...copy.raw(new Set([hash])));
      }
      if (changes.length > 0) all.push([number, { leaf, document, kind, channel, hashes, changes }]);
    }
  }
  return all;
}
