/**
 * Courier: an exchange without a network. Sealed work goes to the hub in a file, a sealed answer comes back in one.
 *
 * A {@link CourierFile} holds a part for each lease of the device that has something to send: its sealed parcels, and an
 * {@link Ask} sealed to the hub: the request that would have gone with them (token, cursor, budget), the number of this
 * file in the device's series, and the key to which the answer is sealed. A {@link ReturnFile} holds a {@link Reply} for
 * each part: the ordinary signed answer. On the way nobody reads anything but which leases are meant and how many parcels
 * there are.
 *
 * What belongs together cannot be put together otherwise: an ask opens only with the parcels, in the file and at the place
 * that it was made for, a reply only for its part and beside the others of its file. The files' own form is in
 * `carried.ts`.
 */
import { u16Bytes, utf8 } from "../bytes.js";
import { hash, hashBytes, type PublicKey } from "../crypto.js";
import { ActorPrefix, Hash, HubTag, Salt } from "../ids.js";
import { COURIER_MISSING_MAX, COURIER_PARCELS_MAX, COURIER_PARTS_MAX } from "../limits.js";
import { SealingError, SealingPublic, type SealingKey } from "../sealing.js";
import { CourierError, fromFile, toFile } from "./carried.js";
import { list, option, pair, struct, u64, type Codec } from "./cbor.js";
import { CodecError, fromCbor, Raw, toCbor } from "./codec.js";
import { ExchangeRequest } from "./exchange.js";
import { Parcel } from "./parcel.js";

export { CARRIED_HEADS, CourierError, type Carried } from "./carried.js";

/** Which hub a file is for: says so without naming its key. */
export function hubTag(hub: PublicKey): HubTag {
  return HubTag.fromBytes(hashBytes("courier", [utf8("hub"), hub]).subarray(0, HubTag.LEN));
}

/** Where a part stands: the file's id, which part (from 0), of how many. */
export interface Place {
  readonly file: Salt;
  readonly index: number;
  readonly of: number;
}

/** What a device asks for. Only the hub reads it. */
export interface Ask {
  /** Drawn once for each store: whose files are numbered together. */
  readonly series: Salt;
  /** The number of this file in its series, from 1. */
  readonly number: number;
  /** The hash of this series' part before; null: the first. */
  readonly before: Hash | null;
  /** The answer is sealed to it. */
  readonly replyTo: SealingPublic;
  /** The request that belongs to the parcels, without them. */
  readonly request: ExchangeRequest;
}

export const Ask = struct<Ask>({
  series: Salt,
  number: u64,
  before: option(Hash),
  replyTo: SealingPublic,
  request: ExchangeRequest,
});

/** What one lease sends. */
export interface CourierPart {
  /** Whose work it is. */
  readonly lease: ActorPrefix;
  /** Work, oldest first, all of it sealed to the hub. */
  readonly parcels: readonly Parcel[];
  /** An {@link Ask}, sealed to the hub for these parcels at this place. */
  readonly ask: Raw;
}

const courierPart = struct<CourierPart>({ lease: ActorPrefix, parcels: list(Parcel), ask: Raw });

export const CourierPart = {
  ...courierPart,
  /** Puts an ask beside its parcels. `draw`: 32 fresh random bytes, used for nothing else. Throws `CryptoError`. */
  async seal(
    place: Place,
    lease: ActorPrefix,
    parcels: readonly Parcel[],
    ask: Ask,
    hub: SealingPublic,
    draw: Uint8Array,
  ): Promise<CourierPart> {
    const sealed = await SealingPublic.seal(hub, toCbor(Ask, ask), askedAt(place, lease, parcels), draw);
    return { lease, parcels, ask: sealed };
  },
  /** Opens the ask of a part that stands here, for hubs and tests. Throws {@link CourierError}. */
  async open(part: CourierPart, place: Place, hub: SealingKey): Promise<Ask> {
    const ask = await unsealed(Ask, place.index, () => hub.open(part.ask, askedAt(place, part.lease, part.parcels)));
    const fits = ask.request.lease === part.lease && ask.request.parcels.length === 0 && ask.number > 0;
    if (!fits) throw inside(place.index, "it asks for something else");
    return ask;
  },
  /** The identity of this part. */
  hash: (part: CourierPart): Hash => hash("courier", [utf8("part"), toCbor(courierPart, part)]),
};

/** What an ask is sealed for. */
function askedAt(place: Place, lease: ActorPrefix, parcels: readonly Parcel[]): Hash {
  const carried = hashBytes("courier", [utf8("parcels"), toCbor(list(Parcel), parcels)]);
  const at = [place.file, u16Bytes(place.index), u16Bytes(place.of)];
  return hash("courier", [utf8("ask"), ...at, ActorPrefix.toBytes(lease), carried]);
}

/** What goes to the hub. */
export interface CourierFile {
  /** For which hub. */
  readonly hub: HubTag;
  /** Drawn for this file: its parts belong together. */
  readonly id: Salt;
  /** One for each lease. */
  readonly parts: readonly CourierPart[];
}

