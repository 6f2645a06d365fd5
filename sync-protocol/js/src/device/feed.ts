/**
 * The feed: what came down is merged, counted and stored together with the cursor that covers it.
 *
 * Documents are read first and handled one after the other. One that cannot be read or merged is passed over and asked
 * for whole; the others go on.
 */
import { equalBytes } from "../bytes.js";
import { constantHashes } from "../documents/constant.js";
import { KIND_CODES } from "../documents/types.js";
import type { Kind } from "../documents/types.js";
import type { Signature } from "../crypto.js";
import type { ChangeHash, DocumentId, Hash, Position } from "../ids.js";
import { Channel } from "../ids.js";
import type { FeedItem, FeedWhat, Rest } from "../wire/answer.js";
import { toCbor } from "../wire/codec.js";
import type { Raw } from "../wire/codec.js";
import { Digest } from "../wire/digest.js";
import { SignedLease } from "../wire/lease.js";
import { Copy, CopyError, hashOf } from "./copy.js";
import { goOn } from "./exchange.js";
import { keepProof, mayReturn, putUpForReturn } from "./giving.js";
import { orNull } from "./reading.js";
import { closeIfDone, count, enter, leave, newEntry, takeFrom, uncount } from "./ledger.js";
import { giveBack, receiptedParcelWith, want } from "./receipt.js";
import { compare, takeRepair } from "./repair.js";
import { kindOf } from "./rows.js";
import type { Rows } from "./rows.js";
import { closeChannel } from "./standing.js";
import { sorted, worksOf } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** The rest of an answer, while its documents are read. */
export interface FeedJob {
  readonly rest: Rest;
  readonly head: Position;
  /** What the request asked for whole. */
  readonly wanted: readonly DocumentId[];
  /** It is of the log that this device knows. */
  readonly known: boolean;
  /** As signed, and by whom: proves the feed. */
  readonly receipt: Raw;
  readonly signature: Signature;
  /** What the receipt says of the feed. */
  readonly leaves: Hash | null;
}

/** A document after its part of the feed. */
interface Merged {
  readonly saved: Uint8Array;
  /** Fed changes that the hub was not known to have. */
  readonly news: readonly ChangeHash[];
  /** Changes of the copy that the hub does not have, where it sent the document whole, and whether they are this user's. */
  readonly lost: readonly (readonly [ChangeHash, boolean])[];
  readonly conflicts: number;
  /** The stored copy could not be read: this one was made anew. */
  readonly anew: boolean;
}

/** Reads the feed's documents, or first asks for their stored copies. */
export function startFeed(device: State, job: FeedJob, turn: Turn): void {
  const fed = new Set(job.rest.feed.filter((item) => item.changes.length > 0).map((item) => item.document));
  const known = sorted(fed).filter((document) => device.entries.get(document)?.standing === "open");
  if (known.length === 0) {
    readFeed(device, job, [], turn);
  } else {
    turn.load(known.map((document) => ({ is: "copy", document })));
    device.waiting = { is: "feed", job };
  }
}

/** The second step, with the stored copies. */
export function readFeed(device: State, job: FeedJob, rows: Rows, turn: Turn): void {
  const { rest } = job;
  const stored = new Map<DocumentId, Uint8Array>();
  for (const [key, bytes] of rows) if (key.is === "copy" && bytes !== null) stored.set(key.document, bytes);
  const items = new Map<DocumentId, FeedItem[]>();
  for (const item of rest.feed) {
    const before = items.get(item.document);
    if (before === undefined) items.set(item.document, [item]);
    else before.push(item);
  }
  const wanted = new Set(job.wanted);
  for (const document of sorted(items.keys())) {
    const of = items.get(document) ?? [];
    feedDocument(device, document, of, rest, stored.get(document) ?? null, wanted.has(document), turn);
  }
  keepLeases(device, rest, turn);
  keepProof(device, job, turn);
  settleWants(device, job, turn);
  const moved = items.size > 0 || job.wanted.length > 0 || rest.repair !== null;
  if (device.sync !== null) {
    device.sync.more = rest.more;
    device.sync.done.fed += items.size;
    device.sync.moved ||= moved || !sameRaw(rest.cursor, device.progress.cursor);
  }
  if (rest.cursor !== null) device.progress.cursor = rest.cursor;
  takeRepair(device, rest, turn);
  if (job.known && rest.channels.length === 0) pushOnly(device, turn);
  else if (job.known && !rest.more) feedEnded(device, rest, job.head, turn);
  turn.progress();
  goOn(device, turn);
}

