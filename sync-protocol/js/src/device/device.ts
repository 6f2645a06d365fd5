/**
 * The device's side as a state machine: an event goes in, effects come out.
 *
 * No clock, no randomness, no I/O: time and random bytes come with each event, storage and network are effects. The
 * contract with a shell is short:
 *
 * 1. Open with the hot rows of the store ({@link Device.open}), then hand in one event after the other.
 * 2. Do the effects in their order, each to its end before the next. Answer `load` and `send` with an event.
 * 3. If a `store` fails, or `handle` itself, do nothing after it: drop this device and open it again from its store.
 *
 * So nothing is sent before it is stored, and nothing is called receipted before the hub's signature was checked and the
 * fact stored. A device dropped at any moment and opened again goes on where its store says it was.
 *
 * *Saved means saved*: parcels are kept until the hub says that a second copy exists and given back to a hub that lost
 * them. *Idempotent*: a parcel travels again byte for byte until its receipt comes, a late or doubled answer is passed
 * over. *One exchange when nothing changed*, whatever the number of documents.
 *
 * Where: `event` and `rows` are the words; `record` turns edits into work, `pack` work into requests, `sealed` seals it
 * to the hub as well, `marks` sees which log answers, `receipt` reads fates, `decided` what people decided later, `standing` what the hub orders, `feed`
 * what came down, `replay` writes work again on the hub's document, `repair` mends differences, `stating` says what was
 * read and vouched for, `courier` makes and takes files that are carried,
 * `neighbours` takes in what colleagues recorded on the same device, `ledger` keeps the sums, `view`
 * is what a screen reads, `locked` sends what is sealed while nobody has unlocked the device, `copy` is all that touches
 * Automerge. The files are those of the Rust crate, and recorded traces hold both equal.
 */
import type { PublicKey } from "../crypto.js";
import type { Channel, DocumentId, InstallationId, LogId, Millis, Position } from "../ids.js";
import { DEVICE_EVENTS_WAITING_MAX } from "../limits.js";
import type { SealingPublic } from "../sealing.js";
import { CodecError, fromCbor, toCbor } from "../wire/codec.js";
import type { Codec } from "../wire/codec.js";
import type { Digest } from "../wire/digest.js";
import { fingerprint } from "../wire/fingerprint.js";
import type { Fingerprint } from "../wire/fingerprint.js";
import type { Lease } from "../wire/lease.js";
import { exportPart, takeReturn } from "./courier.js";
import { enrol, startSession } from "./enrol.js";
import type { Effect, Event, Inputs } from "./event.js";
import { answer, failed, loaded, syncNow, turnedAway } from "./exchange.js";
import { addUp } from "./ledger.js";
import { Identity, Progress } from "./progress.js";
import type { LeaseStanding } from "./progress.js";
import { neighbours } from "./neighbours.js";
import { edit } from "./record.js";
import { Aside, Entry, FedInfo, ParcelInfo, Read, RowError, Wiped, Work } from "./rows.js";
import type { Key } from "./rows.js";
import { noteSealed, sealWork } from "./sealed.js";
import { sayErased } from "./standing.js";
import { State, grouped, sorted, worksOf } from "./state.js";
import { shown, vouch } from "./stating.js";
import { Turn } from "./turn.js";

/** One device. */
export class Device {
  readonly #state: State;
  /** The turn before: turns are taken one at a time. */
  #before: Promise<unknown> = Promise.resolve();

  private constructor(state: State) {
    this.#state = state;
  }

  /** Opens a device from the hot rows of its store, in any order. An empty store is a new device. Throws {@link RowError}. */
  static open(rows: Iterable<readonly [Key, Uint8Array]>, inputs: Inputs): Device {
    const state = new State();
    for (const [key, bytes] of rows) readingRow(key.is, () => take(state, key, bytes));
    // A store gives its rows in any order; the maps by number stand in the order of their numbers.
    state.works = byNumber(state.works);
    state.parcels = byNumber(state.parcels);
    state.aside = byNumber(state.aside);
    for (const [sequence, work] of state.works) grouped(state.worksOf, work.document).add(sequence);
    noteSealed(state);
    addUp(state);
    readingRow("identity", () => startSession(state, inputs));
    return new Device(state);
  }

