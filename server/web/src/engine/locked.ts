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
  /** Whether the hub answered at all. */
  readonly heard: boolean;
}

/** Sends the sealed work of these users. */
export async function sendSealed(
  protocol: Protocol,
  db: Database,
  link: Link,
  users: readonly UserRecord[],
): Promise<Sent> {
  const rows = (await sealedRows(db)).filter((row) => row.position === null);
  const wipe: string[] = [];
  let [left, heard] = [0, false];
  for (const { slot, enrolment } of users) {
    const own = rows.filter((row) => row.slot === slot);
    if (enrolment === null) continue;
    for (let at = 0; at < own.length; at += LOCKED_PARCELS_MAX) {
      const part = own.slice(at, at + LOCKED_PARCELS_MAX);
      try {
        const told = await sendPart(protocol, link, enrolment, part);
        heard = true;
        left += part.length - told.kept.length;
        await db.commit(told.kept.map(([row, position]) => noteSealed(row, position)));
        if (told.wipe) {
          wipe.push(slot);
          break;
        }
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        return { failure: error.words, left: left + rows.length, wipe, heard };
      }
    }
  }
  return { failure: null, left, wipe, heard };
}

interface Told {
  /** What the hub has; with no position once it stands in two places. */
  readonly kept: readonly (readonly [SealedRow, number | null])[];
  readonly wipe: boolean;
}

async function sendPart(protocol: Protocol, link: Link, user: Enrolment, rows: readonly SealedRow[]): Promise<Told> {
  const { wire } = protocol;
  const lease = protocol.ActorPrefix.parse(user.prefix);
  const request = {
    lease,
    token: null,
    cursor: null,
    parcels: rows.map((row) => wire.fromCbor(wire.Parcel, row.bytes)),
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
  const kept: (readonly [SealedRow, number | null])[] = [];
  for (const [at, row] of rows.entries()) {
    const parcel = receipt.parcels[at];
    if (!parcel || parcel.position === null || parcel.refused !== null) continue;
    if (!parcel.documents.every((document) => document.runs.every((run) => wire.Fate.isKept(run.fate)))) continue;
    kept.push([row, receipt.copiedTo >= parcel.position ? null : parcel.position]);
  }
  const wipe = rest.orders.some((order) => order.is === "wipe" && order.when === "at_once");
  return { kept, wipe };
}
