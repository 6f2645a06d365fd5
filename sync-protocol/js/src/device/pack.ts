/**
 * Packing: unsent work becomes one signed parcel, stored before it is sent.
 *
 * The counter moves in the batch that stores the parcel. A parcel without a receipt travels again as it is, unless it has
 * become too large for the link: then its work is packed again in smaller ones, and what the hub already has comes back
 * as a duplicate.
 */
import { KIND_CODES } from "../documents/types.js";
import { Salt } from "../ids.js";
import type { ChangeHash, DocumentId } from "../ids.js";
import {
  COURIER_PARCELS_MAX,
  DOCUMENT_CHANGES_MAX,
  MANIFEST_DOCUMENTS_MAX,
  MANIFEST_STATEMENTS_MAX,
  PARCEL_DOCUMENT_BYTES,
  REQUEST_PARCELS_MAX,
} from "../limits.js";
import { toCbor } from "../wire/codec.js";
import { Stated, commitment } from "../wire/manifest.js";
import type { Manifest, Named } from "../wire/manifest.js";
import { Parcel } from "../wire/parcel.js";
import type { Content } from "../wire/parcel.js";
import { isStuck } from "./sync.js";
import type { Sync } from "./sync.js";
import { workOf } from "./ledger.js";
import type { ParcelInfo } from "./rows.js";
import { sorted } from "./state.js";
import type { State } from "./state.js";
import { hasToState, statements, unstate } from "./stating.js";
import type { Turn } from "./turn.js";

/** How many times the link's batch a parcel may be before it is packed again. */
const OVERSIZE = 2;

/** Whether a parcel waits for its receipt or is to be given back. */
export function hasOutstanding(device: State): boolean {
  for (const info of device.parcels.values()) if (isOutstanding(info)) return true;
  return false;
}

function isOutstanding(info: ParcelInfo): boolean {
  return info.position === null || info.again;
}

/** Whether there is work for a new parcel. */
export function hasToPack(device: State): boolean {
  const sync = device.sync;
  if (sync === null) return false;
  for (const work of device.works.values()) {
    if (work.state.is === "local" && mayPack(sync, work.document)) return true;
  }
  return hasToState(device);
}

/** The parcels of the next request, oldest first; packs a new one when none waits. */
export function outstanding(device: State, turn: Turn): number[] {
  const budget = device.sync?.budget ?? 0;
  for (const [counter, info] of [...device.parcels]) {
    const tooLarge = info.position === null && info.documents.length > 1 && info.bytes > budget * OVERSIZE;
    if (tooLarge) unpack(device, counter, turn);
  }
  let bytes = 0;
  const counters: number[] = [];
  for (const [counter, info] of device.parcels) {
    if (!isOutstanding(info)) continue;
    const first = bytes === 0;
    bytes += info.bytes;
    if (!first && bytes > budget) break;
    if (counters.length >= REQUEST_PARCELS_MAX) break;
    counters.push(counter);
  }
  if (counters.length > 0) return counters;
  const packed = pack(device, turn);
  return packed === null ? [] : [packed];
}

/** All parcels that wait, oldest first, and new ones for all unsent work, as far as there is room: for a file. */
export function packAll(device: State, room: number, turn: Turn): number[] {
  const counters: number[] = [];
  let bytes = 0;
  for (const [counter, info] of device.parcels) {
    if (!isOutstanding(info)) continue;
    bytes += info.bytes;
    if (counters.length > 0 && (bytes > room || counters.length >= COURIER_PARCELS_MAX)) return counters;
    counters.push(counter);
  }
  while (bytes < room && counters.length < COURIER_PARCELS_MAX) {
    const counter = pack(device, turn);
    if (counter === null) break;
    bytes += device.parcels.get(counter)?.bytes ?? 0;
    counters.push(counter);
  }
  return counters;
}