  /** Takes one event and says what must be done. Events are taken one at a time, in the order of the calls. */
  handle(event: Event, inputs: Inputs): Promise<readonly Effect[]> {
    const effects = this.#before.then(() => handle(this.#state, event, inputs));
    this.#before = effects;
    return effects;
  }

  /** The lease, once enrolled. */
  get lease(): Lease | null {
    return this.#state.session?.lease ?? null;
  }

  /** The hub's key, once enrolled. */
  get hub(): PublicKey | null {
    return this.#state.session?.hub ?? null;
  }

  /** The key to which work is sealed, once a hub has told one. */
  get sealing(): SealingPublic | null {
    return this.#state.identity?.enrolled?.sealing ?? null;
  }

  /** The hub's log, once enrolled. */
  get log(): LogId | null {
    return this.#state.identity?.enrolled?.log ?? null;
  }

  /** The installation, once an invitation was tried. */
  get installation(): InstallationId | null {
    return this.#state.identity?.installation ?? null;
  }

  /** The summary of one document. */
  entry(document: DocumentId): Entry | null {
    return this.#state.entries.get(document) ?? null;
  }

  /** Every document that the device knows, by id. */
  entries(): (readonly [DocumentId, Entry])[] {
    const { entries } = this.#state;
    return sorted(entries.keys()).flatMap((document) => {
      const entry = entries.get(document);
      return entry === undefined ? [] : [[document, entry] as const];
    });
  }

