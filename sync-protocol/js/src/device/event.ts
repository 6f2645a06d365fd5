/**
 * What goes into the state machine and what comes out of it.
 *
 * Owns the events, the effects and the facts that a screen shows. How they are handled stands beside, one file for each
 * concern.
 */
import { u32Bytes } from "../bytes.js";
import { hashBytes } from "../crypto.js";
import type { PublicKey } from "../crypto.js";
import type { CardToken, ChangeHash, Channel, DocumentId, Millis, Position } from "../ids.js";
import type { Edit, Kind } from "../documents/types.js";
import type { Raw } from "../wire/codec.js";
import type { Place } from "../wire/courier.js";
import type { Invitation } from "../wire/enrolment.js";
import type { Fingerprint } from "../wire/fingerprint.js";
import type { WipeWhen } from "../wire/order.js";
import type { LeaseStanding } from "./progress.js";
import type { Key, Rows, Write } from "./rows.js";

/** What the shell knows and a calculation cannot: the time, and 32 fresh random bytes for each event. */
export interface Inputs {
  /** The device's clock. Decides nothing at the hub. */
  readonly now: Millis;
  /** 32 bytes from the operating system; a seed is used for one event only. */
  readonly seed: Uint8Array;
}

/** Draws of one event, all from its seed: `SHA-256("segin/1 draw" ‖ seed ‖ number)`. */
export class Draw {
  readonly #seed: Uint8Array;
  #drawn = 0;

  constructor(seed: Uint8Array) {
    if (seed.length !== 32) throw new RangeError("the seed of an event has 32 bytes: draw them afresh for each event");
    this.#seed = seed;
  }

