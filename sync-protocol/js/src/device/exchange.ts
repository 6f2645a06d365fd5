/**
 * The exchange: one request at a time, until nothing is left to send or to read.
 *
 * A request carries parcels, or wants, or a repair; each also reads the feed from the cursor. After a cut nothing is
 * lost: parcels without a receipt travel again, the cursor stands where the last stored feed ended.
 */
import { BATCH_BYTES_MAX, BATCH_BYTES_MIN, SYNC_EXCHANGES_MAX, WANTS_DOCUMENTS_MAX } from "../limits.js";
import { Answer } from "../wire/answer.js";
import { frame, fromCbor, read } from "../wire/codec.js";
import { ExchangeRequest, Renewal } from "../wire/exchange.js";
import type { Repair } from "../wire/exchange.js";
import { Parcel } from "../wire/parcel.js";
import { exported, taken } from "./courier.js";
import type { Return } from "../wire/returning.js";
import { hasDecisionsToAsk, takeDecisions } from "./decided.js";
import { enrolAnswer } from "./enrol.js";
import { readFeed, startFeed } from "./feed.js";
import { chooseReturns, hasToReturn, sendReturns, startReturns, takeReturned } from "./giving.js";
import type { Offered } from "./giving.js";
import { marks, noteLog } from "./marks.js";
import { takeNeighbours } from "./neighbours.js";
import { hasOutstanding, hasToPack, outstanding, unpack } from "./pack.js";
import { takeReceipts } from "./receipt.js";
import { Stopped, orNull, orStop } from "./reading.js";
import { record } from "./record.js";
import { buckets } from "./repair.js";
import { nextReplay, replay, startReplay, unsettledDocuments } from "./replay.js";
import { KeptReceipt } from "./rows.js";
import type { Rows } from "./rows.js";
import { takeOrders, wipe, wipeIsDue } from "./standing.js";
import type { State } from "./state.js";
import { NO_LOAD, newSync } from "./sync.js";
import type { Load, Sync } from "./sync.js";
import type { Turn } from "./turn.js";

/** Answers without any effect after which a sync ends: one may be the hub's, two are a habit. */
const IDLE_ANSWERS_MAX = 2;
/** The code of the error that a hub answers to a lease that it does not know. */
const LEASE_UNKNOWN = "lease-unknown";
/** Bytes that one wanted document is reckoned at. */
const WANTED_DOCUMENT_BYTES = 1024;

/** Begins a sync. */
export function syncNow(device: State, budget: number, turn: Turn): void {
  if (device.session === null) {
    turn.report({ SyncFailed: { reason: "this device is not enrolled yet: enrol it with an invitation" } });
  } else if (device.sync !== null || device.enrolling !== null) {
    turn.report("Busy");
  } else {
    device.sync = newSync(clamp(budget), unsettledDocuments(device));
    request(device, turn);
  }
}

/** No answer came. */
export function failed(device: State, number: number, reason: string, turn: Turn): void {
  if (device.enrolling === number) {
    device.enrolling = null;
    turn.report({ NotEnrolled: { reason } });
  } else if (isSent(device, number)) {
    endEarly(device, reason, turn);
  }
}

/** The hub answered with an error: a lease that it does not know is shown to it once, everything else ends the sync. */
export function turnedAway(device: State, number: number, code: string, reason: string, turn: Turn): void {
  const sync = device.sync;
  const sent = sync?.sent ?? null;
  if (sync === null || sent === null || sent.number !== number || code !== LEASE_UNKNOWN || sync.leasePresented) {
    failed(device, number, reason, turn);
    return;
  }
  sync.sent = null;
  sync.presentLease = true;
  sync.leasePresented = true;
  sync.showMarks ||= sent.marks;
  for (const [document] of sent.returns) sync.offers.delete(document);
  for (const document of sent.wants) sync.asked.delete(document);
  request(device, turn);
}

/** An answer came. */
export function answer(device: State, number: number, bytes: Uint8Array, budget: number, turn: Turn): void {
  if (device.enrolling === number) {
    enrolAnswer(device, bytes, turn);
    return;
  }
  // A late or doubled answer: its parcels travel again, its feed is read again.
  if (!isSent(device, number)) return;
  try {
    takeAnswer(device, bytes, budget, turn);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    endEarly(device, error.message, turn);
  }
}

