/**
 * One sync as it stands, from its event to its report: what it asked, what came back, what waits for rows of the store.
 * In the Rust crate this stands at the head of `device/exchange.rs`; what is done with it: `exchange.ts`.
 */
import type { Channel, DocumentId } from "../ids.js";
import { UNSETTLED_MAX } from "../limits.js";
import type { Place } from "../wire/courier.js";
import type { Repair } from "../wire/exchange.js";
import type { Parcel } from "../wire/parcel.js";
import type { Marks, Return } from "../wire/returning.js";
import type { TakeJob } from "./courier.js";
import { SYNCED_NOTHING } from "./event.js";
import type { EditRequest, Neighbour, Synced } from "./event.js";
import type { FeedJob } from "./feed.js";
import type { Giving, Offered } from "./giving.js";

/** What waits for rows of the store. */
export type Waiting =
  | { readonly is: "edit"; readonly requests: readonly EditRequest[] }
  | { readonly is: "feed"; readonly job: FeedJob }
  | { readonly is: "parcels"; readonly counters: readonly number[] }
  | { readonly is: "replay"; readonly document: DocumentId }
  | { readonly is: "neighbours"; readonly neighbours: readonly Neighbour[] }
  | { readonly is: "export"; readonly place: Place; readonly counters: readonly number[] }
  | { readonly is: "take"; readonly job: TakeJob }
  | { readonly is: "marks" }
  | { readonly is: "returns"; readonly documents: readonly DocumentId[] }
  | { readonly is: "leases"; readonly giving: Giving };

/** A request on its way. */
export interface Sent {
  readonly number: number;
  readonly wants: readonly DocumentId[];
  /** It carried marks. */
  readonly marks: boolean;
  /** What it gave back, in its order. */
  readonly returns: readonly Offered[];
}

/** What one request carries beside what every request does. */
export interface Load {
  readonly parcels: readonly Parcel[];
  readonly wants: readonly DocumentId[];
  readonly repair: Repair | null;
  readonly marks: Marks | null;
  readonly returns: readonly Return[];
}

export const NO_LOAD: Load = { parcels: [], wants: [], repair: null, marks: null, returns: [] };

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
  /** How often something of a document was offered back. */
  readonly offers: Map<DocumentId, number>;
  /** Documents of which the hub has nothing that this user may see. */
  readonly gone: Set<DocumentId>;
  /** Documents with work that waits until something is given back. */
  readonly waitsForReturn: Set<DocumentId>;
  /** Parcels that were given back and of which some waits for the same: it is packed anew. */
  readonly setBack: Set<number>;
  /** Whether the last answer had any effect. */
  moved: boolean;
  idle: number;
}

/** A sync of which nothing has happened. */
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
    offers: new Map(),
    gone: new Set(),
    waitsForReturn: new Set(),
    setBack: new Set(),
    moved: false,
    idle: 0,
  };
}

/** For a file that is carried: one answer, and nothing is sent after it. */
export function syncOfFile(budget: number, replay: Set<DocumentId>): Sync {
  return { ...newSync(budget, replay), carried: true, sent: { number: 0, wants: [], marks: false, returns: [] } };
}

/** Whether work of this document waits for the next sync. */
export function isStuck(sync: Sync, document: DocumentId): boolean {
  return (sync.unsettled.get(document) ?? 0) > UNSETTLED_MAX;
}
