/**
 * The keys of one user of this device. A random *data key* seals everything that is theirs; it stands wrapped (AES-KW)
 * under the key of the passphrase. Beside it a *door*: a P-256 pair whose public half is in clear, so that colleagues
 * on the same device can leave what they recorded tonight while nobody else is working; its secret half is sealed
 * under the data key. Owns making and opening them. Nothing here is written anywhere; `store/record.ts` keeps it.
 */
import { plainBytes } from "./bytes.js";
import type { Bytes } from "./bytes.js";
import { deriveKey, newDerivation } from "./passphrase.js";
import type { Derivation } from "./argon2.js";
import { openValue, sealValue } from "./seal.js";

const DATA_KEY: AesKeyGenParams = { name: "AES-GCM", length: 256 };
const DOOR: EcKeyGenParams = { name: "ECDH", namedCurve: "P-256" };
const DOOR_NAME = "door";

/** A data key as it is stored: useless without the passphrase. */
export interface WrappedKey {
  readonly derivation: Derivation;
  readonly wrapped: Bytes;
}

/** A user's keys as they are stored. */
export interface StoredKeys {
  readonly data: WrappedKey;
  /** The door's public half: an uncompressed point. */
  readonly door: Bytes;
  /** Its secret half, sealed under the data key. */
  readonly doorSecret: Bytes;
}

/** A user's keys while they work. WebCrypto gives none of them out. */
export interface OpenKeys {
  readonly data: CryptoKey;
  readonly door: CryptoKey;
  /** Wraps the data key anew, for a PIN or another passphrase. */
  readonly wrap: (secret: string, derivation: Derivation) => Promise<WrappedKey>;
}

/** Makes the keys of a new user. */
export async function createKeys(passphrase: string): Promise<{ stored: StoredKeys; open: OpenKeys }> {
  const derivation = newDerivation();
  const wrapping = await deriveKey(passphrase, derivation);
  const fresh = await crypto.subtle.generateKey(DATA_KEY, true, ["encrypt", "decrypt"]);
  const wrapped = new Uint8Array(await crypto.subtle.wrapKey("raw", fresh, wrapping, "AES-KW"));
  const pair = await crypto.subtle.generateKey(DOOR, true, ["deriveBits"]);
  const door = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const secret = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const doorSecret = await sealValue(fresh, DOOR_NAME, secret);
  secret.fill(0);
  const stored = { data: { derivation, wrapped }, door, doorSecret };
  return { stored, open: await openWith(wrapping, stored) };
}

/** Opens a user's keys; null when the passphrase is another. */
export async function openKeys(stored: StoredKeys, passphrase: string): Promise<OpenKeys | null> {
  const wrapping = await deriveKey(passphrase, stored.data.derivation);
  return openWith(wrapping, stored).catch(() => null);
}

async function openWith(wrapping: CryptoKey, stored: StoredKeys): Promise<OpenKeys> {
  const unwrap = (extractable: boolean): Promise<CryptoKey> => {
    const bytes = plainBytes(stored.data.wrapped);
    return crypto.subtle.unwrapKey("raw", bytes, wrapping, "AES-KW", DATA_KEY, extractable, ["encrypt", "decrypt"]);
  };
  const data = await unwrap(false);
  const secret = await openValue(data, DOOR_NAME, stored.doorSecret);
  const door = await crypto.subtle.importKey("pkcs8", secret, DOOR, false, ["deriveBits"]);
  secret.fill(0);
  const wrap = async (with_: string, derivation: Derivation): Promise<WrappedKey> => {
    const other = await deriveKey(with_, derivation);
    const readable = await unwrap(true);
    return { derivation, wrapped: new Uint8Array(await crypto.subtle.wrapKey("raw", readable, other, "AES-KW")) };
  };
  return { data, door, wrap };
}