/** Packs what the link carries of the unsent work and what is to be stated; null when there is neither. */
function pack(device: State, turn: Turn): number | null {
  const chosen = choose(device);
  if (chosen.size === 0 && !hasToState(device)) return null;
  const counter = device.progress.counter + 1;
  const states = untold(device);
  const beside = statements(device, states, counter, turn);
  const session = device.session;
  if (session === null) return null;
  const contents: Content[] = [];
  const named: Named[] = [];
  const documents: (readonly [DocumentId, readonly ChangeHash[]])[] = [];
  for (const document of sorted(chosen.keys())) {
    const entry = device.entries.get(document);
    if (entry === undefined) return null;
    // A card opens a case to a site; in a channel of the user's it is open already.
    const card = entry.channels.length === 0 && entry.kind === KIND_CODES.case ? entry.card : null;
    const works = (chosen.get(document) ?? []).flatMap((sequence) => device.works.get(sequence) ?? []);
    const hashes = works.map((work) => work.hash);
    const salt = turn.draw.bytes(Salt.LEN);
    named.push({ document, kind: entry.kind, commitment: commitment(salt, document, entry.kind, hashes, card) });
    contents.push({ salt, changes: works.map((work) => work.raw), card });
    documents.push([document, hashes]);
  }
  const manifest: Manifest = {
    installation: session.lease.installation,
    user: session.lease.user,
    counter,
    previous: device.progress.previous,
    created: turn.now,
    site: device.progress.site ?? session.lease.site,
    documents: named,
    statements: beside.map(Stated.commitment),
  };
  const parcel = Parcel.sign(manifest, contents, beside, session.key);
  const bytes = toCbor(Parcel, parcel);
  const hash = Parcel.hash(parcel);
  const info: ParcelInfo = { manifest: hash, bytes: bytes.length, documents, position: null, again: false, states };
  for (const sequences of chosen.values()) {
    for (const sequence of sequences) {
      const work = device.works.get(sequence);
      if (work === undefined) continue;
      device.works.set(sequence, { ...work, state: { is: "packed", counter } });
      turn.mark({ is: "work", number: sequence });
    }
  }
  device.progress.counter = counter;
  device.progress.previous = hash;
  turn.progress();
  device.parcels.set(counter, info);
  turn.mark({ is: "parcel", number: counter });
  turn.put({ is: "parcelBytes", number: counter }, bytes);
  device.packed = [counter, parcel];
  return counter;
}

/** The oldest unsent work up to the budget, by document: at least one change, if there is any. */
function choose(device: State): Map<DocumentId, number[]> {
  const chosen = new Map<DocumentId, number[]>();
  const sync = device.sync;
  if (sync === null) return chosen;
  const documentsMax = sync.parcelDocuments ?? MANIFEST_DOCUMENTS_MAX;
  let bytes = 0;
  for (const [sequence, work] of device.works) {
    if (work.state.is !== "local" || !mayPack(sync, work.document)) continue;
    const sequences = chosen.get(work.document);
    bytes += work.raw.length + (sequences === undefined ? PARCEL_DOCUMENT_BYTES : 0);
    const full = bytes > sync.budget || (sequences === undefined && chosen.size >= documentsMax);
    if (full && chosen.size > 0) break;
    if (sequences === undefined) chosen.set(work.document, [sequence]);
    else if (sequences.length < DOCUMENT_CHANGES_MAX) sequences.push(sequence);
  }
  return chosen;
}

function mayPack(sync: Sync, document: DocumentId): boolean {
  return !sync.replay.has(document) && !isStuck(sync, document) && !sync.waitsForReturn.has(document);
}

/** Superseded changes that the hub was not told of. */
function untold(device: State): number[] {
  const untold = [...device.aside].filter(([, aside]) => aside.supersededBy !== null && !aside.told);
  return untold.map(([sequence]) => sequence).slice(0, MANIFEST_STATEMENTS_MAX / 2);
}

/** Takes an unreceipted parcel apart: its work is packed again. A receipted one whose bytes are gone is forgotten. */
export function unpack(device: State, counter: number, turn: Turn): void {
  const info = device.parcels.get(counter);
  if (info === undefined) return;
  device.parcels.delete(counter);
  for (const [document, changes] of info.documents) {
    for (const change of changes) {
      const sequence = workOf(device, document, change);
      const work = sequence === null ? undefined : device.works.get(sequence);
      if (sequence === null || work?.state.is !== "packed" || work.state.counter !== counter) continue;
      device.works.set(sequence, { ...work, state: { is: "local" } });
      turn.mark({ is: "work", number: sequence });
    }
  }
  unstate(device, counter, turn);
  turn.mark({ is: "parcel", number: counter });
  turn.delete({ is: "parcelBytes", number: counter });
  if (device.packed !== null && device.packed[0] === counter) device.packed = null;
}
