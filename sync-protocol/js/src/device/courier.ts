/**
 * Courier: an exchange in two files that people carry, where no network comes.
 *
 * The event `export` packs what is unsent, seals it to the hub and gives it as one part of a file, with the request that
 * would have gone over the network; the event `take` reads the answer in a file that came back. Parcels are those that the
 * next sync would send: what comes over both roads is one parcel with one receipt. The file is numbered, and the number
 * stored, before it is given.
 *
 * An answer that was on its way for long is believed for its receipts only: what the hub has said since then stands. It is
 * read whole, feed and all, if nothing was heard of the hub between. It never shows that a hub has lost work: a hub that
 * did says so itself.
 *
 * Owns {@link Series}: the numbers, the key for replies, and what was asked for. Its row is one of the device's own; a device
 * that nobody unlocks has another outside the encryption (`locked.ts`), with numbers and a key of its own.
 */
import { equalBytes } from "../bytes.js";
import { CryptoError } from "../crypto.js";
import { Hash, Salt } from "../ids.js";
import type { ActorPrefix, ChangeHash, DocumentId } from "../ids.js";
import { COURIER_FEED_BYTES_MAX, COURIER_SENT_KEPT_MAX, SEALED_PARCEL_BYTES } from "../limits.js";
import { SealingKey, SealingPublic } from "../sealing.js";
import { Answer } from "../wire/answer.js";
import type { DocumentFate, ParcelReceipt, Receipt, Rest } from "../wire/answer.js";
import { fixedBytes, list, option, struct, u64 } from "../wire/cbor.js";
import { Raw, fromCbor, read, toCbor } from "../wire/codec.js";
import { CourierError, CourierPart, ReturnFile } from "../wire/courier.js";
import type { Ask, Place, Reply } from "../wire/courier.js";
import type { ExchangeRequest } from "../wire/exchange.js";
import { Manifest } from "../wire/manifest.js";
import { Parcel, SealedContents } from "../wire/parcel.js";
import { goOn, nextRequest, takeAnswer } from "./exchange.js";
import { packAll, unpack } from "./pack.js";
import { Stopped, orNull, orStop } from "./reading.js";
import { takeFate, takeReceipts } from "./receipt.js";
import { unsettledDocuments } from "./replay.js";
import type { Key, Rows } from "./rows.js";
import { wipe } from "./standing.js";
import { worksOf } from "./state.js";
import type { State } from "./state.js";
import { NO_LOAD, syncOfFile } from "./sync.js";
import type { Turn } from "./turn.js";

/** Draws of a key before its bytes are given up: one in four billion is none. */
const KEY_DRAWS = 8;
const DRAW_BYTES = 32;
const BUSY = "the device is busy with the hub; please try again";
const NOT_ENROLLED = "this device is not enrolled yet: enrol it with an invitation";
const NOT_OURS = "the return file answers another device's courier file, or one of long ago: nothing of it was used";

/** What one file asked for. */
interface Asked {
  readonly part: Hash;
  readonly cursor: Raw | null;
}

/** The courier files of one store. */
export interface Series {
  readonly id: Salt;
  /** The number of the last file. */
  readonly number: number;
  /** The hash of its part. */
  readonly before: Hash | null;
  /** Opens replies: the secret key's 32 bytes. */
  readonly secret: Uint8Array;
  /** The last files, oldest first. */
  readonly asked: readonly Asked[];
}

const asked = struct<Asked>({ part: Hash, cursor: option(Raw) });