export function takeAnswer(device: State, bytes: Uint8Array, budget: number, turn: Turn): void {
  const session = device.session;
  if (session === null) throw new Stopped("not enrolled");
  const answer = orStop(() => read("answer", Answer, bytes));
  const { receipt, rest } = orStop(() => Answer.open(answer, session.hub));
  if (session.lease.prefix !== receipt.lease) {
    throw new Stopped("the answer is for another device; nothing of it was used: please sync again");
  }
  if (rest.orders.some((order) => order.is === "wipe" && order.when === "at_once")) {
    wipe(device, "at_once", turn);
    return;
  }
  const sync = device.sync;
  if (sync === null) throw new Stopped("no exchange is under way");
  const sent = sync.sent;
  if (sent === null) throw new Stopped("no request is under way");
  sync.sent = null;
  sync.budget = clamp(budget);
  sync.done.exchanges += 1;
  sync.moved = false;
  sync.renew = false;
  sync.presentLease = false;
  device.progress.syncedAt = receipt.at;
  const log = noteLog(device, receipt, answer, rest, sent.marks, turn);
  const known = log !== "another";
  takeReturned(device, sent.returns, rest.returned, turn);
  takeReceipts(device, receipt, answer, known, turn);
  takeOrders(device, rest, turn);
  takeDecisions(device, rest, log === "same", turn);
  const signed = { receipt: answer.receipt, signature: answer.signature, leaves: receipt.leaves };
  startFeed(device, { rest, head: receipt.head, wanted: sent.wants, known, ...signed }, turn);
}

/** Does what was waiting for these rows. */
export async function loaded(device: State, rows: Rows, turn: Turn): Promise<void> {
  const waiting = device.waiting;
  device.waiting = null;
  // Rows that nobody waits for: a shell's mistake, harmless.
  if (waiting === null) return;
  switch (waiting.is) {
    case "edit":
      record(device, waiting.requests, rows, turn);
      break;
    case "feed":
      readFeed(device, waiting.job, rows, turn);
      break;
    case "parcels":
      sendLoaded(device, waiting.counters, rows, turn);
      break;
    case "replay":
      replay(device, waiting.document, rows, turn);
      goOn(device, turn);
      break;
    case "marks":
      sendMarks(device, rows, turn);
      break;
    case "returns":
      chooseReturns(device, waiting.documents, rows, turn);
      break;
    case "leases":
      sendReturns(device, waiting.giving, rows, turn);
      break;
    case "neighbours":
      takeNeighbours(device, waiting.neighbours, rows, turn);
      break;
    case "export":
      await exported(device, waiting.place, waiting.counters, rows, turn);
      break;
    case "take":
      await taken(device, waiting.job, rows, turn);
      break;
  }
}

/** What comes next: replay, another request, or the end. */
export function goOn(device: State, turn: Turn): void {
  const document = nextReplay(device);
  if (document !== null) {
    startReplay(device, document, turn);
    return;
  }
  const sync = device.sync;
  if (sync === null) return;
  if (sync.carried || !hasMore(device, sync)) {
    end(device, turn);
    if (wipeIsDue(device)) wipe(device, "after_receipts", turn);
    return;
  }
  sync.idle = sync.moved ? 0 : sync.idle + 1;
  if (sync.idle > IDLE_ANSWERS_MAX || sync.done.exchanges >= SYNC_EXCHANGES_MAX) {
    endEarly(device, "the hub answers, but nothing moves; what is left is sent next time", turn);
  } else {
    request(device, turn);
  }
}

/** Whether another request has something to say or to hear. */
function hasMore(device: State, sync: Sync): boolean {
  return (
    sync.more ||
    sync.renew ||
    sync.showMarks ||
    sync.repair !== null ||
    device.progress.wants.some((document) => !sync.asked.has(document)) ||
    hasOutstanding(device) ||
    hasToPack(device) ||
    hasToReturn(device) ||
    hasDecisionsToAsk(device)
  );
}

/** Builds and sends the next request, or first reads the parcels that it carries. */
function request(device: State, turn: Turn): void {
  if (device.sync?.showMarks === true) {
    turn.load([{ is: "lastReceipt" }]);
    device.waiting = { is: "marks" };
    return;
  }
  const counters = outstanding(device, turn);
  const [only] = counters;
  if (only === undefined) {
    if (hasOnlyReturns(device) && startReturns(device, turn)) return;
    const sync = device.sync;
    if (sync === null) return;
    const wants = device.progress.wants.filter((id) => !sync.asked.has(id)).slice(0, wantsMax(sync.budget));
    for (const document of wants) sync.asked.add(document);
    let repair: Repair | null = null;
    if (wants.length === 0 && sync.repair !== null) {
      const channel = sync.repair;
      sync.repair = null;
      repair = buckets(device, channel);
    }
    send(device, { ...NO_LOAD, wants, repair }, turn);
  } else if (counters.length === 1 && device.packed !== null && device.packed[0] === only) {
    send(device, { ...NO_LOAD, parcels: [device.packed[1]] }, turn);
  } else {
    turn.load(counters.map((number) => ({ is: "parcelBytes", number })));
    device.waiting = { is: "parcels", counters };
  }
}

