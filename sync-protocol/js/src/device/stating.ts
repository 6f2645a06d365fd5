/**
 * Stating: what travels beside the work, committed to by the same manifest.
 *
 * What the device held after the last complete feed, what it supersedes, which documents were shown, for whose key its
 * user vouches, and that it is about to erase itself. Statements go with the next parcel; readings, vouchers and the end
 * also alone. Each is stated until a receipt covers it.
 */
import { equalBytes } from "../bytes.js";
import { PublicKey } from "../crypto.js";
import { Salt } from "../ids.js";
import type { DocumentId } from "../ids.js";
import { MANIFEST_STATEMENTS_MAX, READS_KEPT_MAX, READ_STATEMENT_BYTES, VOUCHES_KEPT_MAX } from "../limits.js";
import { fingerprint } from "../wire/fingerprint.js";
import { Raw } from "../wire/codec.js";
import { Statement } from "../wire/manifest.js";
import type { Stated } from "../wire/manifest.js";
import { orNull } from "./reading.js";
import { allReceipted } from "./standing.js";
import { saturated, sorted } from "./state.js";
import type { State } from "./state.js";
import type { Turn } from "./turn.js";

/** Of the link's batch, the part that readings may take: work comes first. */
const READS_PART = 4;

/** Documents were shown. */
export function shown(device: State, documents: readonly DocumentId[], turn: Turn): void {
  for (const document of documents) {
    if (!device.entries.has(document)) continue;
    const before = device.reads.get(document);
    const times = saturated((before?.times ?? 0) + 1);
    device.reads.set(document, { at: turn.now, times, packed: before?.packed ?? null });
    turn.mark({ is: "read", document });
  }
  while (device.reads.size > READS_KEPT_MAX) {
    let oldest: DocumentId | null = null;
    let since = 0;
    for (const [document, read] of device.reads) {
      if (oldest !== null && (read.at > since || (read.at === since && document > oldest))) continue;
      oldest = document;
      since = read.at;
    }
    if (oldest === null) break;
    device.reads.delete(oldest);
    turn.mark({ is: "read", document: oldest });
  }
}

/** The user vouches for a key. */
export function vouch(device: State, key: PublicKey, turn: Turn): void {
  const refused = whyNotVouched(device, key);
  if (refused !== null) {
    turn.report({ NotVouched: { reason: refused } });
    return;
  }
  const { vouches } = device.progress;
  if (!vouches.some((vouch) => equalBytes(vouch.key, key))) {
    device.progress.vouches = [...vouches, { key, parcel: null }];
    turn.progress();
  }
  turn.report({ Vouched: { fingerprint: fingerprint(key) } });
}

function whyNotVouched(device: State, key: PublicKey): string | null {
  if (device.session === null) return "this device is not enrolled yet: enrol it with an invitation";
  if (orNull(() => (PublicKey.check(key), true)) === null) return "this is no device's key: scan it again";
  if (equalBytes(device.session.lease.key, key)) {
    return "this is this device's own key: somebody else must vouch for it";
  }
  if (device.progress.vouches.length >= VOUCHES_KEPT_MAX) return "too many keys wait to be sent: please sync first";
  return null;
}

/** Whether there is something to state that does not wait for work. */
export function hasToState(device: State): boolean {
  if (device.sync === null || device.sync.statementsRefused) return false;
  for (const read of device.reads.values()) if (read.packed === null) return true;
  return device.progress.vouches.some((vouch) => vouch.parcel === null) || hasToSayTheEnd(device);
}

/** Whether everything is receipted and about to be erased, and the hub was not told. */
function hasToSayTheEnd(device: State): boolean {
  const wipe = device.progress.wipe;
  return wipe !== null && !wipe.told && wipe.parcel === null && allReceipted(device);
}

/** The statements of the parcel of this counter, which also states that these rows of the table `aside` are superseded. */
export function statements(device: State, states: readonly number[], counter: number, turn: Turn): Stated[] {
  const all = heldAndSuperseded(device, states);
  if (hasToSayTheEnd(device)) {
    device.progress.wipe = { parcel: counter, told: false };
    all.push({ is: "wipeDone", at: turn.now });
  }
  device.progress.vouches = device.progress.vouches.map((vouch) => {
    if (vouch.parcel !== null || all.length >= MANIFEST_STATEMENTS_MAX) return vouch;
    all.push({ is: "vouched", key: vouch.key });
    return { ...vouch, parcel: counter };
  });
  const budget = device.sync?.budget ?? 0;
  const most = Math.max(Math.floor(Math.floor(budget / READS_PART) / READ_STATEMENT_BYTES), 1);
  const room = Math.min(Math.max(MANIFEST_STATEMENTS_MAX - all.length, 0), most);
  const unpacked = [...device.reads].filter(([, read]) => read.packed === null).map(([document]) => document);
  for (const document of sorted(unpacked).slice(0, room)) {
    const read = device.reads.get(document);
    if (read === undefined) continue;
    device.reads.set(document, { ...read, packed: [counter, read.times] });
    turn.mark({ is: "read", document });
    all.push({ is: "read", document, at: read.at, times: read.times });
  }
  return all.map((statement) => ({ salt: turn.draw.bytes(Salt.LEN), statement: Raw.of(Statement, statement) }));
}

/** What the device held after the last complete feed, and what it supersedes. */
function heldAndSuperseded(device: State, states: readonly number[]): Statement[] {
  const log = device.identity?.enrolled?.log;
  if (log === undefined) return [];
  const position = device.progress.readTo;
  const all: Statement[] = device.progress.held
    .slice(0, MANIFEST_STATEMENTS_MAX / 4)
    .map(([channel, digest]) => ({ is: "held", log, position, channel, digest }));
  for (const sequence of states) {
    const aside = device.aside.get(sequence);
    if (aside !== undefined) all.push({ is: "superseded", document: aside.document, change: aside.hash });
  }
  return all;
}

/** A receipt covers the statements of this parcel. */
export function stated(device: State, counter: number, turn: Turn): void {
  for (const [document, read] of [...device.reads]) {
    if (read.packed === null || read.packed[0] !== counter) continue;
    const times = Math.max(read.times - read.packed[1], 0);
    if (times === 0) device.reads.delete(document);
    else device.reads.set(document, { ...read, times, packed: null });
    turn.mark({ is: "read", document });
  }
  device.progress.vouches = device.progress.vouches.filter((vouch) => vouch.parcel !== counter);
  const wipe = device.progress.wipe;
  if (wipe !== null && wipe.parcel === counter) device.progress.wipe = { ...wipe, told: true };
  turn.progress();
}

/** The parcel was taken apart before a receipt covered it. */
export function unstate(device: State, counter: number, turn: Turn): void {
  for (const [document, read] of [...device.reads]) {
    if (read.packed === null || read.packed[0] !== counter) continue;
    device.reads.set(document, { ...read, packed: null });
    turn.mark({ is: "read", document });
  }
  device.progress.vouches = device.progress.vouches.map((vouch) =>
    vouch.parcel === counter ? { ...vouch, parcel: null } : vouch,
  );
  const wipe = device.progress.wipe;
  if (wipe !== null && wipe.parcel === counter) device.progress.wipe = { ...wipe, parcel: null };
  turn.progress();
}

/** The hub does not take a parcel of statements alone: they wait for work, and an end need not be told. */
export function statementsRefused(device: State, turn: Turn): void {
  if (device.sync !== null) device.sync.statementsRefused = true;
  const wipe = device.progress.wipe;
  if (wipe !== null) {
    device.progress.wipe = { ...wipe, told: true };
    turn.progress();
  }
}
