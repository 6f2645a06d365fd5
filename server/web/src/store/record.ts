/**
 * The clear record of this device: what an app needs while it is locked. Owns its form and its reading; holds users'
 * ids, names of staff, sites, wrapped keys, and what belongs to sending sealed work. Never a registered person, never
 * a key in clear. Each user stands in a row of their own, so that a damaged one does not lock out the others.
 */
import type { Derivation } from "../vault/argon2.js";
import type { StoredKeys } from "../vault/keys.js";
import type { Bytes } from "../vault/bytes.js";
import { Database } from "./database.js";
import type { Op } from "./database.js";
import { bytes, members, number, text } from "./shapes.js";

/** What a locked app knows of an enrolled user. */
export interface Enrolment {
  /** The user's id at the hub. */
  readonly user: string;
  readonly name: string;
  readonly site: string;
  /** The site as people call it. */
  readonly siteName: string;
  /** The lease's prefix, in hexadecimal. */
  readonly prefix: string;
  /** The hub's signing key: receipts for sealed work are believed under it alone. */
  readonly hub: Bytes;
}

/** One user of this device. */
export interface UserRecord {
  /** Of this enrolment here: random, in every key and associated data of its rows. */
  readonly slot: string;
  readonly keys: StoredKeys;
  /** Null: an invitation was tried and no answer came yet. */
  readonly enrolment: Enrolment | null;
  /** The last of the neighbours' rows that was handed in. */
  readonly tonight: string;
  /** By this device's clock: the last contact, and the highest time seen since. A hindrance against reading, no more. */
  readonly contactSeen: number;
  readonly highestSeen: number;
}

/** What is of the device and of no user. */
export interface DeviceRecord {
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** The last order to erase that left nobody here. */
  readonly wiped: { readonly at: number; readonly all: boolean } | null;
}

/** Of a device that has nothing yet. */
export const NEW_DEVICE: DeviceRecord = { bytesUp: 0, bytesDown: 0, wiped: null };

const DEVICE = "device";
const USER = "user/";

/** The transaction's line that keeps a user. */
export function keepUser(user: UserRecord): Op {
  return { table: "own", key: USER + user.slot, value: user };
}

/** The transaction's line that keeps the device's record. */
export function keepDevice(device: DeviceRecord): Op {
  return { table: "own", key: DEVICE, value: device };
}

/** Everything of a user, to be erased in one transaction. */
export function eraseUser(slot: string): readonly Op[] {
  const all = Database.within(`${slot}/`);
  return [
    { table: "own", key: USER + slot },
    { table: "own", key: `courier/${slot}` },
    { table: "rows", ...all },
    { table: "sealed", ...all },
    { table: "summaries", ...all },
    { table: "drafts", ...all },
  ];
}

/** Reads the clear record. `damaged`: users whose row cannot be read; their sealed work still stands in its table. */
export async function readRecord(
  db: Database,
): Promise<{ device: DeviceRecord; users: readonly UserRecord[]; damaged: number }> {
  const device = readDevice(await db.get("own", DEVICE));
  const { key, to } = Database.within(USER);
  const rows = await db.range("own", key, to);
  const users = rows.map(([, value]) => readUser(value));
  const readable = users.filter((user) => user !== null);
  return { device, users: readable, damaged: users.length - readable.length };
}

function readDevice(value: unknown): DeviceRecord {
  const row = members(value);
  if (row === null) return NEW_DEVICE;
  const wiped = members(row.get("wiped"));
  const at = number(wiped?.get("at"));
  return {
    bytesUp: number(row.get("bytesUp")) ?? 0,
    bytesDown: number(row.get("bytesDown")) ?? 0,
    wiped: at === null ? null : { at, all: wiped?.get("all") === true },
  };
}

function readUser(value: unknown): UserRecord | null {
  const row = members(value);
  const slot = text(row?.get("slot"));
  const keys = readKeys(row?.get("keys"));
  if (row === null || row === undefined || slot === null || keys === null) return null;
  return {
    slot,
    keys,
    enrolment: readEnrolment(row.get("enrolment")),
    tonight: text(row.get("tonight")) ?? "",
    contactSeen: number(row.get("contactSeen")) ?? 0,
    highestSeen: number(row.get("highestSeen")) ?? 0,
  };
}

function readEnrolment(value: unknown): Enrolment | null {
  const row = members(value);
  const [user, name, site, prefix] = ["user", "name", "site", "prefix"].map((key) => text(row?.get(key)));
  const hub = bytes(row?.get("hub"));
  if (!user || name === null || name === undefined || !site || !prefix || hub === null) return null;
  return { user, name, site, siteName: text(row?.get("siteName")) ?? site, prefix, hub };
}

function readKeys(value: unknown): StoredKeys | null {
  const row = members(value);
  const data = members(row?.get("data"));
  const derivation = readDerivation(data?.get("derivation"));
  const wrapped = bytes(data?.get("wrapped"));
  const door = bytes(row?.get("door"));
  const doorSecret = bytes(row?.get("doorSecret"));
  if (derivation === null || wrapped === null || door === null || doorSecret === null) return null;
  return { data: { derivation, wrapped }, door, doorSecret };
}

function readDerivation(value: unknown): Derivation | null {
  const row = members(value);
  const salt = bytes(row?.get("salt"));
  const [memoryKib, passes, lanes] = ["memoryKib", "passes", "lanes"].map((key) => number(row?.get(key)));
  if (salt === null || !memoryKib || !passes || !lanes) return null;
  return { salt, memoryKib, passes, lanes };
}
