/**
 * Who works with this device: their clear records, their PINs, how many of their sealed parcels wait. Owns the list and
 * what is written to it; of somebody who enrolled again (a passphrase was forgotten) only the newest is shown, and what
 * was sealed before goes on being sent. Keeps no open key.
 */
import type { Database, Op } from "../store/database.js";
import { eraseUser, keepDevice, keepUser, readRecord } from "../store/record.js";
import type { DeviceRecord, UserRecord } from "../store/record.js";
import { NEW_DEVICE } from "../store/record.js";
import { sealedRows } from "../store/user_store.js";
import { tonightAfter, tonightOver } from "../store/tonight.js";
import { randomBytes, toHex } from "../vault/bytes.js";
import { Pins } from "../vault/pin.js";
import type { UserCard } from "./contract.js";

const SLOT_DIGITS = 4;

/** The users of this device. */
export class Roster {
  readonly pins = new Pins();
  #device: DeviceRecord = NEW_DEVICE;
  #users: readonly UserRecord[] = [];
  #unsent = new Map<string, number>();

  constructor(private readonly db: Database) {}

  /** Reads the clear record. Answers how many users could not be read. */
  async read(): Promise<number> {
    const { device, users, damaged } = await readRecord(this.db);
    this.#device = device;
    this.#users = users;
    await this.count();
    return damaged;
  }

  get device(): DeviceRecord {
    return this.#device;
  }

  /** Every enrolment, also those of which a newer one exists. */
  get users(): readonly UserRecord[] {
    return this.#users;
  }

  /** The newest enrolment of each person. */
  get current(): readonly UserRecord[] {
    const newest = new Map<string, UserRecord>();
    for (const user of this.#users) if (user.enrolment !== null) newest.set(user.enrolment.user, user);
    return [...newest.values()];
  }

  /** The newest enrolment of a person, by the user's id. */
  find(user: string): UserRecord | null {
    return this.current.find((one) => one.enrolment?.user === user) ?? null;
  }

  /** Whether somebody has enrolled again since: nobody is expected to open this enrolment any more. */
  isReplaced(slot: string): boolean {
    return !this.current.some((user) => user.slot === slot);
  }

  /** An enrolment that got no answer yet. */
  get unfinished(): UserRecord | null {
    return this.#users.findLast((user) => user.enrolment === null) ?? null;
  }

  /** A slot that nobody has; later ones sort behind earlier ones. */
  newSlot(): string {
    const last = Math.max(0, ...this.#users.map((user) => Number.parseInt(user.slot, 10)).filter(Number.isFinite));
    return `${(last + 1).toString().padStart(SLOT_DIGITS, "0")}-${toHex(randomBytes(8))}`;
  }

  /** Keeps a user, durable, with what belongs into the same transaction. */
  async keep(user: UserRecord, beside: readonly Op[] = []): Promise<void> {
    await this.db.commit([keepUser(user), ...beside]);
    this.take(user);
  }

  /** A user's record was stored. */
  take(user: UserRecord): void {
    const others = this.#users.filter((one) => one.slot !== user.slot);
    this.#users = [...others, user].sort((a, b) => (a.slot < b.slot ? -1 : 1));
  }

  /** Keeps the device's record. */
  async keepDevice(device: DeviceRecord): Promise<void> {
    this.#device = device;
    await this.db.commit([keepDevice(device)]);
  }

  /** Counts bytes; they are written with the next thing that is. */
  carried(up: number, down: number): void {
    const { bytesUp, bytesDown } = this.#device;
    this.#device = { ...this.#device, bytesUp: bytesUp + up, bytesDown: bytesDown + down };
  }

  /** Erases a user and everything of theirs in one transaction; with the last one, everything. */
  async erase(slot: string, now: number): Promise<void> {
    const others = this.#users.filter((user) => user.slot !== slot);
    const isLast = others.every((user) => user.enrolment === null);
    const left = await tonightAfter(this.db, "");
    const ops: Op[] = left.filter((row) => isLast || row.by === slot).map((row) => ({ table: "tonight", key: row.key }));
    for (const user of isLast ? this.#users : this.#users.filter((one) => one.slot === slot)) ops.push(...eraseUser(user.slot));
    if (isLast) this.#device = { ...this.#device, wiped: { at: now, all: true } };
    await this.db.transact([...ops, keepDevice(this.#device)]);
    this.#users = isLast ? [] : others;
    this.pins.forget(slot);
    await this.count();
  }

  /** Takes away what colleagues left and everybody has seen. */
  async tidyTonight(now: number): Promise<void> {
    const seen = new Map(this.current.map((user) => [user.slot, user.tonight]));
    await this.db.commit(await tonightOver(this.db, seen, now));
  }

  /** Counts sealed parcels again. */
  async count(): Promise<void> {
    const unsent = new Map<string, number>();
    for (const row of await sealedRows(this.db)) {
      if (row.position === null) unsent.set(row.slot, (unsent.get(row.slot) ?? 0) + 1);
    }
    this.#unsent = unsent;
  }

  /** Sealed parcels of these users that no hub has confirmed. */
  unsent(slots: (slot: string) => boolean): number {
    let sum = 0;
    for (const [slot, count] of this.#unsent) if (slots(slot)) sum += count;
    return sum;
  }

  /** As shown before anybody has unlocked. */
  cards(): readonly UserCard[] {
    return this.current.flatMap(({ slot, enrolment }) => {
      if (enrolment === null) return [];
      const own = new Set(this.#users.filter((user) => user.enrolment?.user === enrolment.user).map((user) => user.slot));
      const triesLeft = this.pins.triesLeft(slot);
      return {
        id: enrolment.user,
        name: enrolment.name,
        site: enrolment.siteName,
        pin: triesLeft > 0,
        pinTriesLeft: triesLeft,
        unsent: this.unsent((one) => own.has(one)),
      };
    });
  }
}
