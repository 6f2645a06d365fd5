/**
 * The ledger: which changes the hub is known to have, and the sums that follow from it.
 *
 * A change counts once the hub fed it or receipted it as applied. An entry lists what does *not* count (`uncounted`: own
 * work on its way, changes that the hub lost), because that list is nearly always empty. Constants and annexes never
 * count.
 */
import type { ChangeHash, Channel, DocumentId } from "../ids.js";
import { KIND_CODES } from "../documents/types.js";
import { Digest } from "../wire/digest.js";
import { forgetProofsOf } from "./giving.js";
import type { Entry, Work } from "./rows.js";
import { unseal } from "./sealed.js";
import { grouped, sorted, worksOf } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** The entry of a document that the device did not know. */
export function newEntry(kind: number): Entry {
  return { kind, channels: [], sum: Digest.EMPTY, uncounted: [], card: null, code: null, standing: "open", neighbours: [] };
}

/** Every channel's sum, from the entries. */
export function addUp(device: State): void {
  device.sums.clear();
  for (const entry of device.entries.values()) addTo(device, entry.channels, entry.sum);
}

/** Adds to the sums of channels. */
function addTo(device: State, channels: readonly Channel[], digest: Digest): void {
  for (const channel of channels) device.sums.set(channel, Digest.plus(device.sums.get(channel) ?? Digest.EMPTY, digest));
}

/** Takes from the sums of channels. */
export function takeFrom(device: State, channels: readonly Channel[], digest: Digest): void {
  for (const channel of channels) device.sums.set(channel, Digest.minus(device.sums.get(channel) ?? Digest.EMPTY, digest));
}

/** The hub has this change of the document. Forgets the work that it was, if it was one. */
export function count(device: State, document: DocumentId, change: ChangeHash, turn: Turn): void {
  const entry = device.entries.get(document);
  if (entry === undefined) return;
  const counts = entry.kind !== KIND_CODES.annex;
  const digest = counts ? Digest.ofChange(document, change) : Digest.EMPTY;
  const uncounted = entry.uncounted.includes(change) ? entry.uncounted.filter((hash) => hash !== change) : entry.uncounted;
  const neighbours = entry.neighbours.filter((hash) => hash !== change);
  device.entries.set(document, { ...entry, uncounted, neighbours, sum: Digest.plus(entry.sum, digest) });
  if (counts) addTo(device, entry.channels, digest);
  turn.entry(document);
  const sequence = workOf(device, document, change);
  if (sequence !== null) forgetWork(device, sequence, turn);
}

/** The hub does not have this change after all; it stays in the copy. */
export function uncount(device: State, document: DocumentId, change: ChangeHash, turn: Turn): void {
  const entry = device.entries.get(document);
  if (entry === undefined || entry.uncounted.includes(change)) return;
  const counts = entry.kind !== KIND_CODES.annex;
  const digest = counts ? Digest.ofChange(document, change) : Digest.EMPTY;
  device.entries.set(document, { ...entry, uncounted: [...entry.uncounted, change], sum: Digest.minus(entry.sum, digest) });
  if (counts) takeFrom(device, entry.channels, digest);
  turn.entry(document);
}

/** The document is in the channel. */
export function enter(device: State, document: DocumentId, channel: Channel, turn: Turn): void {
  const entry = device.entries.get(document);
  if (entry === undefined || entry.channels.includes(channel)) return;
  device.entries.set(document, { ...entry, channels: sorted([...entry.channels, channel]) });
  addTo(device, [channel], entry.sum);
  turn.entry(document);
}

/** The document is no longer in the channel. What the user may no longer read goes, unless work of it is unsent. */
export function leave(device: State, document: DocumentId, channel: Channel, turn: Turn): void {
  stepOut(device, document, channel, turn);
  closeIfDone(device, document, turn);
}

/** The document is no longer in the channel; its copy stays. */
export function stepOut(device: State, document: DocumentId, channel: Channel, turn: Turn): void {
  const entry = device.entries.get(document);
  if (entry === undefined || !entry.channels.includes(channel)) return;
  device.entries.set(document, { ...entry, channels: entry.channels.filter((other) => other !== channel) });
  takeFrom(device, [channel], entry.sum);
  turn.entry(document);
}

/** Removes the readable copy of a document that no channel of the user holds, once nothing of it is unsent. */
export function closeIfDone(device: State, document: DocumentId, turn: Turn): void {
  const unsent = (device.worksOf.get(document)?.size ?? 0) > 0;
  const entry = device.entries.get(document);
  if (entry === undefined || unsent) return;
  // A change that the hub lost may be the only one left anywhere.
  if (entry.standing === "open" && entry.channels.length === 0 && entry.uncounted.length === 0) {
    device.entries.delete(document);
    forgetProofsOf(device, document, turn);
    turn.entry(document);
    turn.delete({ is: "copy", document });
  }
}

/** The number of the work that this change of the document is, if it is one. */
export function workOf(device: State, document: DocumentId, change: ChangeHash): number | null {
  return worksOf(device, document).find(([, work]) => work.hash === change)?.[0] ?? null;
}

/** Adds a work; gives its number. */
export function addWork(device: State, work: Work, turn: Turn): number {
  device.progress.sequence += 1;
  const sequence = device.progress.sequence;
  grouped(device.worksOf, work.document).add(sequence);
  device.works.set(sequence, work);
  device.toSeal.add(sequence);
  turn.progress();
  turn.mark({ is: "work", number: sequence });
  return sequence;
}

/** Removes a work and its typed edits. */
export function forgetWork(device: State, sequence: number, turn: Turn): Work | null {
  const work = device.works.get(sequence);
  if (work === undefined) return null;
  device.works.delete(sequence);
  const works = device.worksOf.get(work.document);
  if (works !== undefined) {
    works.delete(sequence);
    if (works.size === 0) device.worksOf.delete(work.document);
  }
  turn.mark({ is: "work", number: sequence });
  turn.delete({ is: "edits", number: sequence });
  unseal(device, sequence, work.sealed, turn);
  return work;
}