export const Series = {
  ...struct<Series>({ id: Salt, number: u64, before: option(Hash), secret: fixedBytes(DRAW_BYTES), asked: list(asked) }),
  /** A new one. `draw`: fresh random bytes with each call. */
  begin(draw: () => Uint8Array): Series {
    const id = draw().slice(0, Salt.LEN);
    for (let tries = 0; tries < KEY_DRAWS; tries += 1) {
      const secret = draw();
      if (orNull(() => SealingKey.fromBytes(secret)) !== null) return { id, number: 0, before: null, secret, asked: [] };
    }
    throw new CryptoError("key");
  },
  /** The next part of the series, and the series after it. Throws `CryptoError`. */
  async next(
    series: Series,
    place: Place,
    parcels: readonly Parcel[],
    request: ExchangeRequest,
    hub: SealingPublic,
    draw: Uint8Array,
  ): Promise<{ readonly series: Series; readonly part: CourierPart }> {
    const number = series.number + 1;
    const replyTo = SealingKey.fromBytes(series.secret).public();
    const ask: Ask = { series: series.id, number, before: series.before, replyTo, request };
    const part = await CourierPart.seal(place, request.lease, parcels, ask, hub, draw);
    const before = CourierPart.hash(part);
    const all = [...series.asked, { part: before, cursor: request.cursor }].slice(-COURIER_SENT_KEPT_MAX);
    return { series: { ...series, number, before, asked: all }, part };
  },
  /** Whether the part is one of these files'. */
  asked: (series: Series, part: Hash): Asked | null => series.asked.find((one) => one.part === part) ?? null,
  /** Opens the reply to one of these files. Throws {@link Stopped}, also when it is not to one of these. */
  async open(series: Series, file: ReturnFile, index: number): Promise<Reply> {
    const part = file.parts[index];
    if (part === undefined || Series.asked(series, part.part) === null) throw new Stopped(NOT_OURS);
    try {
      return await ReturnFile.open(file, index, SealingKey.fromBytes(series.secret));
    } catch (error) {
      if (error instanceof CourierError || error instanceof CryptoError) throw new Stopped(error.message);
      throw error;
    }
  },
};

/** The part of a return file that is for this lease. Throws {@link Stopped}. */
export function partOf(bytes: Uint8Array, lease: ActorPrefix): { readonly file: ReturnFile; readonly index: number } {
  let file: ReturnFile;
  try {
    file = ReturnFile.fromBytes(bytes);
  } catch (error) {
    if (error instanceof CourierError) throw new Stopped(error.message);
    throw error;
  }
  const index = file.parts.findIndex((part) => part.lease === lease);
  if (index < 0) throw new Stopped(NOT_OURS);
  return { file, index };
}

/** A return file, while the store is read. */
export interface TakeJob {
  readonly file: ReturnFile;
  readonly index: number;
  /** The series outside the encryption, if the file answers one of its files. */
  readonly outside: Series | null;
}

/** Packs everything unsent, and asks for its bytes. */
export function exportPart(device: State, place: Place, room: number, turn: Turn): void {
  const refuse = (reason: string): void => turn.report({ NotExported: { reason } });
  if (device.session === null) {
    refuse(NOT_ENROLLED);
  } else if ((device.identity?.enrolled?.sealing ?? null) === null) {
    refuse("the hub has told this device no key to seal to: it takes no courier files");
  } else if (device.sync !== null || device.enrolling !== null) {
    refuse(BUSY);
  } else {
    device.sync = syncOfFile(SEALED_PARCEL_BYTES, unsettledDocuments(device));
    const counters = packAll(device, room, turn);
    const keys = counters.map((number): Key => ({ is: "parcelBytes", number }));
    turn.load([{ is: "courier" }, ...keys]);
    device.waiting = { is: "export", place, counters };
  }
}

/** Seals what was packed. */
export async function exported(
  device: State,
  place: Place,
  counters: readonly number[],
  rows: Rows,
  turn: Turn,
): Promise<void> {
  try {
    const { series, part } = await carry(device, place, counters, rows, turn);
    turn.put({ is: "courier" }, toCbor(Series, series));
    turn.carry(toCbor(CourierPart, part));
  } catch (error) {
    if (!(error instanceof CryptoError || error instanceof Stopped)) throw error;
    turn.report({ NotExported: { reason: error.message } });
  } finally {
    device.sync = null;
  }
}

