/**
 * A client that was written from PROTOCOL.md alone, at a real hub: two people enrol, record, read each other, meet a
 * conflict and settle it, and keep receipts that anybody can verify.
 *
 * SEGIN_HUB is the hub's address, SEGIN_INVITATIONS two invitations of one site, for devices that need no confirmation.
 * Cases of others may be there. What came of it is one line of JSON.
 */
import assert from "node:assert/strict";
import { Device } from "./device.mjs";
import { receipt } from "./messages.mjs";
import { seal } from "./sealing.mjs";
import { checkVectors } from "./vectors.mjs";

const FAMILY = "identity.family";
const APPLIED = [{ fate: "applied", code: "" }];

/** Both sides hold the same. @param {Device} device */
function agrees(device) {
  assert.ok(device.digests.size > 0, "the feed is open");
  for (const [channel, digest] of device.digests) assert.equal(device.digest(channel), digest, channel);
}

/** No other bytes pass for a receipt. @param {Uint8Array} bytes @param {Uint8Array} signature @param {Uint8Array} hub */
function standsAlone(bytes, signature, hub) {
  assert.ok(receipt(bytes, signature, hub).head > 0);
  for (const whole of [bytes, signature]) {
    for (let at = 0; at < whole.length; at += 1) {
      const copy = Uint8Array.from(whole);
      copy[at] ^= 1;
      const [text, signed] = whole === bytes ? [copy, signature] : [bytes, copy];
      assert.throws(() => receipt(text, signed, hub), /not signed by this hub/, `byte ${at}`);
    }
  }
}

checkVectors();
const url = process.env.SEGIN_HUB ?? "";
const invitations = (process.env.SEGIN_INVITATIONS ?? "").split(" ");
const [awa, moussa] = [new Device(url), new Device(url)];

// Enrolment: the same device that asks again gets the same lease, another one does not.
await awa.enrol(invitations[0]);
const { prefix } = awa.lease;
await awa.enrol(invitations[0].toLowerCase().replaceAll("-", " "));
assert.deepEqual(awa.lease.prefix, prefix);
await assert.rejects(moussa.enrol(invitations[0]), { code: "enrol-used", status: 403 });
await moussa.enrol(invitations[1]);

// A colleague's cases are read and added to.
await awa.sync();
const colleagues = [...awa.documents.keys()].filter((id) => awa.show(id, "identity.father").value === undefined);
for (const id of colleagues) awa.edit(id, awa.show(id, FAMILY).heads, { "identity.father": "Bakary" });

// A case is recorded without the hub, and sent.
const { id, code } = awa.record({ "identity.given": "Fanta" });
const first = await awa.sync();
const fates = first.receipt.parcels[0].documents.map((document) => document.fates);
assert.deepEqual(fates, [...colleagues, id].map(() => APPLIED));
agrees(awa);

// The other one reads it, whole.
await moussa.sync();
assert.deepEqual([...moussa.documents.keys()].sort(), [...awa.documents.keys()].sort());
assert.equal(moussa.show(id, "card.code").value, code);
assert.equal(moussa.show(id, "identity.given").value, "Fanta");
agrees(moussa);

// Both write one field, neither knowing of the other. Moussa waits for news while Awa sends hers.
const before = awa.show(id, FAMILY).heads;
assert.deepEqual(moussa.show(id, FAMILY).heads, before);
awa.edit(id, before, { [FAMILY]: "Traoré" });
moussa.edit(id, before, { [FAMILY]: "Tarawele" });
const [news] = await Promise.all([moussa.wait(), awa.sync()]);
assert.ok(news);
await moussa.sync();
await awa.sync();

// Both are shown both values, and who wrote each.
const shown = [awa, moussa].map((device) => device.show(id, FAMILY));
assert.deepEqual(shown[0], shown[1], "the same is shown on both");
const values = shown[0].conflict.map(({ value, by }) => [value, by]).sort();
assert.deepEqual(values, [["Tarawele", moussa.lease.name], ["Traoré", awa.lease.name]]);

// Awa chooses, at the heads that were shown to her: the change names both. Moussa sees it settled.
const choice = awa.edit(id, shown[0].heads, { [FAMILY]: "Traoré" });
assert.deepEqual(awa.buildsOn(choice), shown[0].heads);
await awa.sync();
await moussa.sync();
for (const device of [awa, moussa]) {
  const { value, conflict, heads } = device.show(id, FAMILY);
  assert.deepEqual([value, conflict, heads.length], ["Traoré", [], 1]);
  agrees(device);
}

// A device without a token still sends; the hub's challenge, signed, opens the feed again.
moussa.token = null;
moussa.edit(id, moussa.show(id, FAMILY).heads, { "identity.father": "Moussa" });
moussa.pack();
const parcels = [...moussa.unreceipted];
const closed = await moussa.exchange(parcels);
assert.deepEqual([closed.rest.channels, moussa.orders], [[], ["renew"]]);
// The same parcel again gets the same receipt.
const again = await moussa.exchange(parcels);
assert.deepEqual(closed.receipt.parcels[0].documents[0].fates, APPLIED);
assert.deepEqual(again.receipt.parcels[0].position, closed.receipt.parcels[0].position);
assert.ok(moussa.token, "the renewal brought a token");
for (const device of [awa, moussa]) {
  await device.sync();
  assert.equal(device.show(id, "identity.father").value, "Moussa");
  agrees(device);
}

// A parcel that nobody on the way can read: the hub opens it, and not what was meant for another parcel.
awa.edit(id, awa.show(id, FAMILY).heads, { "identity.mother": "Aminata" });
awa.pack();
const sealed = await seal(awa.unreceipted[0], awa.sealing);
const other = await seal(awa.unreceipted[0], awa.sealing, Buffer.alloc(32));
const unopened = await awa.exchange([other]);
assert.equal(unopened.receipt.parcels[0].refused[0], "parcel-sealed-opening");
awa.unreceipted = [];
const opened = await awa.exchange([sealed]);
assert.deepEqual(opened.receipt.parcels[0].documents[0].fates, APPLIED);
for (const device of [awa, moussa]) {
  await device.sync();
  assert.equal(device.show(id, "identity.mother").value, "Aminata");
  agrees(device);
}

// Receipts are verified long after, with nothing but the hub's key.
const { hub } = awa;
for (const { receipt: bytes, signature } of [awa.receipts[0], awa.receipts.at(-1), ...moussa.receipts.slice(0, 1)]) {
  standsAlone(bytes, signature, hub);
  assert.throws(() => receipt(bytes, signature, moussa.key.publicKey), /not signed by this hub/);
}

const cases = [...awa.documents.keys()].map((id) => {
  const [code, given, family, father] = ["card.code", "identity.given", FAMILY, "identity.father"].map(
    (path) => awa.show(id, path).value,
  );
  return { id: id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), code, given, family, father };
});
cases.sort((a, b) => (a.given < b.given ? -1 : 1));
process.stdout.write(`${JSON.stringify({ cases })}\n`);
