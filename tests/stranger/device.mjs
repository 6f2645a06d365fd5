/**
 * One person's device: it enrols, records without a network, syncs, and knows what became of its work. What it keeps is
 * held in memory; a real one stores key, counter and parcels before it sends, and each answer before it acts on it.
 */
import { randomBytes, randomUUID } from "node:crypto";
import * as cases from "./cases.mjs";
import { frame, unframe } from "./cbor.mjs";
import * as messages from "./messages.mjs";
import { H, hex, makeKey, same } from "./signing.mjs";

const CASE = 1;
/** Bytes of changes that an answer's feed should not exceed. */
const BUDGET = 65_536;
/** Exchanges in one sync: more would mean that both sides go round in circles. */
const EXCHANGES_MAX = 100;
/** What a feed item says happened: 2, the document left the channel. */
const LEFT = 2;

/** @param {string} id */
const uuid = (id) => Buffer.from(id.replaceAll("-", ""), "hex");

export class Device {
  key = makeKey();
  installation = uuid(randomUUID());
  /** @type {Map<string, {doc: object, channels: Set<string>, known: Set<string>, unsent: Uint8Array[], card: Buffer | null}>} */
  documents = new Map();
  /** Leases of this and other devices by actor prefix, verified. */
  leases = new Map();
  unreceipted = [];
  receipts = [];
  digests = new Map();
  codes = 0;
  counter = 0;
  previous = null;
  cursor = null;
  challenge = null;
  orders = [];
  /** What the hub did not apply, with its code: for a person to see. Held work is kept there and not sent again. */
  notApplied = [];
  decidedTo = 0;
  configurationVersion = 0;
  token = null;

  /** @param {string} url the hub's */
  constructor(url) {
    this.url = url;
  }

  /** @param {string} path @param {number} kind @param {Array<unknown>} item */
  async post(path, kind, item) {
    const headers = { "Content-Type": "application/cbor" };
    const answer = await fetch(this.url + path, { method: "POST", headers, body: frame(kind, item) });
    if (answer.status === 200) return unframe(kind + 1, new Uint8Array(await answer.arrayBuffer()));
    const { code, message } = await answer.json();
    throw Object.assign(new Error(`the hub refuses: ${message}`), { code, status: answer.status });
  }

  /** Section 7: the lease's signature, and whether it is this device's, are checked before anything is kept.
   * @param {string} invitation */
  async enrol(invitation) {
    const letters = invitation.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
    const proof = this.key.sign("proof", "enrol", letters, this.installation, this.key.publicKey);
    const request = [invitation, this.installation, this.key.publicKey, proof];
    const [signed, token, hub, log, configured, sealing] = await this.post("/v1/enrol", 3, request);
    const lease = messages.lease(signed, hub);
    if (!same(lease.installation, this.installation) || !same(lease.key, this.key.publicKey)) {
      throw new Error("the lease is another device's");
    }
    Object.assign(this, { lease, token, hub, log, sealing: sealing ?? null });
    this.leases.set(hex(lease.prefix), lease);
    this.configure(configured);
    this.drawActor();
  }

  configure(raw) {
    const { version, constants } = messages.configuration(raw, this.hub);
    if (version < this.configurationVersion) return;
    this.configurationVersion = version;
    this.constants = constants;
  }

  drawActor() {
    this.actor = hex(this.lease.prefix) + randomBytes(8).toString("hex");
  }

  /** Begins a case. @param {Record<string, string>} fields */
  record(fields) {
    const { site, year, letters } = this.lease;
    const { counter, code } = cases.nextCode(site, year, letters, this.codes);
    this.codes = counter;
    const id = uuid(randomUUID());
    this.keep(id, CASE).card = randomBytes(12);
    const shown = cases.heads(this.documents.get(hex(id)).doc);
    this.edit(hex(id), shown, { "card.code": code, "card.site": site, ...fields });
    return { id: hex(id), code };
  }

  keep(id, kind) {
    const kept = this.documents.get(hex(id));
    if (kept) return kept;
    const doc = cases.blank(this.constants.get(kind), this.actor);
    const blank = { doc, kind, channels: new Set(), known: new Set(), unsent: [], card: null };
    this.documents.set(hex(id), blank);
    return blank;
  }

  /** Writes fields at the heads that the person was shown. @param {string} id @param {string[]} shown */
  edit(id, shown, fields) {
    const kept = this.documents.get(id);
    if (!cases.mayContinue(kept.doc, shown, this.actor)) this.drawActor();
    const { doc, change } = cases.write(kept.doc, this.actor, Date.now(), shown, fields);
    kept.doc = doc;
    kept.unsent.push(change);
    return change;
  }

  /** The heads at which a change was made: what its author had seen. @param {Uint8Array} change */
  buildsOn(change) {
    return cases.dependencies(change);
  }

  /** What is shown of a document: its heads, and a field with all its values and who wrote them. */
  show(id, path) {
    const { doc } = this.documents.get(id);
    const { value, conflict } = cases.read(doc, path);
    const authors = conflict.map((one) => ({ ...one, by: this.leases.get(one.actor.slice(0, 16))?.name }));
    return { heads: cases.heads(doc), value, conflict: authors };
  }