async function carry(
  device: State,
  place: Place,
  counters: readonly number[],
  rows: Rows,
  turn: Turn,
): Promise<{ readonly series: Series; readonly part: CourierPart }> {
  const hub = device.identity?.enrolled?.sealing ?? null;
  if (hub === null) throw new Stopped("the device has no key of the hub's: enrol it again");
  const [own, ...packed] = rows.map(([, bytes]) => bytes);
  const series = stored(own) ?? Series.begin(() => turn.draw.bytes(DRAW_BYTES));
  const parcels: Parcel[] = [];
  for (const [index, counter] of counters.entries()) {
    const bytes = packed[index] ?? null;
    const parcel = bytes === null ? null : orNull(() => fromCbor(Parcel, bytes));
    // Its bytes are gone: what of it is not receipted is packed again.
    if (parcel === null) unpack(device, counter, turn);
    else parcels.push(await sealed(parcel, hub, turn));
  }
  const request = nextRequest(device, NO_LOAD);
  if (request === null) throw new Stopped("the device has no key of the hub's: enrol it again");
  const asking = { ...request, budget: COURIER_FEED_BYTES_MAX };
  return Series.next(series, place, parcels, asking, hub, turn.draw.bytes(DRAW_BYTES));
}

function stored(bytes: Uint8Array | null | undefined): Series | null {
  return bytes === null || bytes === undefined ? null : orNull(() => fromCbor(Series, bytes));
}

/** The same parcel as nobody can read it on the way. */
async function sealed(parcel: Parcel, hub: SealingPublic, turn: Turn): Promise<Parcel> {
  const { contents } = parcel;
  if (contents.is === "sealed") return parcel;
  const { documents, statements } = contents;
  const bytes = toCbor(SealedContents, { documents, statements });
  const hidden = await SealingPublic.seal(hub, bytes, Parcel.hash(parcel), turn.draw.bytes(DRAW_BYTES));
  return { ...parcel, contents: { is: "sealed", sealed: hidden } };
}

/** Begins to take a return file. `outside`: the row of a locked device's series, if the shell has one. */
export function takeReturn(device: State, bytes: Uint8Array, outside: Uint8Array | null, turn: Turn): void {
  const refuse = (reason: string): void => turn.report({ CourierRefused: { reason } });
  const lease = device.session?.lease.prefix ?? null;
  if (lease === null) {
    refuse(NOT_ENROLLED);
    return;
  }
  if (device.sync !== null || device.enrolling !== null) {
    refuse(BUSY);
    return;
  }
  try {
    const { file, index } = partOf(bytes, lease);
    const part = file.parts[index]?.part ?? null;
    const series = stored(outside);
    const fits = series !== null && part !== null && Series.asked(series, part) !== null;
    const counters = fits ? [...device.sealed.keys()].sort((a, b) => a - b) : [];
    const keys = counters.map((number): Key => ({ is: "sealed", number }));
    turn.load([{ is: "courier" }, ...keys]);
    device.waiting = { is: "take", job: { file, index, outside: fits ? series : null } };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    refuse(error.message);
  }
}

/** Reads a return file. */
export async function taken(device: State, job: TakeJob, rows: Rows, turn: Turn): Promise<void> {
  try {
    await readReturn(device, job, rows, turn);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    device.sync = null;
    turn.report({ CourierRefused: { reason: error.message } });
  }
}