  /** Changes that are not applied at the hub yet, oldest first. */
  works(): Work[] {
    return [...this.#state.works.values()];
  }

  /** Changes that are not applied at the hub yet, of one document. */
  worksOf(document: DocumentId): Work[] {
    return worksOf(this.#state, document).map(([, work]) => work);
  }

  /** Changes that were not accepted and are kept aside, oldest first. */
  aside(): Aside[] {
    return [...this.#state.aside.values()];
  }

  /** Parcels that are kept, by counter: those without a receipt, and those without a second copy. */
  parcels(): (readonly [number, ParcelInfo])[] {
    return [...this.#state.parcels];
  }

  /** What the device holds of each channel, from the hub or receipted by it. */
  sums(): ReadonlyMap<Channel, Digest> {
    return new Map(this.#state.sums);
  }

  /** Hub time of the last answer. */
  get syncedAt(): Millis | null {
    return this.#state.progress.syncedAt;
  }

  /** The highest position that a receipt named. */
  get head(): Position {
    return this.#state.progress.head;
  }

  /** Up to where a second copy exists. */
  get copiedTo(): Position {
    return this.#state.progress.copiedTo;
  }

  /** The counter of the last manifest. */
  get counter(): number {
    return this.#state.progress.counter;
  }

  /** How the lease stands at the hub, as far as this device was told. */
  get standing(): LeaseStanding {
    return this.#state.progress.standing;
  }

  /** What people compare to know this device: the fingerprint of its key, once enrolled. */
  get fingerprint(): Fingerprint | null {
    return this.lease === null ? null : fingerprint(this.lease.key);
  }

  /** Up to which position the decisions on held work are known. */
  get decidedTo(): Position {
    return this.#state.progress.decidedTo;
  }

  /** Documents that were shown and of which the hub was not told. */
  get readsUntold(): number {
    return this.#state.reads.size;
  }

  /** Keys vouched for of which the hub was not told. */
  get vouchesUntold(): number {
    return this.#state.progress.vouches.length;
  }

  /** Whether everything here will be erased once the hub has all of it. */
  get isWipeOrdered(): boolean {
    return this.#state.progress.wipe !== null;
  }

  /** When and how everything was erased by order, if it was. */
  get wiped(): Wiped | null {
    return this.#state.wiped;
  }

  /** Whether an exchange or an enrolment is under way. */
  get isBusy(): boolean {
    const { sync, enrolling, waiting } = this.#state;
    return sync !== null || enrolling !== null || waiting !== null;
  }
}

async function handle(device: State, event: Event, inputs: Inputs): Promise<readonly Effect[]> {
  const turn = new Turn(inputs);
  if (device.waiting !== null && event.is !== "loaded") {
    if (device.later.length < DEVICE_EVENTS_WAITING_MAX) device.later.push(event);
    else turn.report("Busy");
  } else {
    await dispatch(device, event, turn);
    while (device.waiting === null) {
      const next = device.later.shift();
      if (next === undefined) break;
      await dispatch(device, next, turn);
    }
    await sealWork(device, turn);
  }
  return turn.finish((key) => row(device, key));
}

async function dispatch(device: State, event: Event, turn: Turn): Promise<void> {
  if (device.wiped !== null) {
    sayErased(event, turn);
    return;
  }
  switch (event.is) {
    case "enrol":
      enrol(device, event.invitation, turn);
      break;
    case "edit":
      edit(device, event.requests, turn);
      break;
    case "sync":
      syncNow(device, event.budget, turn);
      break;
    case "answer":
      answer(device, event.number, event.bytes, event.budget, turn);
      break;
    case "failed":
      failed(device, event.number, event.reason, turn);
      break;
    case "turnedAway":
      turnedAway(device, event.number, event.code, event.reason, turn);
      break;
    case "shown":
      shown(device, event.documents, turn);
      break;
    case "vouch":
      vouch(device, event.key, turn);
      break;
    case "neighbours":
      neighbours(device, event.neighbours, turn);
      break;
    case "loaded":
      await loaded(device, event.rows, turn);
      break;
    case "export":
      exportPart(device, event.place, event.room, turn);
      break;
    case "take":
      takeReturn(device, event.file, event.outside, turn);
      break;
  }
}

function readingRow(table: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof CodecError) throw new RowError(table, error);
    throw error;
  }
}

function byNumber<T>(rows: ReadonlyMap<number, T>): Map<number, T> {
  return new Map([...rows].sort(([a], [b]) => a - b));
}

/** Takes a stored row in. Throws {@link CodecError}. */
function take(device: State, key: Key, bytes: Uint8Array): void {
  switch (key.is) {
    case "identity":
      device.identity = fromCbor(Identity, bytes);
      break;
    case "progress":
      device.progress = fromCbor(Progress, bytes);
      break;
    case "entry":
      device.entries.set(key.document, fromCbor(Entry, bytes));
      break;
    case "work":
      device.works.set(key.number, fromCbor(Work, bytes));
      break;
    case "parcel":
      device.parcels.set(key.number, fromCbor(ParcelInfo, bytes));
      break;
    case "aside":
      device.aside.set(key.number, fromCbor(Aside, bytes));
      break;
    case "read":
      device.reads.set(key.document, fromCbor(Read, bytes));
      break;
    case "fed":
      device.fed.set(key.number, fromCbor(FedInfo, bytes));
      break;
    case "wiped":
      device.wiped = fromCbor(Wiped, bytes);
      break;
    // Cold rows are no part of the state in memory.
    default:
      break;
  }
}

/** The bytes of a hot row as it stands; null when it is gone. */
function row(device: State, key: Key): Uint8Array | null {
  switch (key.is) {
    case "identity":
      return device.identity === null ? null : toCbor(Identity, device.identity);
    case "progress":
      return toCbor(Progress, device.progress);
    case "entry":
      return written(Entry, device.entries.get(key.document));
    case "work":
      return written(Work, device.works.get(key.number));
    case "parcel":
      return written(ParcelInfo, device.parcels.get(key.number));
    case "aside":
      return written(Aside, device.aside.get(key.number));
    case "read":
      return written(Read, device.reads.get(key.document));
    case "fed":
      return written(FedInfo, device.fed.get(key.number));
    case "wiped":
      return device.wiped === null ? null : toCbor(Wiped, device.wiped);
    default:
      return null;
  }
}

function written<T>(codec: Codec<T>, row: T | undefined): Uint8Array | null {
  return row === undefined ? null : toCbor(codec, row);
}