function feedDocument(
  device: State,
  document: DocumentId,
  items: readonly FeedItem[],
  rest: Rest,
  stored: Uint8Array | null,
  whole: boolean,
  turn: Turn,
): void {
  if (device.entries.get(document)?.standing === "erased") return;
  const kind = kindOf(items[0]?.kind ?? 0);
  if (kind === null) {
    turn.report({ Unreadable: { document } });
    return;
  }
  const changes = items.flatMap((item) => item.changes);
  if (changes.length > 0) {
    const merged = CopyError.nullFor(() => mergeFeed(device, document, kind, stored, changes, whole));
    if (merged === null) {
      turn.report({ Unreadable: { document } });
      if (!whole) want(device, document, turn);
      return;
    }
    keepMerged(device, document, kind, merged, turn);
  }
  // Of each channel what was said last; first where the document is, then where it is no longer: one that goes from a
  // channel of the user's to another is not dropped in between.
  const last = new Map<number, FeedWhat>();
  for (const item of items) last.set(item.channel, item.what);
  const said = [...last].sort(([a], [b]) => a - b);
  const inside = said.filter(([, what]) => what !== "left");
  const left = said.filter(([, what]) => what === "left");
  for (const [index, what] of [...inside, ...left]) {
    const channel = rest.channels[index];
    if (channel === undefined) continue;
    if (what === "left") leave(device, document, channel, turn);
    else enter(device, document, channel, turn);
  }
}

/** Throws {@link CopyError}; nothing was changed then. */
function mergeFeed(
  device: State,
  document: DocumentId,
  kind: Kind,
  stored: Uint8Array | null,
  changes: readonly Raw[],
  whole: boolean,
): Merged {
  const entry = device.entries.get(document);
  const read = CopyError.nullFor(() => {
    if (stored !== null) return Copy.load(kind, stored);
    return entry?.standing === "open" ? null : Copy.blank(kind);
  });
  if (read === null && !whole) throw new CopyError("load");
  const anew = read === null;
  let copy = read ?? Copy.blank(kind);
  try {
    const constants = constantHashes(kind);
    const fed = new Set(changes.map(hashOf).filter((hash) => !constants.includes(hash)));
    const uncounted = new Set(entry?.uncounted);
    const news = [...fed].filter((hash) => !copy.has(hash) || uncounted.has(hash));
    copy.merge(changes);
    if (anew) {
      // Own work goes back in; what does not fit any more stays in the outbox with its bytes.
      for (const [, work] of worksOf(device, document)) copy = copy.mergedIfFitting([work.raw]);
    }
    const prefix = device.session?.lease.prefix ?? null;
    const missing = whole ? copy.hashes().filter((hash) => !fed.has(hash) && !uncounted.has(hash)) : [];
    const lost: [ChangeHash, boolean][] = [];
    for (const hash of missing) lost.push([hash, copy.author(hash) === prefix]);
    return { saved: copy.save(), news, lost, conflicts: copy.conflicts(), anew };
  } finally {
    copy.free();
  }
}

