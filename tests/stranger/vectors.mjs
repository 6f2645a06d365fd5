/**
 * The bytes of the page, before a hub is spoken to: the story of `vectors/worked.json` is written and read by this client,
 * and comes out the same.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as cases from "./cases.mjs";
import { decode, encode, frame, unframe } from "./cbor.mjs";
import * as messages from "./messages.mjs";
import { H, hex, makeKey, signedBy } from "./signing.mjs";

const VECTORS = new URL("../../sync-protocol/vectors/", import.meta.url);

/** @param {string} name */
const file = (name) => readFileSync(new URL(name, VECTORS), "utf8");

export function checkVectors() {
  const story = JSON.parse(file("worked.json"));
  const bytes = (/** @type {string} */ name) => Buffer.from(story[name], "hex");
  const hub = bytes("the hub's public key");
  const key = makeKey(bytes("Awa's secret key"));
  assert.equal(hex(key.publicKey), story["Awa's public key"]);
  assert.equal(cases.nextCode("GOG", 26, "K7", 1).code, "GOG-26-K7-0002-G");
  keepsItsForm(bytes("the first request"), 1, bytes("the first request, its frame"));

  // The parcel: its manifest, and the commitment in it.
  const manifest = bytes("the first parcel, its manifest");
  assert.equal(hex(H("manifest", manifest)), story["the first parcel, its manifest's hash"]);
  assert.ok(signedBy(key.publicKey, bytes("the first parcel, its signature"), "manifest", manifest));
  assert.ok(signedBy(key.publicKey, key.sign("manifest", manifest), "manifest", manifest));
  const [id, hash] = [Buffer.from(story["the case"].replaceAll("-", ""), "hex"), story["the first change, its hash"]];
  const committed = messages.commitment(Buffer.alloc(16, 0x50), id, 1, [hash], Buffer.alloc(12, 0x30));
  assert.equal(hex(committed), story["the first parcel, its commitment"]);

  // The answers.
  const prefix = Buffer.alloc(8, 0x13);
  const sent = [{ hash: H("manifest", manifest), documents: [{ hashes: [hash] }] }];
  const first = messages.answer(decode(bytes("the first answer")), hub, prefix, sent);
  assert.deepEqual(first.receipt.parcels[0].documents, [{ fates: [{ fate: "applied", code: "" }], entered: ["site/GOG"] }]);
  const read = messages.answer(decode(bytes("the colleague's answer")), hub, Buffer.alloc(8, 0x17), []);
  const [item] = read.rest.feed;
  assert.equal(hex(item.changes[0]), story["the first change"]);
  assert.ok(messages.wasFed(read.receipt.leaves, read.rest.seed, [{ ...item, hashes: [hash] }]));
  assert.equal(messages.lease(read.rest.leases[0], hub).name, "Awa T.");

  changes(story);
}

/** The changes of the story, byte for byte. */
function changes(story) {
  const constant = Buffer.from(file("constants/case.hex").trim(), "hex");
  const [awa, moussa] = ["1313131313131313" + "0a".repeat(8), "1717171717171717" + "0b".repeat(8)];
  const blank = cases.blank([constant], awa);
  const fields = { "card.code": "GOG-26-K7-0002-G", "card.site": "GOG", "identity.given": "Awa" };
  const first = cases.write(blank, awa, 1_773_507_900_000, cases.heads(blank), fields);
  assert.equal(hex(first.change), story["the first change"]);
  const shown = cases.heads(first.doc);
  const hers = cases.write(first.doc, awa, 1_773_507_960_000, shown, { "identity.family": "Traoré" });
  const both = cases.write(hers.doc, moussa, 1_773_507_960_000, shown, { "identity.family": "Tarawele" });
  assert.equal(hex(hers.change), story["Awa's family name"]);
  assert.equal(hex(both.change), story["Moussa's family name"]);
  const conflict = cases.read(both.doc, "identity.family");
  assert.deepEqual([conflict.value, conflict.conflict.length], ["Tarawele", 2]);
  assert.deepEqual([...cases.heads(both.doc)].sort(), story["the heads with the conflict"]);
  const choice = cases.write(both.doc, awa, 1_773_508_020_000, cases.heads(both.doc), { "identity.family": "Traoré" });
  assert.equal(hex(choice.change), story["the choice"]);
  assert.deepEqual(cases.read(choice.doc, "identity.family"), { value: "Traoré", conflict: [] });
  const twice = () => cases.write(choice.doc, awa, 1_773_508_080_000, cases.heads(choice.doc), { "identity.family": "Traoré" });
  assert.throws(twice, /makes no change/);
}

/** What is read is written as it was, and a frame, however it was compressed, gives it back. */
function keepsItsForm(bytes, kind, framed) {
  assert.equal(hex(encode(decode(bytes))), hex(bytes));
  assert.equal(hex(encode(unframe(kind, framed))), hex(bytes));
  assert.equal(hex(encode(unframe(kind, frame(kind, decode(bytes))))), hex(bytes));
}