async function readReturn(device: State, job: TakeJob, rows: Rows, turn: Turn): Promise<void> {
  const session = device.session;
  const series = job.outside ?? stored(rows[0]?.[1]);
  const part = job.file.parts[job.index]?.part;
  if (session === null || series === null || part === undefined) throw new Stopped(NOT_OURS);
  const reply = await Series.open(series, job.file, job.index);
  const asked = Series.asked(series, part);
  const answer = orStop(() => read("answer", Answer, reply.answer));
  const { receipt, rest } = orStop(() => Answer.open(answer, session.hub));
  if (asked === null || session.lease.prefix !== receipt.lease) throw new Stopped(NOT_OURS);
  const { progress } = device;
  const otherLog = device.identity?.enrolled?.log !== receipt.log;
  const passed = !otherLog && receipt.head < progress.head;
  const whole = job.outside === null && !passed && isSame(asked.cursor, progress.cursor);
  const old = progress.syncedAt !== null && receipt.at <= progress.syncedAt;
  if (otherLog && (old || !whole)) {
    throw new Stopped("the hub has gone on with another log: sync once, or export again");
  }
  device.sync = syncOfFile(COURIER_FEED_BYTES_MAX, unsettledDocuments(device));
  if (reply.missing.length > 0) turn.report({ CourierMissing: { numbers: reply.missing } });
  if (whole) {
    takeAnswer(device, reply.answer, COURIER_FEED_BYTES_MAX, turn);
    return;
  }
  takePassed(device, receipt, answer, rest, passed, turn);
  if (job.outside !== null) takeSealedReceipts(device, receipt, rows.slice(1), turn);
  goOn(device, turn);
}

function isSame(one: Raw | null, other: Raw | null): boolean {
  return one === null || other === null ? one === other : equalBytes(one, other);
}

/** What still holds of an answer although the hub was heard since. */
function takePassed(device: State, receipt: Receipt, answer: Answer, rest: Rest, passed: boolean, turn: Turn): void {
  if (!passed && rest.orders.some((order) => order.is === "wipe" && order.when === "at_once")) {
    wipe(device, "at_once", turn);
    return;
  }
  takeReceipts(device, receipt, answer, true, turn);
}

/** The receipts of what was sent sealed, while nobody had unlocked the device. */
function takeSealedReceipts(device: State, receipt: Receipt, rows: Rows, turn: Turn): void {
  for (const [key, bytes] of rows) {
    if (key.is !== "sealed" || bytes === null) continue;
    const parcel = orNull(() => fromCbor(Parcel, bytes));
    if (parcel === null) continue;
    const told = receipt.parcels.find((one) => one.manifest === Parcel.hash(parcel));
    const manifest = orNull(() => Raw.open(Manifest, parcel.manifest));
    if (told !== undefined && manifest !== null) takeSealedReceipt(device, key.number, manifest, told, turn);
  }
}

function takeSealedReceipt(device: State, counter: number, manifest: Manifest, told: ParcelReceipt, turn: Turn): void {
  // Refused whole: the unlocked device sends its work otherwise.
  if (told.position === null || told.refused !== null) return;
  let changes = 0;
  for (const [index, { document }] of manifest.documents.entries()) {
    const fate = told.documents[index];
    const open = sealedChanges(device, counter, document);
    const fits = fate === undefined ? null : fitting(fate, open.length);
    if (fits !== null) changes += takeFate(device, document, open, fits, turn);
  }
  if (device.sync !== null) device.sync.done.receipted += changes;
  turn.report({ Receipted: { changes, position: told.position } });
}

/** The open changes of a document that are in this sealed parcel, in its order. */
function sealedChanges(device: State, counter: number, document: DocumentId): ChangeHash[] {
  return worksOf(device, document).flatMap(([, work]) => (work.sealed === counter ? [work.hash] : []));
}

/** The fates for so many changes that are still open: all of them, or where some were settled since, one for all. */
function fitting(fate: DocumentFate, open: number): DocumentFate | null {
  if (open === 0) return null;
  const all = fate.runs.reduce((sum, run) => sum + run.count, 0);
  if (all === open) return fate;
  const [first] = fate.runs;
  if (first === undefined || open > all) return null;
  const same = fate.runs.every((run) => JSON.stringify(run.fate) === JSON.stringify(first.fate));
  return same ? { runs: [{ count: open, fate: first.fate }], entered: fate.entered } : null;
}