  /** The next `length` bytes, at most 32. */
  bytes(length: number): Uint8Array {
    const full = hashBytes("draw", [this.#seed, u32Bytes(this.#drawn)]);
    this.#drawn += 1;
    return full.slice(0, length);
  }
}

/** One thing that a person recorded, to become one change. */
export interface EditRequest {
  /** Chosen by the shell; comes back in the report. */
  readonly tag: number;
  /** Which document; none: a new one, whose id is drawn, and a new case also gets a code and a card token. */
  readonly document: DocumentId | null;
  /** The id of the new document, where the shell drew it already; random. */
  readonly newId: DocumentId | null;
  readonly kind: Kind;
  /** The heads that were on the screen. None: what the store holds now (scripts, imports). */
  readonly shown: readonly ChangeHash[] | null;
  /** What was entered. */
  readonly edits: readonly Edit[];
  /** The token of the card that was scanned, if one was. */
  readonly card: CardToken | null;
  /** Rows of the shell's own, stored in the same batch if the edit is: key and value. */
  readonly beside: readonly (readonly [Uint8Array, Uint8Array])[];
}

export const EditRequest = {
  /** A new document. */
  begin(kind: Kind, edits: readonly Edit[]): EditRequest {
    return { tag: 0, document: null, newId: null, kind, shown: null, edits, card: null, beside: [] };
  },
  /** An edit of a document at the heads that were shown; none: at what the store holds now. */
  change(document: DocumentId, kind: Kind, shown: readonly ChangeHash[] | null, edits: readonly Edit[]): EditRequest {
    return { ...EditRequest.begin(kind, edits), document, shown };
  },
};

/** What happened. */
export type Event =
  /** Somebody typed or scanned an invitation. */
  | { readonly is: "enrol"; readonly invitation: Invitation }
  /** Somebody recorded something; several at once are stored together. */
  | { readonly is: "edit"; readonly requests: readonly EditRequest[] }
  /** Exchange with the hub until nothing is left to say. `budget`: bytes that the link carries in about four seconds. */
  | { readonly is: "sync"; readonly budget: number }
  /** The hub answered the request of this number. `budget`: measured anew. */
  | { readonly is: "answer"; readonly number: number; readonly bytes: Uint8Array; readonly budget: number }
  /** No answer came to the request of this number; `reason` is for the person. */
  | { readonly is: "failed"; readonly number: number; readonly reason: string }
  /** The hub answered the request of this number with an error of the protocol: its stable code, why for the person. */
  | { readonly is: "turnedAway"; readonly number: number; readonly code: string; readonly reason: string }
  /** These documents were opened, or their people's names shown: the hub is told with the next exchange. */
  | { readonly is: "shown"; readonly documents: readonly DocumentId[] }
  /** The user has the device with this key before their eyes and vouches for it. */
  | { readonly is: "vouch"; readonly key: PublicKey }
  /** What colleagues recorded on this device; at most `NEIGHBOURS_MAX` at once. It may be handed in any number of times. */
  | { readonly is: "neighbours"; readonly neighbours: readonly Neighbour[] }
  /** What is unsent is to be carried to the hub in a file, as the part at this place. `room`: bytes of parcels, at most. */
  | { readonly is: "export"; readonly place: Place; readonly room: number }
  /** Somebody brought a return file. `outside`: what the shell keeps of files that were made locked, see `locked.ts`. */
  | { readonly is: "take"; readonly file: Uint8Array; readonly outside: Uint8Array | null }
  /** What a `load` asked for, in its order. */
  | { readonly is: "loaded"; readonly rows: Rows };

/** What a colleague committed on this device, of one document. */
export interface Neighbour {
  readonly document: DocumentId;
  /** Never an annex. */
  readonly kind: Kind;
  /** The human code, as the colleague's device gave it. */
  readonly code: string | null;
  /** The card token, as issued or scanned by the colleague. */
  readonly card: CardToken | null;
  /** Whole change chunks, each after those it depends on. */
  readonly changes: readonly Raw[];
}

/** Where a request goes: `POST /v1/enrol` or `POST /v1/exchange`. */
export type Endpoint = "enrol" | "exchange";

/** What must be done, in this order, each before the next. */
export type Effect =
  /**
   * One atomic, synced transaction. At most one in a turn, always first: if it fails, the rest must not be done and the
   * device is opened again from its store.
   */
  | { readonly is: "store"; readonly batch: readonly Write[] }
  /** Read these rows, then the event `loaded`. */
  | { readonly is: "load"; readonly keys: readonly Key[] }
  /** Post these bytes (a whole frame), then the event `answer`, `turnedAway` or `failed` with this number. */
  | { readonly is: "send"; readonly number: number; readonly to: Endpoint; readonly bytes: Uint8Array }
  /** CBOR of a `CourierPart`, to be put into a file at the place that was named. */
  | { readonly is: "carry"; readonly part: Uint8Array }
  /**
   * Erase every row, the shell's own too, and store these instead, all in one. Whatever sealed the old rows (a key file)
   * is destroyed as well. Nothing else follows but reports.
   */
  | { readonly is: "wipe"; readonly then: readonly Write[] }
  /** Tell the person. */
  | { readonly is: "report"; readonly report: Report };

/** What one `sync` did. */
export interface Synced {
  /** Requests answered. */
  readonly exchanges: number;
  /** Own changes that are now applied at the hub. */
  readonly receipted: number;
  /** Own changes that wait there for a decision. */
  readonly held: number;
  /** Own changes that were not accepted. */
  readonly refused: number;
  /** Own changes on which a person had decided. */
  readonly decided: number;
  /** Documents of the feed. */
  readonly fed: number;
  /** Own changes that could not be settled and stay in the outbox. */
  readonly left: number;
}

/** Nothing done yet. */
export const SYNCED_NOTHING: Synced = {
  exchanges: 0,
  receipted: 0,
  held: 0,
  refused: 0,
  decided: 0,
  fed: 0,
  left: 0,
};

/** A fact for the person; nothing in it is a field's content. The form is that of the Rust crate's JSON. */
export type Report =
  /** The device now belongs to a user and a hub: their name as colleagues know it, home site, letters on codes. */
  | { readonly Enrolled: { readonly name: string; readonly site: string; readonly letters: string } }
  | { readonly NotEnrolled: { readonly reason: string } }
  /** An edit is stored. `code` and `card` (hexadecimal): of a new case. */
  | {
      readonly Recorded: {
        readonly tag: number;
        readonly document: DocumentId;
        readonly change: ChangeHash;
        readonly code: string | null;
        readonly card: string | null;
      };
    }
  /** An edit was not stored, nor anything beside it; `reason` has the path of each problem. */
  | { readonly EditRefused: { readonly tag: number; readonly reason: string } }
  /** Changes are safe at the hub: how many are now applied, and where the parcel stands in the log. */
  | { readonly Receipted: { readonly changes: number; readonly position: Position } }
  /** A change waits at the hub for a person's decision. */
  | { readonly Held: { readonly document: DocumentId; readonly code: string } }
  /** A person decided on work that the hub had held; `sentence`: why, as that person wrote it. */
  | {
      readonly Decided: {
        readonly document: DocumentId;
        readonly applied: number;
        readonly rejected: number;
        readonly sentence: string | null;
      };
    }
  /** A change was not accepted; its bytes are kept aside on the device. */
  | { readonly Refused: { readonly document: DocumentId; readonly code: string; readonly sentence: string } }
  /** Work was written again on the hub's document, as so many new changes. */
  | { readonly Replayed: { readonly document: DocumentId; readonly changes: number } }
  /** The document was erased by decision; its readable copy is gone. */
  | { readonly Erased: { readonly document: DocumentId } }
  /** Two values of so many fields stand side by side. */
  | { readonly Conflict: { readonly document: DocumentId; readonly fields: number } }
  /** A stored or received document could not be read; it was asked for whole. */
  | { readonly Unreadable: { readonly document: DocumentId } }
  /** What a colleague recorded on this device was not taken over; it comes with the feed. */
  | { readonly NotTaken: { readonly document: DocumentId; readonly reason: string } }
  /** What hub and device hold in a channel differed; it was compared and so many documents asked for again. */
  | { readonly Repaired: { readonly channel: Channel; readonly documents: number } }
  /** What hub and device hold still differs after a repair. */
  | { readonly Differs: { readonly channel: Channel } }
  /** A channel is no longer in the user's scope. */
  | { readonly ChannelClosed: { readonly channel: Channel } }
  /** The hub saw this store twice; both go on under actors of their own. */
  | "CloneSeen"
  /** The hub lost what it had receipted, or another log goes on in its place: so many kept parcels are given back. */
  | { readonly GivingBack: { readonly parcels: number } }
  /** The lease stands differently from now on. */
  | { readonly Standing: { readonly standing: LeaseStanding } }
  /** The user vouches for a key with this fingerprint; the hub is told with the next exchange. */
  | { readonly Vouched: { readonly fingerprint: Fingerprint } }
  | { readonly NotVouched: { readonly reason: string } }
  /** Everything here will be erased once the hub has all of it; recording and sending go on until then. */
  | "WipeOrdered"
  /** The order to erase was called off. */
  | "WipeCalledOff"
  /** Everything was erased by order of the hub. */
  | { readonly Wiped: { readonly when: WipeWhen } }
  /** The hub gave this device no feed: it can only send. */
  | "PushOnly"
  /** The exchange is over: nothing is left to send or to read. */
  | { readonly Synced: Synced }
  /** The exchange ended early. What was not receipted is kept and sent again. */
  | { readonly SyncFailed: { readonly reason: string } }
  /** Nothing was exported. */
  | { readonly NotExported: { readonly reason: string } }
  /** A return file was read: what the hub said in it. */
  | { readonly CourierTaken: Synced }
  /** A return file was not taken; nothing was changed. */
  | { readonly CourierRefused: { readonly reason: string } }
  /**
   * Courier files of this device that have not come to the hub, as first and last number of each run. What was in them has
   * travelled again with those after, as far as it had no receipt.
   */
  | { readonly CourierMissing: { readonly numbers: readonly (readonly [number, number])[] } }
  /** The event was not taken: something else is under way. */
  | "Busy";
