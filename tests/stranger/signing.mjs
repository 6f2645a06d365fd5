/**
 * Hashes and signatures as section 4 of the page has them: every one begins with what it is for. Public keys are 33
 * bytes, signatures 64.
 */
import { createHash, createPrivateKey, createPublicKey, ECDH, generateKeyPairSync, sign, verify } from "node:crypto";

const CURVE = "prime256v1";

/** @param {string} purpose @param {...(Uint8Array | string)} parts */
export function prefixed(purpose, ...parts) {
  return Buffer.concat([`segin/1 ${purpose}\0`, ...parts].map((part) => Buffer.from(part)));
}

/** The page's `H(purpose, a ‖ b ‖ …)`. @param {string} purpose @param {...(Uint8Array | string)} parts */
export function H(purpose, ...parts) {
  return createHash("sha256").update(prefixed(purpose, ...parts)).digest();
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export const same = (a, b) => Buffer.compare(a, b) === 0;

/** @param {Uint8Array} bytes */
export const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** The 65 bytes of a public key that is given in 33. @param {Uint8Array} key */
export function uncompressed(key) {
  return Buffer.from(/** @type {Buffer} */ (ECDH.convertKey(key, CURVE, undefined, undefined, "uncompressed")));
}

/** @param {Uint8Array} key a public key, compressed */
function point(key) {
  const whole = uncompressed(key);
  const half = (/** @type {number} */ from) => whole.toString("base64url", from, from + 32);
  return { kty: "EC", crv: "P-256", x: half(1), y: half(33) };
}

/** A key of its own that signs. @param {Buffer} [secret] 32 bytes; drawn where none is given */
export function makeKey(secret) {
  const ecdh = secret && importSecret(secret);
  const pair = ecdh ?? generateKeyPairSync("ec", { namedCurve: CURVE });
  const jwk = pair.publicKey.export({ format: "jwk" });
  const [x, y] = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? "", "base64url"));
  const publicKey = Buffer.concat([Buffer.from([2 + (y[31] & 1)]), x]);
  /** @param {string} purpose @param {...(Uint8Array | string)} parts */
  const signs = (purpose, ...parts) =>
    sign("sha256", prefixed(purpose, ...parts), { key: pair.privateKey, dsaEncoding: "ieee-p1363" });
  return { publicKey, sign: signs };
}

/** @param {Buffer} secret */
function importSecret(secret) {
  const der = Buffer.concat([Buffer.from("30310201010420", "hex"), secret, Buffer.from("a00a06082a8648ce3d030107", "hex")]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "sec1" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** @param {Uint8Array} key @param {Uint8Array} signature @param {string} purpose @param {...(Uint8Array | string)} parts */
export function signedBy(key, signature, purpose, ...parts) {
  if (signature.length !== 64) return false;
  const publicKey = createPublicKey({ key: point(key), format: "jwk" });
  return verify("sha256", prefixed(purpose, ...parts), { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
}
