/**
 * Sealed parcels, as section 4.3 of the page has them: whoever carries one reads only its manifest, the hub alone the rest.
 */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";
import { encode } from "./cbor.mjs";
import { prefixed, uncompressed } from "./signing.mjs";

/** To a multiple of so many bytes contents are padded. */
const STEP_BYTES = 256;
/** The tag of sealed contents. */
const SEALED = 1;

/** The same parcel, its contents sealed to a hub and bound to this manifest.
 * @param {{item: Array<unknown>, hash: Uint8Array}} parcel @param {Uint8Array} key the hub's
 * @param {Uint8Array} [boundTo] the hash of the manifest that it is bound to: its own */
export async function seal(parcel, key, boundTo = parcel.hash) {
  const [manifest, signature, [, contents]] = parcel.item;
  const bytes = encode(contents);
  const text = Buffer.alloc(Math.ceil((4 + bytes.length) / STEP_BYTES) * STEP_BYTES);
  text.writeUInt32BE(bytes.length);
  text.set(bytes, 4);
  const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const recipientPublicKey = await suite.kem.deserializePublicKey(Uint8Array.from(uncompressed(key)));
  const sender = await suite.createSenderContext({ recipientPublicKey, info: prefixed("sealing") });
  const sealed = Buffer.concat([sender.enc, await sender.seal(text, boundTo)].map((part) => new Uint8Array(part)));
  return { ...parcel, item: [manifest, signature, [SEALED, [sealed]]] };
}