function keepMerged(device: State, document: DocumentId, kind: Kind, merged: Merged, turn: Turn): void {
  if (!device.entries.has(document)) device.entries.set(document, newEntry(KIND_CODES[kind]));
  turn.entry(document);
  if (merged.anew) countAnew(device, document);
  for (const change of merged.news) count(device, document, change, turn);
  for (const [change, own] of merged.lost) {
    // An own change goes back with its parcel; another's with its proof, or stays here until its author gives it back.
    uncount(device, document, change, turn);
    const counter = receiptedParcelWith(device, document, change);
    if (counter !== null) giveBack(device, counter, turn);
    else if (own || mayReturn(device, document)) putUpForReturn(device, document, turn);
  }
  turn.put({ is: "copy", document }, merged.saved);
  if (merged.conflicts > 0) turn.report({ Conflict: { document, fields: merged.conflicts } });
}

/** Forgets what was counted of a document whose copy was lost; own work stays uncounted. */
function countAnew(device: State, document: DocumentId): void {
  const entry = device.entries.get(document);
  if (entry === undefined) return;
  takeFrom(device, entry.channels, entry.sum);
  const uncounted = worksOf(device, document).map(([, work]) => work.hash);
  device.entries.set(document, { ...entry, sum: Digest.EMPTY, uncounted, neighbours: [], standing: "open" });
}

/**
 * Forgets wants that were answered. Those that the budget cut off are asked again; when nothing of what was asked came,
 * it is out of scope.
 */
function settleWants(device: State, job: FeedJob, turn: Turn): void {
  const came = new Set(job.rest.feed.map((item) => item.document));
  const noneCame = !job.wanted.some((document) => came.has(document));
  const done = new Set(job.wanted.filter((document) => noneCame || came.has(document)));
  device.progress.wants = device.progress.wants.filter((document) => !done.has(document));
  for (const document of job.wanted) {
    if (!done.has(document)) device.sync?.asked.delete(document);
    else if (!came.has(document)) device.sync?.gone.add(document);
  }
  turn.progress();
}

function keepLeases(device: State, rest: Rest, turn: Turn): void {
  const hub = device.session?.hub;
  if (hub === undefined) return;
  for (const signed of rest.leases) {
    const lease = orNull(() => SignedLease.verify(signed, hub));
    if (lease !== null) turn.put({ is: "lease", prefix: lease.prefix }, toCbor(SignedLease, signed));
  }
}

function pushOnly(device: State, turn: Turn): void {
  if (device.sync !== null && !device.sync.renew) turn.report("PushOnly");
}

/** Where the user works by now: the lease names the site of its day, and new documents begin in the scope or are held. */
function noteSite(device: State, rest: Rest): void {
  const lease = device.session?.lease;
  if (lease === undefined) return;
  const now = rest.channels.map(Channel.siteCode).find((site) => site !== null) ?? null;
  device.progress.site = rest.channels.includes(Channel.site(lease.site)) ? null : now;
}

/** The feed is read to its end: both sides hold the same, or a repair begins. */
function feedEnded(device: State, rest: Rest, head: Position, turn: Turn): void {
  for (const channel of sorted(device.sums.keys())) {
    if (!rest.channels.includes(channel)) closeChannel(device, channel, turn);
  }
  // The feed has named every channel: what is still in none has left the user's scope.
  const loose = device.sync?.loose ?? new Set();
  if (device.sync !== null) device.sync.loose = new Set();
  for (const document of sorted(loose)) closeIfDone(device, document, turn);
  noteSite(device, rest);
  device.progress.readTo = rest.position ?? head;
  // What is about to be repaired is stated afterwards: until then it is no news that it differs.
  device.progress.held = rest.channels
    .map((channel) => [channel, device.sums.get(channel) ?? Digest.EMPTY] as const)
    .filter(([channel, mine], index) => {
      const theirs = rest.digests[index];
      return theirs === undefined || theirs === mine || device.sync?.repaired.has(channel) === true;
    });
  // What is on its way back to the hub does not count on either side yet.
  const givingBack = [...device.parcels.values()].some((info) => info.again);
  const compared = rest.digests.length === rest.channels.length;
  if (compared && !givingBack && device.progress.wants.length === 0) compare(device, rest, turn);
}

function sameRaw(a: Raw | null, b: Raw | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}
