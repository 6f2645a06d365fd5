/**
 * The configuration: sites, code lists, places and constants, in one versioned blob that the hub signs.
 *
 * Not a document: it is replaced as a whole by a newer version. Devices take it only with the hub's signature. A code that
 * it does not list is still kept where it was written.
 */
import { equalBytes } from "../bytes.js";
import { CryptoError, PublicKey, Signature } from "../crypto.js";
import type { SecretKey } from "../crypto.js";
import { SiteCode } from "../ids.js";
import { CONFIGURATION_BYTES_MAX } from "../limits.js";
import { bytes, list, map, struct, text, u16, u64, u8 } from "../wire/cbor.js";
import { CodecError, fromCbor, toCbor } from "../wire/codec.js";
import { constants } from "./constant.js";
import { KIND_CODES } from "./types.js";
import type { Configuration, Item, Kind, Place } from "./types.js";

interface Site {
  readonly code: SiteCode;
  readonly name: string;
}

/** A configuration with what people do not read. */
interface Body extends Omit<Configuration, "lists" | "sites"> {
  readonly sites: readonly Site[];
  readonly lists: ReadonlyMap<string, readonly Item[]>;
  /** The constants of each kind's number, the oldest schema version first. */
  readonly constants: ReadonlyMap<number, readonly Uint8Array[]>;
}

const Body = struct<Body>({
  version: u64,
  sites: list(struct<Site>({ code: SiteCode, name: text })),
  lists: map(text, list(struct<Item>({ code: text, fr: text, en: text, also: list(text) }))),
  places: list(struct<Place>({ code: text, scheme: text, vintage: u16, name: text })),
  constants: map(u8, list(bytes)),
});

/** Why a configuration is not taken. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(
    readonly code: "configuration-too-large" | "configuration-signature" | "configuration-form" | "configuration-constants",
    message: string,
  ) {
    super(message);
  }
}

const KINDS: readonly Kind[] = ["case", "movement", "household", "annex", "link", "referral"];

function checkConstants(theirs: Body["constants"]): void {
  for (const kind of KINDS) {
    const found = theirs.get(KIND_CODES[kind]) ?? [];
    // A newer hub may know more versions, never other ones.
    const same = constants(kind).every(({ bytes }, at) => equalBytes(bytes, found[at] ?? new Uint8Array()));
    if (same) continue;
    const what = `the configuration's constants for ${kind} are not those of this program: they never change`;
    throw new ConfigurationError("configuration-constants", what);
  }
}

/** A configuration as it travels: the bytes that were signed, and the hub's signature. */
export interface SignedConfiguration {
  /** The encoded configuration. */
  readonly body: Uint8Array;
  /** Over the body, for configurations. */
  readonly signature: Signature;
}

export const SignedConfiguration = {
  ...struct<SignedConfiguration>({ body: bytes, signature: Signature }),
  /** Signs a configuration with the constants of this program, as a hub does; for tests. */
  sign({ version, sites, lists, places }: Configuration, hub: SecretKey): SignedConfiguration {
    const ours = new Map(KINDS.map((kind) => [KIND_CODES[kind], constants(kind).map((constant) => constant.bytes)]));
    const checked = sites.map(({ code, name }) => ({ code: SiteCode.parse(code), name }));
    const body = toCbor(Body, { version, sites: checked, lists: new Map(Object.entries(lists)), places, constants: ours });
    return { body, signature: hub.sign("configuration", body) };
  },
  /** Reads the configuration, if this hub signed it. Throws {@link ConfigurationError}. */
  verify({ body, signature }: SignedConfiguration, hub: PublicKey): Configuration {
    if (body.length > CONFIGURATION_BYTES_MAX) {
      const what = `the configuration has more than ${CONFIGURATION_BYTES_MAX} bytes`;
      throw new ConfigurationError("configuration-too-large", what);
    }
    try {
      PublicKey.verify(hub, "configuration", body, signature);
      const { version, sites, lists, places, constants } = fromCbor(Body, body);
      checkConstants(constants);
      return { version, sites, lists: Object.fromEntries(lists), places };
    } catch (error) {
      if (error instanceof CryptoError) {
        const what = `the configuration is not signed by this hub: ${error.message}`;
        throw new ConfigurationError("configuration-signature", what);
      }
      if (error instanceof CodecError) {
        const what = "the configuration cannot be read: it may come from a newer hub; update this program";
        throw new ConfigurationError("configuration-form", what);
      }
      throw error;
    }
  },
};

/** Letters and digits alone, small, without accents. */
function folded(word: string): string {
  const letters = [...word.normalize("NFD")].map((letter) => letter.toLowerCase()).join("");
  return letters.replace(/\p{M}/gu, "").replace(/[^\p{Alphabetic}\p{N}]/gu, "");
}

/** The code that a clerk's word means in a list: case, accents, spaces and known other spellings do not matter. */
export function codeOf(configuration: Configuration, name: string, word: string): string | undefined {
  const wanted = folded(word);
  if (wanted === "") return undefined;
  const same = (item: Item): boolean =>
    [item.code, item.fr, item.en, ...item.also].some((text) => folded(text) === wanted);
  return configuration.lists[name]?.find(same)?.code;
}

/** One code of a list, with its names. */
export function itemOf(configuration: Configuration, name: string, code: string): Item | undefined {
  return configuration.lists[name]?.find((item) => item.code === code);
}

/** The places with this name, in any list and vintage: codes collide, so the caller chooses. */
export function placesNamed(configuration: Configuration, name: string): Place[] {
  const wanted = folded(name);
  return wanted === "" ? [] : configuration.places.filter((place) => folded(place.name) === wanted);
}