const courierFile = struct<CourierFile>({ hub: HubTag, id: Salt, parts: list(CourierPart) });

export const CourierFile = {
  ...courierFile,
  /** The file's bytes. */
  toBytes: (file: CourierFile): Uint8Array => toFile("courier", courierFile, file),
  /** Reads a file, and says its hash. Throws {@link CourierError}. */
  fromBytes(bytes: Uint8Array): { readonly file: CourierFile; readonly hash: Hash } {
    const { message: file, hash } = fromFile("courier", courierFile, bytes);
    atMost("parts", file.parts.length, COURIER_PARTS_MAX);
    const parcels = file.parts.flatMap((part) => part.parcels);
    atMost("parcels", parcels.length, COURIER_PARCELS_MAX);
    if (parcels.some((parcel) => parcel.contents.is !== "sealed")) {
      const what = "the file holds a parcel that is not sealed; work travels by courier only sealed: export it again";
      throw new CourierError("courier-plain", what);
    }
    return { file, hash };
  },
};

/** What the hub says of one part. Only the device reads it. */
export interface Reply {
  /** The number of the file. */
  readonly number: number;
  /** Numbers of the series that have not arrived, as first and last of each run. */
  readonly missing: readonly (readonly [number, number])[];
  /** The answer's frame, as it would have come over the network. */
  readonly answer: Raw;
}

export const Reply = struct<Reply>({ number: u64, missing: list(pair(u64, u64)), answer: Raw });

/** What one lease is answered. */
export interface ReturnPart {
  /** Whose work was sent. */
  readonly lease: ActorPrefix;
  /** The hash of the part that is answered. */
  readonly part: Hash;
  /** A {@link Reply}, sealed to the key that the part named. */
  readonly reply: Raw;
}

export const ReturnPart = {
  ...struct<ReturnPart>({ lease: ActorPrefix, part: Hash, reply: Raw }),
  /**
   * Seals a reply to the part that stands at this place, for hubs and tests. `courier`: the hash of its file.
   * `draw`: 32 fresh random bytes. Throws `CryptoError`.
   */
  async seal(
    at: { readonly courier: Hash; readonly index: number; readonly of: number },
    part: CourierPart,
    reply: Reply,
    replyTo: SealingPublic,
    draw: Uint8Array,
  ): Promise<ReturnPart> {
    const answered = { lease: part.lease, part: CourierPart.hash(part) };
    const sealed = await SealingPublic.seal(replyTo, toCbor(Reply, reply), repliedAt(at, answered), draw);
    return { ...answered, reply: sealed };
  },
};

/** What a reply is sealed for. */
function repliedAt(
  { courier, index, of }: { readonly courier: Hash; readonly index: number; readonly of: number },
  { lease, part }: Pick<ReturnPart, "lease" | "part">,
): Hash {
  const at = [Hash.toBytes(courier), u16Bytes(index), u16Bytes(of)];
  return hash("courier", [utf8("reply"), ...at, ActorPrefix.toBytes(lease), Hash.toBytes(part)]);
}

/** What comes back. */
export interface ReturnFile {
  /** The hash of the courier file that it answers. */
  readonly courier: Hash;
  /** One for each of its parts, in their order. */
  readonly parts: readonly ReturnPart[];
}

const returnFile = struct<ReturnFile>({ courier: Hash, parts: list(ReturnPart) });

export const ReturnFile = {
  ...returnFile,
  /** The file's bytes. */
  toBytes: (file: ReturnFile): Uint8Array => toFile("return", returnFile, file),
  /** Reads a file. Throws {@link CourierError}. */
  fromBytes(bytes: Uint8Array): ReturnFile {
    const { message: file } = fromFile("return", returnFile, bytes);
    atMost("parts", file.parts.length, COURIER_PARTS_MAX);
    return file;
  },
  /** Opens the reply at this index with the device's key. Throws {@link CourierError}. */
  async open(file: ReturnFile, index: number, key: SealingKey): Promise<Reply> {
    const part = file.parts[index];
    if (part === undefined) throw recombined(index);
    const at = repliedAt({ courier: file.courier, index, of: file.parts.length }, part);
    const reply = await unsealed(Reply, index, () => key.open(part.reply, at));
    atMost("missing numbers", reply.missing.length, COURIER_MISSING_MAX);
    return reply;
  },
};

async function unsealed<T>(codec: Codec<T>, index: number, open: () => Promise<Uint8Array>): Promise<T> {
  try {
    return fromCbor(codec, await open());
  } catch (error) {
    if (error instanceof SealingError) throw recombined(index);
    if (error instanceof CodecError) throw inside(index, error.message);
    throw error;
  }
}

function recombined(index: number): CourierError {
  const what = `part ${index} of the file does not belong to the others: bring each file as its device made it`;
  return new CourierError("courier-recombined", what);
}

function inside(index: number, what: string): CourierError {
  return new CourierError("courier-inside", `part ${index} of the file cannot be read: ${what}`);
}

function atMost(what: string, found: number, max: number): void {
  if (found <= max) return;
  throw new CourierError("courier-too-many", `the file holds ${found} ${what}, at most ${max} are accepted`);
}
