/**
 * What travels, as sections 7, 9 and 10 of the page have it: parcels are made here, and what the hub signed is verified
 * before anything of it is used.
 */
import { randomBytes } from "node:crypto";
import { decode, encode } from "./cbor.mjs";
import { H, hex, same, signedBy } from "./signing.mjs";

export const FATES = ["applied", "duplicate", "held", "waiting", "erased", "refused"];
export const ORDERS = ["renew", "channel closed", "clone seen", "wipe", "pending", "revoked", "show marks"];

/** A lease, once the hub's signature over it was verified. @param {Uint8Array[]} signed @param {Uint8Array} hub */
export function lease([bytes, signature], hub) {
  if (!signedBy(hub, signature, "lease", bytes)) throw new Error("the lease is not signed by this hub");
  const [installation, user, key, prefix, letters, year, site, name, issued] = decode(bytes);
  return { installation, user, key, prefix, letters, year, site, name, issued };
}

/** A configuration, once the hub's signature over it was verified. @param {Uint8Array} raw @param {Uint8Array} hub */
export function configuration(raw, hub) {
  const [bytes, signature] = decode(raw);
  if (!signedBy(hub, signature, "configuration", bytes)) throw new Error("the configuration is not signed by this hub");
  const [version, sites, lists, places, constants] = decode(bytes);
  return { version, sites, lists, places, constants };
}

/** The commitment to what a parcel brings of one document.
 * @param {Uint8Array} salt @param {Uint8Array} document @param {number} kind @param {string[]} hashes
 * @param {Uint8Array | null} card */
export function commitment(salt, document, kind, hashes, card) {
  const changes = hashes.map((hash) => Buffer.from(hash, "hex"));
  return H("commitment", salt, document, Uint8Array.of(kind), ...changes, card ?? "");
}

/** A parcel, signed, and what its sender must remember of it.
 * @param {{installation: Uint8Array, user: Uint8Array, counter: number, previous: Uint8Array | null, site: string}} about
 * @param {number} now
 * @param {{id: Uint8Array, kind: number, changes: Uint8Array[], hashes: string[], card: Uint8Array | null}[]} documents
 * @param {{sign: (purpose: string, ...parts: Uint8Array[]) => Buffer}} key */
export function makeParcel(about, now, documents, key) {
  const salted = documents.map((document) => ({ ...document, salt: randomBytes(16) }));
  const named = salted.map(({ id, kind, salt, hashes, card }) => [id, kind, commitment(salt, id, kind, hashes, card)]);
  const manifest = encode([about.installation, about.user, about.counter, about.previous, now, about.site, named, []]);
  const contents = salted.map(({ salt, changes, card }) => (card ? [salt, changes, card] : [salt, changes]));
  const item = [manifest, key.sign("manifest", manifest), [0, [contents, []]]];
  return { item, hash: H("manifest", manifest), documents: documents.map(({ id, hashes }) => ({ id: hex(id), hashes })) };
}

/** The receipt of an answer, verified: anybody who has the hub's public key can do this, at any time, without a network.
 * @param {Uint8Array} bytes @param {Uint8Array} signature @param {Uint8Array} hub */
export function receipt(bytes, signature, hub) {
  if (!signedBy(hub, signature, "receipt", bytes)) throw new Error("the receipt is not signed by this hub");
  const [log, at, head, chain, copiedTo, parcels, leaves, rest, prefix] = decode(bytes);
  const read = parcels.map(([manifest, position, documents, refused]) => ({
    manifest: hex(manifest),
    position,
    refused: refused ?? null,
    documents: documents.map(([runs, entered]) => ({ fates: fates(runs), entered })),
  }));
  return { log, at, head, chain, copiedTo, parcels: read, leaves, rest, prefix };
}

/** One fate for each change. @param {[number, [number, unknown[]]][]} runs */
function fates(runs) {
  const one = ([tag, fields]) => ({ fate: FATES[tag] ?? `fate ${tag}`, code: typeof fields[0] === "string" ? fields[0] : "" });
  return runs.flatMap(([count, fate]) => Array.from({ length: count }, () => one(fate)));
}

/** An answer, all four steps of its verification done: its receipt is signed and for this lease, its rest belongs to it,
 * and it speaks of what was sent.
 * @param {unknown[]} item @param {Uint8Array} hub @param {Uint8Array} prefix @param {{hash: Uint8Array}[]} sent */
export function answer(item, hub, prefix, sent) {
  const [receiptBytes, signature, restBytes] = item;
  const read = receipt(receiptBytes, signature, hub);
  if (!same(read.prefix, prefix)) throw new Error("the receipt answers another lease");
  if (!same(H("receipt", restBytes), read.rest)) throw new Error("the rest does not belong to this receipt");
  for (const [index, parcel] of sent.entries()) agree(parcel, read.parcels[index]);
  const [channels, seed, feed, cursor, more, digests, leases, orders, token, configured] = decode(restBytes);
  const items = feed.map(([id, kind, channel, what, changes]) => ({ id, kind, channel: channels[channel], what, changes }));
  return {
    receipt: read,
    kept: { receipt: receiptBytes, signature },
    rest: { channels, seed: seed ?? null, feed: items, cursor: cursor ?? null, more, digests, leases },
    orders: orders.map(([tag, fields]) => ({ order: ORDERS[tag] ?? `order ${tag}`, fields })),
    token: token ?? null,
    configuration: configured ?? null,
  };
}

/** Whether a parcel's receipt speaks of that parcel. */
function agree(parcel, said) {
  if (said?.manifest !== hex(parcel.hash)) throw new Error("a receipt of another parcel");
  if (said.refused) return;
  const counts = [parcel.documents.map(({ hashes }) => hashes.length), said.documents.map(({ fates }) => fates.length)];
  if (String(counts[0]) !== String(counts[1])) throw new Error("the receipt counts otherwise than was sent");
}

/** Checks that a feed is the one whose leaves the hub signed.
 * @param {Uint8Array} leaves @param {Uint8Array} seed
 * @param {{id: Uint8Array, kind: number, hashes: string[]}[]} items */
export function wasFed(leaves, seed, items) {
  const all = items.map(({ id, kind, hashes }, index) => {
    const place = Buffer.alloc(4);
    place.writeUInt32BE(index);
    const salt = H("leaf", seed, place).subarray(0, 16);
    return H("leaf", salt, id, Uint8Array.of(kind), ...hashes.map((hash) => Buffer.from(hash, "hex")));
  });
  return same(H("leaves", ...all), leaves);
}
