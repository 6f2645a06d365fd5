/**
 * Identifiers: texts that the type system tells apart, so that a user is never passed where a document is meant.
 *
 * Each type has a companion of the same name, which is its codec (a CBOR byte string, or text) and reads and checks it:
 * `DocumentId.parse(text)`, `DocumentId.fromBytes(bytes)`, `DocumentId.toBytes(id)`. What is secret stays bytes.
 * Refuses to make identifiers up: random bytes come in as arguments. Keys and signatures are in `crypto.ts`.
 */
import { concat, equalBytes, fromHex, toHex } from "./bytes.js";
import { fixedBytes, i64, mapped, text, u64, type Codec } from "./wire/cbor.js";
import { CodecError } from "./wire/error.js";

declare const ID: unique symbol;

/** A text that was checked to be an identifier of one kind. */
export type Id<Name extends string> = string & { readonly [ID]: Name };

/** A text that is not an identifier of the wanted kind. */
export class ParseIdError extends Error {
  override readonly name = "ParseIdError";

  constructor(
    /** What was to be read, e.g. `document id`. */
    readonly what: string,
    /** The text as found, cut to 64 characters. */
    readonly text: string,
    /** What would have been right. */
    readonly wanted: string,
  ) {
    super(`'${text}' is not a ${what}: ${wanted}`);
  }
}

const short = (text: string): string => Array.from(text).slice(0, 64).join("");

/** Reads and checks an identifier of fixed-size bytes. */
export interface ByteId<T extends string> extends Codec<T> {
  /** How many bytes it has. */
  readonly LEN: number;
  /** From its text. Throws {@link ParseIdError}. */
  parse(text: string): T;
  /** From its bytes, as they stand on wire and disk. Throws `RangeError` when the length differs. */
  fromBytes(bytes: Uint8Array): T;
  /** From bytes of which the length is not known; `null` when it differs. */
  fromSlice(bytes: Uint8Array): T | null;
  /** Its bytes, as they stand on wire and disk. */
  toBytes(id: T): Uint8Array;
}

