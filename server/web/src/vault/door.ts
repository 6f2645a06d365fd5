/**
 * Leaving something for colleagues of the same device: sealed once under a fresh key, and that key for each of them
 * (ephemeral P-256 ECDH, HKDF-SHA256, AES-256-GCM). Only who unlocks as one of them opens it. Owns this small form;
 * what is sealed for the hub is HPKE in the sync protocol, not this.
 */
import { plainBytes, randomBytes, utf8 } from "./bytes.js";
import type { Bytes } from "./bytes.js";
import type { OpenKeys } from "./keys.js";
import { openValue, sealValue } from "./seal.js";

const DOOR: EcKeyImportParams = { name: "ECDH", namedCurve: "P-256" };
const INFO = utf8("segin app door");
const KEY_BYTES = 32;

/** Something left for colleagues. */
export interface Left {
  /** The ephemeral public key. */
  readonly point: Bytes;
  /** By recipient: the key of `sealed`, sealed for them. */
  readonly keys: Readonly<Record<string, Bytes>>;
  readonly sealed: Bytes;
}

async function shared(secret: CryptoKey, point: CryptoKey, salt: Bytes): Promise<CryptoKey> {
  const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: point }, secret, 256);
  const base = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info: INFO };
  return crypto.subtle.deriveKey(hkdf, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

function importKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Seals for the recipients with these doors. */
export async function leaveFor(doors: ReadonlyMap<string, Uint8Array>, plain: Uint8Array): Promise<Left> {
  const pair = await crypto.subtle.generateKey(DOOR, false, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const raw = randomBytes(KEY_BYTES);
  const keys: Record<string, Bytes> = {};
  for (const [recipient, door] of doors) {
    const theirs = await crypto.subtle.importKey("raw", plainBytes(door), DOOR, false, []);
    keys[recipient] = await sealValue(await shared(pair.privateKey, theirs, point), recipient, raw);
  }
  const sealed = await sealValue(await importKey(raw), "left", plain);
  raw.fill(0);
  return { point, keys, sealed };
}

/** Opens what was left for a recipient; null when it was not left for them. Throws when it is damaged. */
export async function takeLeft(recipient: string, keys: OpenKeys, left: Left): Promise<Bytes | null> {
  const mine = left.keys[recipient];
  if (mine === undefined) return null;
  const point = await crypto.subtle.importKey("raw", plainBytes(left.point), DOOR, false, []);
  const raw = await openValue(await shared(keys.door, point, plainBytes(left.point)), recipient, mine);
  const opened = await openValue(await importKey(raw), "left", left.sealed);
  raw.fill(0);
  return opened;
}
