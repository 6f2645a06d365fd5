/**
 * Sending what is sealed to the hub without any key of its user: while the app is locked, and for colleagues of the
 * device. Owns the request (sealed parcels alone, no token, no feed) and reading which of them the hub has; a receipt is
 * believed under the hub's key in the clear record only. An order to erase at once is obeyed here too.
 */
import { LOCKED_PARCELS_MAX } from "../limits.js";
import type { Database } from "../store/database.js";
import type { Enrolment, UserRecord } from "../store/record.js";
import { noteSealed, sealedRows } from "../store/user_store.js";
import type { SealedRow } from "../store/user_store.js";
import type { Words } from "./contract.js";
import { LinkError } from "./link.js";
import type { Link } from "./link.js";
import type { Protocol } from "./protocol.js";
import { exchangeWords } from "./sentences.js";

/** A version above all others: the hub has no newer configuration to give to who cannot store it. */
const NO_CONFIGURATION = 0xffff_ffff;

/** How it went. */
export interface Sent {
  readonly failure: Words | null;
  /** Parcels that the hub does not have yet. */
  readonly left: number;
  /** Users who are to be erased at once. */
  readonly wipe: readonly string[];
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
    const left = new Set(rows.filter((row) => users.some((user) => user.slot === row.slot)));
    for (const { slot, enrolment } of users) {
      if (enrolment === null) continue;
      let own = readable(protocol, rows.filter((row) => row.slot === slot));
      while (own.length > 0 && !wipe.includes(slot)) {
        const part = own.slice(0, fitting(own, this.link.budget));
        own = own.slice(part.length);
        try {
          const told = await sendPart(protocol, this.link, enrolment, part);
          for (const { row } of told.kept) left.delete(row);
          for (const row of told.refused) {
            left.delete(row);
            this.#refused.add(nameOf(row));
          }
          const isGone = this.isReplaced(slot);
          await this.db.commit(told.kept.map((one) => noteSealed(one.row, isGone && one.isCopied ? null : one.position)));
          if (told.wipe) wipe.push(slot);
        } catch (error) {
          if (!(error instanceof LinkError)) throw error;
          return { failure: error.words, left: left.size, wipe };
        }
      }
    }
    return { failure: null, left: left.size, wipe };
  }
}

interface Sealed {
  readonly row: SealedRow;
  readonly parcel: ReturnType<typeof readParcel>;
}

function nameOf(row: SealedRow): string {
  return `${row.slot}/${row.key}`;
}

function readParcel(protocol: Protocol, row: SealedRow): Parameters<Protocol["wire"]["Parcel"]["hash"]>[0] {
  return protocol.wire.fromCbor(protocol.wire.Parcel, row.bytes);
}

/** Those that are parcels: one that was damaged must not hold up the others. */
function readable(protocol: Protocol, rows: readonly SealedRow[]): readonly Sealed[] {
  return rows.flatMap((row) => {
    try {
      return [{ row, parcel: readParcel(protocol, row) }];
    } catch {
      return [];
    }
  });
}

/** How many of them the link carries at once: at least one. */
function fitting(rows: readonly Sealed[], budget: number): number {
  let bytes = 0;
  const over = rows.findIndex(({ row }, at) => {
    bytes += row.bytes.length;
    return at > 0 && (bytes > budget || at >= LOCKED_PARCELS_MAX);
  });
  return over < 0 ? rows.length : over;
}

interface Told {
  readonly kept: readonly { readonly row: SealedRow; readonly position: number; readonly isCopied: boolean }[];
  /** Not taken: the unlocked device does better. */
  readonly refused: readonly SealedRow[];
  readonly wipe: boolean;
}

async function sendPart(protocol: Protocol, link: Link, user: Enrolment, sealed: readonly Sealed[]): Promise<Told> {
  const { wire } = protocol;
  const lease = protocol.ActorPrefix.parse(user.prefix);
  const request = {
    lease,
    token: null,
    cursor: null,
    parcels: sealed.map((one) => one.parcel),
    budget: 0,
    wants: [],
    repair: null,
    renewal: null,
    configuration: NO_CONFIGURATION,
    decidedTo: 0,
  };
  const bytes = await link.post("exchange", wire.frame("exchangeRequest", wire.ExchangeRequest, request));
  let opened: ReturnType<typeof wire.Answer.open>;
  try {
    opened = wire.Answer.open(wire.read("answer", wire.Answer, bytes), user.hub);
  } catch {
    throw new LinkError("answer-unbelieved", exchangeWords("the answer is not signed by the hub of this device"));
  }
  const { receipt, rest } = opened;
  if (receipt.lease !== lease) throw new LinkError("answer-unbelieved", exchangeWords("the answer is another device's"));
  const kept: Told["kept"][number][] = [];
  const refused: SealedRow[] = [];
  for (const { row, parcel } of sealed) {
    const manifest = wire.Parcel.hash(parcel);
    const told = receipt.parcels.find((one) => one.manifest === manifest);
    if (told === undefined) continue;
    const fates = told.documents.flatMap((document) => document.runs.map((run) => run.fate));
    if (told.refused !== null || fates.some((fate) => fate.is === "refused")) {
      refused.push(row);
    } else if (told.position !== null && fates.every((fate) => wire.Fate.isKept(fate))) {
      kept.push({ row, position: told.position, isCopied: told.position <= receipt.copiedTo });
    }
  }
  return { kept, refused, wipe: rest.orders.some((order) => order.is === "wipe" && order.when === "at_once") };
}
