/**
 * Repair: when the sums of a channel differ, find the documents that do, and mend both sides.
 *
 * 256 sums go up, by the first byte of the document id; the documents and sums of those that differ come back; what
 * differs is asked for whole. What only this device has goes back with its parcels, or with its proof (`giving`). Nothing is
 * ever dropped here: a document that the hub does not list leaves the channel, its copy stays.
 */
import { KIND_CODES } from "../documents/types.js";
import type { Channel, DocumentId } from "../ids.js";
import { REPAIR_BUCKETS } from "../limits.js";
import type { Rest } from "../wire/answer.js";
import { Digest } from "../wire/digest.js";
import type { Repair } from "../wire/exchange.js";
import { forgetProofsBeyond, mayReturn, putUpForReturn } from "./giving.js";
import { stepOut } from "./ledger.js";
import { giveBack, want } from "./receipt.js";
import { sorted } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** The first byte of a document id. */
function bucketOf(document: DocumentId): number {
  return Number.parseInt(document.slice(0, 2), 16);
}

/** Compares the sums at the end of a feed; one channel is repaired at a time, each once in a sync. */
export function compare(device: State, rest: Rest, turn: Turn): void {
  const mine = (channel: Channel): Digest => device.sums.get(channel) ?? Digest.EMPTY;
  if (rest.channels.every((channel, index) => rest.digests[index] === undefined || mine(channel) === rest.digests[index])) {
    forgetProofsBeyond(device, turn);
    return;
  }
  const sync = device.sync;
  if (sync === null) return;
  for (const [index, channel] of rest.channels.entries()) {
    const theirs = rest.digests[index];
    if (theirs === undefined) return;
    if ((device.sums.get(channel) ?? Digest.EMPTY) === theirs) continue;
    if (sync.repaired.has(channel)) turn.report({ Differs: { channel } });
    else if (sync.repair === null) sync.repair = channel;
  }
}

/** The device's half: a sum for each first byte of a document id. */
export function buckets(device: State, channel: Channel): Repair {
  const sums = Array.from({ length: REPAIR_BUCKETS }, () => Digest.EMPTY);
  for (const [document, entry] of device.entries) {
    if (!entry.channels.includes(channel)) continue;
    const bucket = bucketOf(document);
    sums[bucket] = Digest.plus(sums[bucket] ?? Digest.EMPTY, entry.sum);
  }
  device.sync?.repaired.add(channel);
  return { channel, buckets: sums };
}

/** The hub's half. */
export function takeRepair(device: State, rest: Rest, turn: Turn): void {
  const repair = rest.repair;
  if (repair === null) return;
  const channel = rest.channels[repair.channel];
  if (channel === undefined) return;
  let wanted = 0;
  for (const [document, theirs] of repair.documents) {
    const mine = device.entries.get(document);
    const same = mine !== undefined && mine.channels.includes(channel) && mine.sum === theirs;
    if (same) continue;
    want(device, document, turn);
    wanted += 1;
  }
  const listed = new Set(repair.documents.map(([document]) => document));
  const differing = new Set(repair.buckets);
  const onlyHere: DocumentId[] = [];
  for (const [document, entry] of device.entries) {
    const inside = entry.kind !== KIND_CODES.annex && entry.channels.includes(channel);
    if (inside && differing.has(bucketOf(document)) && !listed.has(document)) onlyHere.push(document);
  }
  for (const document of sorted(onlyHere)) {
    stepOut(device, document, channel, turn);
    const carried = [...device.parcels].filter(
      ([, info]) => info.position !== null && info.documents.some(([id]) => id === document),
    );
    if (carried.length === 0 || mayReturn(device, document)) putUpForReturn(device, document, turn);
    for (const [counter] of carried) giveBack(device, counter, turn);
  }
  turn.report({ Repaired: { channel, documents: wanted } });
}
