/**
 * Sending what is sealed to the hub without any key of its user: while the app is locked, and for colleagues of the
 * device. Owns which rows are tried and what is noted of them; the request and the reading of its answer are `Locked` of
 * the sync protocol, under the hub's key in the clear record. An order to erase at once is obeyed here too: whoever has
 * the device in hands may never unlock it.
 */
import type { Locked } from "@segin/sync-protocol";
import type { Database } from "../store/database.js";
import type { Enrolment, UserRecord } from "../store/record.js";
import { noteSealed, sealedRows } from "../store/user_store.js";
import type { SealedRow } from "../store/user_store.js";
import type { Words } from "./contract.js";
import { LinkError } from "./link.js";
import type { Link } from "./link.js";
import type { Protocol } from "./protocol.js";
import { exchangeWords } from "./sentences.js";

/** How it went. */
export interface Sent {
  readonly failure: Words | null;
  /** Parcels that the hub does not have yet. */
  readonly left: number;
  /** Users who are to be erased at once. */
  readonly wipe: readonly string[];
}

/** The same of one user. */
interface Told {
  readonly failure: Words | null;
  readonly left: number;
  readonly wipe: boolean;
}

/** Sends sealed work; remembers while the app runs what the hub does not take, so that it is not asked again and again. */
export class SealedWork {
  readonly #refused = new Set<string>();

  constructor(
    private readonly db: Database,
    private readonly link: Link,
    /** Of somebody who has enrolled again since: nobody will open these rows, they go once they stand in two places. */
    private readonly isReplaced: (slot: string) => boolean,
  ) {}

  /** Sends the sealed work of these users, each user's oldest first. */
  async send(protocol: Protocol, users: readonly UserRecord[]): Promise<Sent> {
    const rows = (await sealedRows(this.db)).filter((row) => row.position === null && !this.#refused.has(nameOf(row)));
    const wipe: string[] = [];
    let [left, failure]: [number, Words | null] = [0, null];
    for (const { slot, enrolment } of users) {
      const own = rows.filter((row) => row.slot === slot);
      if (enrolment === null || own.length === 0) continue;
      // Once the link has failed, the rest waits for the next try.
      const told: Told = failure === null ? await this.#sendOf(protocol, enrolment, own) : { failure, left: own.length, wipe: false };
      failure = told.failure;
      left += told.left;
      if (told.wipe) wipe.push(slot);
    }
    return { failure, left, wipe };
  }

  async #sendOf(
    protocol: Protocol,
    user: Enrolment,
    rows: readonly SealedRow[],
  ): Promise<Told> {
    const byCounter = new Map(rows.map((row) => [counterOf(row), row]));
    const sealed = [...byCounter].map(([counter, row]) => [counter, row.bytes] as const);
    const locked = new protocol.Locked(protocol.ActorPrefix.parse(user.prefix), user.hub, sealed);
    const isWaiting = (): number => locked.left + locked.fates().filter(([, fate]) => fate.is === "waits").length;
    for (let request = locked.request(this.link.budget); request !== null; request = locked.request(this.link.budget)) {
      try {
        const bytes = await this.link.post("exchange", request);
        locked.answer(bytes);
        await this.#note(locked, byCounter);
        if (ordersWipe(protocol, bytes, user)) return { failure: null, left: isWaiting(), wipe: true };
      } catch (error) {
        if (error instanceof LinkError) return { failure: error.words, left: isWaiting(), wipe: false };
        if (error instanceof protocol.Stopped) return { failure: exchangeWords(error.message), left: isWaiting(), wipe: false };
        throw error;
      }
    }
    return { failure: null, left: isWaiting(), wipe: false };
  }

  async #note(locked: Locked, rows: Map<number, SealedRow>): Promise<void> {
    const copied = new Set(locked.copied());
    const ops = locked.fates().flatMap(([counter, fate]) => {
      const row = rows.get(counter);
      // Each fate is noted once.
      if (row === undefined || !rows.delete(counter)) return [];
      if (fate.is === "refused") this.#refused.add(nameOf(row));
      if (fate.is !== "kept") return [];
      return [noteSealed(row, this.isReplaced(row.slot) && copied.has(counter) ? null : fate.position)];
    });
    await this.db.commit(ops);
  }
}

function nameOf(row: SealedRow): string {
  return `${row.slot}/${row.key}`;
}

/** The counter of a row of table 0x88. */
function counterOf(row: SealedRow): number {
  return Number.parseInt(row.key.slice(2), 16);
}

/** Whether this answer, which was just believed, orders to erase at once. */
function ordersWipe({ Answer, read }: Protocol, bytes: Uint8Array, user: Enrolment): boolean {
  const { rest } = Answer.open(read("answer", Answer, bytes), user.hub);
  return rest.orders.some((order) => order.is === "wipe" && order.when === "at_once");
}