  /** Packs everything unsent into one parcel. */
  pack() {
    const unsent = [...this.documents].filter(([, { unsent }]) => unsent.length > 0);
    if (unsent.length === 0) return;
    const documents = unsent.map(([id, { kind, unsent, channels, card }]) => ({
      id: Buffer.from(id, "hex"),
      kind,
      changes: unsent,
      hashes: unsent.map(cases.hashOf),
      card: channels.size > 0 ? null : card,
    }));
    this.counter += 1;
    const { installation, user, site } = this.lease;
    const about = { installation, user, counter: this.counter, previous: this.previous, site };
    const parcel = messages.makeParcel(about, Date.now(), documents, this.key);
    this.previous = parcel.hash;
    this.unreceipted.push(parcel);
    for (const [, kept] of unsent) kept.unsent = [];
  }

  /** One round trip; the answer is verified before it changes anything. @param {Array<object>} parcels what to send */
  async exchange(parcels) {
    const { prefix } = this.lease;
    const renewal = this.challenge && [this.challenge, this.key.sign("proof", "renew", this.log, prefix, this.challenge)];
    const items = parcels.map(({ item }) => item);
    const request = [prefix, this.token, this.cursor, items, BUDGET, [], null, renewal, this.configurationVersion, this.decidedTo];
    const answer = messages.answer(await this.post("/v1/exchange", 1, request), this.hub, prefix, parcels);
    this.receipts.push(answer.kept);
    for (const [index, said] of answer.receipt.parcels.entries()) this.receipted(parcels[index], said);
    this.unreceipted = this.unreceipted.filter((parcel) => !parcels.includes(parcel));
    this.take(answer);
    return answer;
  }

  /** What became of a parcel: what the hub took counts from now on. */
  receipted(parcel, said) {
    if (said.refused) {
      const [code] = said.refused;
      for (const { id, hashes } of parcel.documents) this.notApplied.push({ id, hashes, fate: "refused", code });
      return;
    }
    for (const [index, { id, hashes }] of parcel.documents.entries()) {
      const kept = this.documents.get(id);
      const { fates, entered } = said.documents[index];
      for (const channel of entered) kept.channels.add(channel);
      for (const [at, { fate, code }] of fates.entries()) {
        if (fate === "applied" || fate === "duplicate") kept.known.add(hashes[at]);
        else this.notApplied.push({ id, hashes: [hashes[at]], fate, code });
      }
    }
  }

  /** Takes feed, leases, cursor, orders of a verified answer. */
  take({ receipt, rest, orders, token, configuration }) {
    for (const signed of rest.leases) {
      const lease = messages.lease(signed, this.hub);
      this.leases.set(hex(lease.prefix), lease);
    }
    if (configuration) this.configure(configuration);
    const fed = rest.feed.map(({ id, kind, changes }) => ({ id, kind, hashes: changes.map(cases.hashOf) }));
    if (rest.seed && !messages.wasFed(receipt.leaves, rest.seed, fed)) throw new Error("the leaves are of another feed");
    for (const [index, { id, kind, channel, what, changes }] of rest.feed.entries()) {
      if (!this.constants.has(kind)) continue;
      const kept = this.keep(id, kind);
      if (what === LEFT) kept.channels.delete(channel);
      else kept.channels.add(channel);
      kept.doc = cases.apply(kept.doc, changes);
      for (const hash of fed[index].hashes) kept.known.add(hash);
    }
    if (rest.cursor) this.cursor = rest.cursor;
    if (token) this.token = token;
    this.orders = orders.map(({ order }) => order);
    this.challenge = orders.find(({ order }) => order === "renew")?.fields[0] ?? null;
    if (this.orders.includes("clone seen")) this.drawActor();
    if (!rest.more) this.digests = new Map(rest.channels.map((channel, index) => [channel, hex(rest.digests[index])]));
  }

  /** Sends everything and reads everything. */
  async sync() {
    this.pack();
    for (let exchanges = 1; exchanges <= EXCHANGES_MAX; exchanges += 1) {
      const answer = await this.exchange(this.unreceipted.slice(0, 64));
      if (!answer.rest.more && !this.challenge && this.unreceipted.length === 0) return answer;
    }
    throw new Error("the sync does not end");
  }

  /** This side's digest of a channel, to compare with the hub's (section 4.4). @param {string} channel */
  digest(channel) {
    let sum = 0n;
    for (const [id, { channels, known, kind }] of this.documents) {
      if (!channels.has(channel) || kind === 4) continue;
      for (const hash of known) {
        sum += BigInt(`0x${hex(H("digest", Buffer.from(id, "hex"), Buffer.from(hash, "hex")).subarray(0, 16))}`);
      }
    }
    return (sum % (1n << 128n)).toString(16).padStart(32, "0");
  }

  /** Whether something new comes within the hub's patience. */
  async wait() {
    const query = new URLSearchParams({ lease: hex(this.lease.prefix) });
    if (this.cursor) query.set("cursor", Buffer.from(this.cursor).toString("base64url"));
    const headers = { Authorization: `Bearer ${hex(this.token)}` };
    const answer = await fetch(`${this.url}/v1/wait?${query}`, { headers });
    return answer.status === 200;
  }
}