function byteId<Name extends string>(LEN: number, show: (bytes: Uint8Array) => string, parse: (text: string) => string) {
  type T = Id<Name>;
  // The only places where a text becomes an identifier: it was checked, or made from as many bytes as it must have.
  const toBytes = (id: T): Uint8Array => fromHex(id.replaceAll("-", ""));
  const fromBytes = (bytes: Uint8Array): T => {
    if (bytes.length !== LEN) throw new RangeError(`${bytes.length} bytes where there must be ${LEN}`);
    return show(bytes) as T;
  };
  const companion: ByteId<T> = {
    LEN,
    ...mapped(fixedBytes(LEN), toBytes, fromBytes),
    parse: (text) => parse(text) as T,
    fromBytes,
    fromSlice: (bytes) => (bytes.length === LEN ? fromBytes(bytes) : null),
    toBytes,
  };
  return companion;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function uuid<Name extends string>(what: string): ByteId<Id<Name>> {
  const show = (bytes: Uint8Array): string => toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return byteId<Name>(16, show, (text) => {
    const found = text.toLowerCase();
    if (UUID.test(found)) return found;
    throw new ParseIdError(what, short(text), "a UUID such as 0f8fad5b-d9cb-469f-a165-70867728950e");
  });
}

function hex<Name extends string>(what: string, length: number): ByteId<Id<Name>> {
  return byteId<Name>(length, toHex, (text) => {
    if (text.length === length * 2 && /^[0-9a-f]*$/.test(text)) return text;
    throw new ParseIdError(what, short(text), `${length} bytes in lower-case hexadecimal`);
  });
}

/** One Automerge document: a UUID. */
export type DocumentId = Id<"DocumentId">;
export const DocumentId = uuid<"DocumentId">("document id");

/** One device's store: a UUID, drawn when the store is made. */
export type InstallationId = Id<"InstallationId">;
export const InstallationId = uuid<"InstallationId">("installation id");

/** One person who works with the system: a UUID. */
export type UserId = Id<"UserId">;
export const UserId = uuid<"UserId">("user id");

/** Which log: a restored one continues under a new id that names its parent. */
export type LogId = Id<"LogId">;
export const LogId = uuid<"LogId">("log id");

/** The first eight bytes of every actor id that a lease may write under. */
export type ActorPrefix = Id<"ActorPrefix">;
export const ActorPrefix = hex<"ActorPrefix">("actor prefix", 8);

/** An Automerge actor: a lease's prefix and eight random bytes. */
export type Actor = Id<"Actor">;
const actor = hex<"Actor">("actor", 16);
export const Actor = {
  ...actor,
  /** The actor of a lease's prefix and eight random bytes. */
  fromParts: (prefix: ActorPrefix, random: Uint8Array): Actor =>
    actor.fromBytes(concat(ActorPrefix.toBytes(prefix), random)),
  /** The lease's part. */
  prefix: (id: Actor): ActorPrefix => ActorPrefix.fromBytes(actor.toBytes(id).subarray(0, ActorPrefix.LEN)),
};

/** The SHA-256 that identifies one Automerge change. */
export type ChangeHash = Id<"ChangeHash">;
export const ChangeHash = hex<"ChangeHash">("change hash", 32);

/** A SHA-256 over something of ours: a manifest, a chain link, a commitment. */
export type Hash = Id<"Hash">;
export const Hash = hex<"Hash">("hash", 32);

/** The first eight bytes of a log's chain hash: by them two sides see whether they mean the same log. */
export type ChainTag = Id<"ChainTag">;
const chainTag = hex<"ChainTag">("chain tag", 8);
export const ChainTag = {
  ...chainTag,
  /** The tag of a chain hash. */
  of: (chain: Hash): ChainTag => chainTag.fromBytes(Hash.toBytes(chain).subarray(0, chainTag.LEN)),
};

/** The start of a hash of a hub's key: which hub a file is for. */
export type HubTag = Id<"HubTag">;
export const HubTag = hex<"HubTag">("hub tag", 8);

/** Random bytes that keep a commitment from being guessed; a feed token has this form too. 16 bytes. */
export type Salt = Uint8Array;
export const Salt = { LEN: 16, ...fixedBytes(16) };

/** 96 random bits on a printed card; who shows them may work on that case. 12 bytes, in no log. */
export type CardToken = Uint8Array;
export const CardToken = { LEN: 12, ...fixedBytes(12), equals: equalBytes };

/** The number that the log gives an entry: 1 for the first, then without gaps. */
export type Position = number;
export const Position = {
  ...u64,
  /** Before the first entry. */
  START: 0,
  /** The position after this one. */
  next: (position: Position): Position => Math.min(position + 1, Number.MAX_SAFE_INTEGER),
};

/** A moment: milliseconds since 1970-01-01 UTC. May be before 1970 where a clock is wrong. */
export type Millis = number;
export const Millis = {
  ...i64,
  /** One day in milliseconds. */
  DAY: 86_400_000,
  /** This moment and `ms` milliseconds. */
  plus: (moment: Millis, ms: number): Millis =>
    Math.max(Number.MIN_SAFE_INTEGER, Math.min(moment + ms, Number.MAX_SAFE_INTEGER)),
};

/** Reads and checks a code that is text. */
export interface TextId<T extends string> extends Codec<T> {
  /** From its text. Throws {@link ParseIdError}. */
  parse(text: string): T;
}

function textId<Name extends string>(what: string, form: RegExp, wanted: string): TextId<Id<Name>> {
  const fits = (found: string): found is Id<Name> => form.test(found);
  const parse = (found: string): Id<Name> => {
    if (fits(found)) return found;
    throw new ParseIdError(what, short(found), wanted);
  };
  const read = (found: string): Id<Name> => {
    if (fits(found)) return found;
    throw CodecError.body(`not a ${what}`);
  };
  return { ...mapped<Id<Name>, string>(text, (id) => id, read), parse };
}

/** A site's code: two to four capital letters, e.g. `GOG`. Stands on cards and names a site's channel. */
export type SiteCode = Id<"SiteCode">;
export const SiteCode = textId<"SiteCode">("site code", /^[A-Z]{2,4}$/, "two to four letters A to Z such as GOG");

/** A partner's code: two to eight capital letters and digits, the first a letter, e.g. `OIM`. Names its channel. */
export type PartnerCode = Id<"PartnerCode">;
export const PartnerCode = textId<"PartnerCode">(
  "partner code",
  /^[A-Z][A-Z0-9]{1,7}$/,
  "two to eight capitals or digits, the first a letter, such as OIM",
);

/** A channel: an ordered view of the log for one scope, e.g. `site/GOG`. At most 24 bytes. */
export type Channel = Id<"Channel">;
const channel = textId<"Channel">("channel", /^[A-Za-z0-9/-]{1,24}$/, "a name such as site/GOG");

/** The code in a channel's name; `null` when it is of another kind, or no code. */
function codeOf<T extends string>(codec: TextId<T>, kind: string, name: Channel): T | null {
  if (!name.startsWith(kind)) return null;
  try {
    return codec.parse(name.slice(kind.length));
  } catch (error) {
    if (error instanceof ParseIdError) return null;
    throw error;
  }
}

export const Channel = {
  ...channel,
  /** Bytes of a channel's name: the kind of scope, a slash, a code. */
  BYTES_MAX: 24,
  /** The channel of a site. */
  site: (site: SiteCode): Channel => channel.parse(`site/${site}`),
  /** The channel of a partner: the referrals made to it. */
  partner: (partner: PartnerCode): Channel => channel.parse(`partner/${partner}`),
  /** The channel of what is assigned to a user: the first eight bytes of the id tell users apart. */
  user: (user: UserId): Channel => channel.parse(`user/${toHex(UserId.toBytes(user).subarray(0, 8))}`),
  /** The channel of the protection officers' annexes. */
  protection: (): Channel => channel.parse("annex/protection"),
  /** The channel of the health officers' annexes. */
  health: (): Channel => channel.parse("annex/health"),
  /** The site whose channel it is, if it is a site's. */
  siteCode: (name: Channel): SiteCode | null => codeOf(SiteCode, "site/", name),
  /** The partner whose channel it is, if it is a partner's. */
  partnerCode: (name: Channel): PartnerCode | null => codeOf(PartnerCode, "partner/", name),
};
