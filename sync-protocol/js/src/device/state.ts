/**
 * What the state machine holds in memory; everything in it can be read again from the store. In the Rust crate these
 * are the fields of `Device` (`device/mod.rs`); here the functions of the files beside take them as `device`.
 *
 * Rows are replaced, never changed in place, so that whoever was handed one keeps what they saw. Maps by number stand
 * in the order of their numbers; where the order of documents matters, it is asked for with {@link sorted}.
 */
import type { SecretKey, PublicKey } from "../crypto.js";
import type { Actor, Channel, DocumentId } from "../ids.js";
import type { Fate, Run } from "../wire/answer.js";
import type { Digest } from "../wire/digest.js";
import type { Lease } from "../wire/lease.js";
import type { Parcel } from "../wire/parcel.js";
import type { Event } from "./event.js";
import type { Sync, Waiting } from "./sync.js";
import { noProgress } from "./progress.js";
import type { Identity, Progress } from "./progress.js";
import type { Aside, Entry, FedInfo, ParcelInfo, Read, Wiped, Work } from "./rows.js";

/** What an enrolled device works with. */
export interface Session {
  readonly lease: Lease;
  readonly key: SecretKey;
  readonly hub: PublicKey;
  /** Drawn when the device is opened, and afresh whenever it does not fit. */
  actor: Actor;
}

export class State {
  identity: Identity | null = null;
  /** The lease and the key, checked when the device was opened or enrolled. */
  session: Session | null = null;
  progress: Progress = noProgress();
  entries = new Map<DocumentId, Entry>();
  works = new Map<number, Work>();
  /** The works of each document, oldest first. */
  worksOf = new Map<DocumentId, Set<number>>();
  /** The open works of each sealed parcel, by its counter. */
  sealed = new Map<number, Set<number>>();
  /** Open works that are in no sealed parcel. */
  toSeal = new Set<number>();
  parcels = new Map<number, ParcelInfo>();
  aside = new Map<number, Aside>();
  reads = new Map<DocumentId, Read>();
  /** Answers with a feed whose proofs are kept. */
  fed = new Map<number, FedInfo>();
  /** Everything was erased by order. */
  wiped: Wiped | null = null;
  sums = new Map<Channel, Digest>();
  sync: Sync | null = null;
  /** The number of the enrolment under way. */
  enrolling: number | null = null;
  waiting: Waiting | null = null;
  later: Event[] = [];
  /** The number of the last request. */
  number = 0;
  /** The parcel packed last, so that it need not be read back. */
  packed: readonly [number, Parcel] | null = null;
}

/** The members in the order of their text, which for ids and channels is the order of their bytes. */
export function sorted<T extends string>(members: Iterable<T>): T[] {
  return [...members].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The set under a key, made when there is none. */
export function grouped<K, V>(sets: Map<K, Set<V>>, key: K): Set<V> {
  const found = sets.get(key);
  if (found !== undefined) return found;
  const made = new Set<V>();
  sets.set(key, made);
  return made;
}

/** The works of a document, oldest first. */
export function worksOf(device: State, document: DocumentId): (readonly [number, Work])[] {
  const out: (readonly [number, Work])[] = [];
  for (const sequence of device.worksOf.get(document) ?? []) {
    const work = device.works.get(sequence);
    if (work !== undefined) out.push([sequence, work]);
  }
  return out;
}

/** The fate of each change, one after the other. */
export function fatesOf(runs: readonly Run[]): Fate[] {
  return runs.flatMap((run) => Array.from({ length: run.count }, () => run.fate));
}

/** A whole number of 32 bits that stays at its largest. */
export function saturated(number: number): number {
  return Math.min(number, 0xffff_ffff);
}
