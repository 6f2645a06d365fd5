/**
 * One sync: what an exchange of several requests remembers between them. Owns its form and how it begins; what is done with it
 * stands in `exchange.ts` and the files beside. A file that is carried is a sync of one answer (`courier.ts`).
 */
import type { Channel, DocumentId } from "../ids.js";
import { UNSETTLED_MAX } from "../limits.js";
import { SYNCED_NOTHING } from "./event.js";
import type { Synced } from "./event.js";

/** A request on its way. */
export interface Sent {
  readonly number: number;
  readonly wants: readonly DocumentId[];
  /** It carried marks. */
  readonly marks: boolean;
}

/** One sync, from its event to its report. */
export interface Sync {
  budget: number;
  readonly done: { -readonly [Part in keyof Synced]: Synced[Part] };
  /** What is on its way. */
  sent: Sent | null;
  /** More of the feed is ready at the hub. */
  more: boolean;
  /** A channel to be compared. */
  repair: Channel | null;
  readonly repaired: Set<Channel>;
  /** Documents asked for whole in this sync. */
  readonly asked: Set<DocumentId>;
  /** Documents whose work is to be written again. */
  readonly replay: Set<DocumentId>;
  /** How often work of a document came back unsettled. */
  readonly unsettled: Map<DocumentId, number>;
  /** Documents of which the hub has everything and that were in no channel of the user's when it said so. */
  loose: Set<DocumentId>;
  /** Documents in one parcel; halved when a hub refuses a parcel whole. */
  parcelDocuments: number | null;
  /** A challenge came while the feed was closed. */
  renew: boolean;
  /** The hub took no parcel of statements alone. */
  statementsRefused: boolean;
  /** The last request named decisions of another log. */
  decisionsAgain: boolean;
  /** Of a file that is carried: nothing is sent. */
  readonly carried: boolean;
  /** Another log seems to answer than this device knows: the next request shows what it knows. */
  showMarks: boolean;
  /** That was done in this sync. */
  marksShown: boolean;
  /** Parcels receipted in this sync by another log than this device knows. */
  readonly receiptedElsewhere: Set<number>;
  /** The hub does not know the lease: the next request carries it. */
  presentLease: boolean;
  /** That was done in this sync. */
  leasePresented: boolean;
  /** Whether the last answer had any effect. */
  moved: boolean;
  idle: number;
}

/** Before the first request. `replay`: documents whose work is to be written again. */
export function newSync(budget: number, replay: Set<DocumentId>): Sync {
  return {
    budget,
    done: { ...SYNCED_NOTHING },
    sent: null,
    more: false,
    repair: null,
    repaired: new Set(),
    asked: new Set(),
    replay,
    unsettled: new Map(),
    loose: new Set(),
    parcelDocuments: null,
    renew: false,
    statementsRefused: false,
    decisionsAgain: false,
    carried: false,
    showMarks: false,
    marksShown: false,
    receiptedElsewhere: new Set(),
    presentLease: false,
    leasePresented: false,
    moved: false,
    idle: 0,
  };
}

/** For a file that is carried: one answer, and nothing is sent after it. */
export function syncOfFile(budget: number, replay: Set<DocumentId>): Sync {
  return { ...newSync(budget, replay), carried: true, sent: { number: 0, wants: [], marks: false } };
}

/** Whether work of this document waits for the next sync. */
export function isStuck(sync: Sync, document: DocumentId): boolean {
  return (sync.unsettled.get(document) ?? 0) > UNSETTLED_MAX;
}
