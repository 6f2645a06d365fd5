/**
 * Sealing: what only the hub can open, whoever carries it.
 *
 * HPKE (RFC 9180) in base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. `info` is the purpose's text, the
 * associated data is the hash of the parcel's manifest, so that contents cannot be moved to another parcel. What is
 * sealed is a length (four bytes, big-endian), the contents, and zeros up to a multiple of {@link SEALED_STEP_BYTES}: its
 * size says little of what was written. It is not compressed. The ephemeral key is derived from 32 bytes of the caller's
 * (DeriveKeyPair), so the same draw gives the same bytes, and those of the Rust crate's `sealing`. Who signed what was
 * sealed is the manifest's matter (`wire/parcel.ts`). Needs WebCrypto, which browsers have on secure pages only.
 */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";
import { p256 } from "@noble/curves/nist.js";

import { concat, u32Bytes } from "./bytes.js";
import { PublicKey, purposePrefix, SecretKey } from "./crypto.js";
import { Hash } from "./ids.js";
import { SEALED_BYTES_MAX, SEALED_STEP_BYTES } from "./limits.js";

/** Bytes of an encapsulated key: an uncompressed point, as RFC 9180 writes it. */
export const ENCAPSULATED_KEY_BYTES = 65;
/** Bytes in front of the contents: their length. */
const LENGTH_BYTES = 4;
/** Bytes that AES-GCM adds. */
const TAG_BYTES = 16;
/** Bytes that an ephemeral key is derived from. */
const DRAW_BYTES = 32;

const SUITE = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** Why something was not opened. Whether the key is another or a byte was changed cannot be seen. */
export class SealingError extends Error {
  override readonly name = "SealingError";

  constructor(readonly code: "open" | "form") {
    super(
      code === "open"
        ? "it was sealed to another hub's key, or damaged since"
        : "what was sealed does not have the expected form",
    );
  }
}

/** The hub's public half: 33 bytes, compressed SEC1. Checked to be on the curve when it is used. */
export type SealingPublic = Uint8Array;

export const SealingPublic = {
  LEN: PublicKey.LEN,
  write: PublicKey.write,
  read: PublicKey.read,
  /** Checks that the bytes are a key at all. Throws `CryptoError`. */
  check: PublicKey.check,
  /**
   * Seals contents for the parcel with this manifest hash: the encapsulated key ({@link ENCAPSULATED_KEY_BYTES}) and the
   * ciphertext behind it. `draw`: 32 fresh random bytes, used for nothing else. Throws `CryptoError` when this is no key.
   */
  async seal(key: SealingPublic, contents: Uint8Array, manifest: Hash, draw: Uint8Array): Promise<Uint8Array> {
    PublicKey.check(key);
    if (draw.length !== DRAW_BYTES) throw new RangeError(`${draw.length} bytes drawn where there must be ${DRAW_BYTES}`);
    const recipientPublicKey = await SUITE.kem.deserializePublicKey(p256.Point.fromBytes(key).toBytes(false));
    // The library's own draw would be as good; the caller's makes the whole device repeatable.
    const ekm = await SUITE.kem.deriveKeyPair(draw);
    const params = { recipientPublicKey, ekm, info: purposePrefix("sealing") };
    const { enc, ct } = await SUITE.seal(params, pad(contents), Hash.toBytes(manifest));
    return concat(new Uint8Array(enc), new Uint8Array(ct));
  },
};

/** The hub's secret half, for hubs and tests: no device has one. Not printable: its bytes are in no property. */
export class SealingKey {
  readonly #key: SecretKey;

  private constructor(key: SecretKey) {
    this.#key = key;
  }

  /** From 32 random bytes. Throws `CryptoError` for zero or a number beyond the curve's order: draw again. */
  static fromBytes(bytes: Uint8Array): SealingKey {
    return new SealingKey(SecretKey.fromBytes(bytes));
  }

  /** The public key that belongs to it. */
  public(): SealingPublic {
    return this.#key.public();
  }

  /** Opens what `SealingPublic.seal` made for the parcel with this manifest hash. Throws {@link SealingError}. */
  async open(sealed: Uint8Array, manifest: Hash): Promise<Uint8Array> {
    const least = ENCAPSULATED_KEY_BYTES + SEALED_STEP_BYTES + TAG_BYTES;
    if (sealed.length < least || sealed.length > SEALED_BYTES_MAX) throw new SealingError("form");
    const enc = sealed.slice(0, ENCAPSULATED_KEY_BYTES);
    let padded: ArrayBuffer;
    try {
      const recipientKey = await SUITE.kem.deserializePrivateKey(this.#key.toBytes());
      const params = { recipientKey, enc, info: purposePrefix("sealing") };
      padded = await SUITE.open(params, sealed.slice(ENCAPSULATED_KEY_BYTES), Hash.toBytes(manifest));
    } catch {
      throw new SealingError("open");
    }
    const contents = unpad(new Uint8Array(padded));
    if (contents === null) throw new SealingError("form");
    return contents;
  }
}

/** Length, contents, zeros. */
export function pad(contents: Uint8Array): Uint8Array {
  const end = LENGTH_BYTES + contents.length;
  const text = new Uint8Array(Math.ceil(end / SEALED_STEP_BYTES) * SEALED_STEP_BYTES);
  text.set(u32Bytes(contents.length));
  text.set(contents, LENGTH_BYTES);
  return text;
}

/** The contents; `null` when the text is padded otherwise than {@link pad} does. */
export function unpad(text: Uint8Array): Uint8Array | null {
  if (text.length < LENGTH_BYTES) return null;
  const end = LENGTH_BYTES + new DataView(text.buffer, text.byteOffset).getUint32(0);
  const fits = Math.ceil(end / SEALED_STEP_BYTES) * SEALED_STEP_BYTES === text.length;
  if (!fits || text.subarray(end).some((byte) => byte !== 0)) return null;
  return text.slice(LENGTH_BYTES, end);
}