function sendLoaded(device: State, counters: readonly number[], rows: Rows, turn: Turn): void {
  const parcels: Parcel[] = [];
  for (const [index, counter] of counters.entries()) {
    const row = rows[index];
    if (row === undefined) break;
    const [, bytes] = row;
    const parcel = bytes === null ? null : orNull(() => fromCbor(Parcel, bytes));
    // Its bytes are gone: what of it is not receipted is packed again.
    if (parcel === null) unpack(device, counter, turn);
    else parcels.push(parcel);
  }
  send(device, { ...NO_LOAD, parcels }, turn);
}

/** Whether nothing is to be asked for first: the answer tells better what the hub lacks. */
function hasOnlyReturns(device: State): boolean {
  const { sync, progress } = device;
  if (sync === null || sync.more || sync.repair !== null) return false;
  return progress.wants.every((document) => sync.asked.has(document));
}

/** A request with what goes back of others' work. */
export function sendBack(device: State, returns: readonly Return[], offered: readonly Offered[], turn: Turn): void {
  send(device, { ...NO_LOAD, returns }, turn);
  if (device.sync !== null && device.sync.sent !== null) device.sync.sent = { ...device.sync.sent, returns: offered };
}

/** A request of its own: what else there is waits until both sides know which log they share. */
function sendMarks(device: State, rows: Rows, turn: Turn): void {
  const bytes = rows[0]?.[1] ?? null;
  const stored = bytes === null ? null : orNull(() => fromCbor(KeptReceipt, bytes));
  const shown = marks(device, stored);
  if (device.sync !== null) {
    device.sync.showMarks = false;
    device.sync.marksShown = true;
  }
  send(device, { ...NO_LOAD, marks: shown }, turn);
}

function send(device: State, load: Load, turn: Turn): void {
  const { sync } = device;
  const request = nextRequest(device, load);
  if (sync === null || request === null) return;
  device.number += 1;
  sync.sent = { number: device.number, wants: load.wants, marks: load.marks !== null, returns: [] };
  turn.send(device.number, "exchange", frame("exchangeRequest", ExchangeRequest, request));
}

/** The request that goes with this load, over the network or in a file. */
export function nextRequest(device: State, { parcels, wants, repair, marks, returns }: Load): ExchangeRequest | null {
  const { session, sync, progress } = device;
  const enrolled = device.identity?.enrolled ?? null;
  if (session === null || sync === null || enrolled === null) return null;
  const prefix = session.lease.prefix;
  const challenge = progress.challenge;
  return {
    lease: prefix,
    token: enrolled.token,
    cursor: progress.cursor,
    parcels,
    budget: sync.budget,
    wants,
    repair,
    renewal: challenge === null ? null : Renewal.sign(enrolled.log, prefix, challenge, session.key),
    configuration: progress.configuration,
    decidedTo: progress.decidedTo,
    marks,
    returns,
    signedLease: sync.presentLease ? enrolled.lease : null,
  };
}

function isSent(device: State, number: number): boolean {
  return device.sync?.sent?.number === number;
}

function end(device: State, turn: Turn): void {
  const sync = device.sync;
  if (sync === null) return;
  device.sync = null;
  for (const work of device.works.values()) {
    if (work.state.is === "local" || work.state.is === "packed") sync.done.left += 1;
  }
  turn.report(sync.carried ? { CourierTaken: sync.done } : { Synced: sync.done });
}

function endEarly(device: State, reason: string, turn: Turn): void {
  const carried = device.sync?.carried === true;
  device.sync = null;
  turn.report(carried ? { CourierRefused: { reason } } : { SyncFailed: { reason } });
}

function clamp(budget: number): number {
  return Math.min(Math.max(budget, BATCH_BYTES_MIN), BATCH_BYTES_MAX);
}

function wantsMax(budget: number): number {
  return Math.min(Math.max(Math.floor(budget / WANTED_DOCUMENT_BYTES), 1), WANTS_DOCUMENTS_MAX);
}
