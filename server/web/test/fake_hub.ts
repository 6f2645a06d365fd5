/**
 * A hub in memory for tests of the engine: enrols, opens parcels (sealed ones too), applies every change, feeds the rest
 * to others, signs its answers as the real one does. Owns the faults that a test switches on. Knows one site and no
 * scopes, gate or repair: what those do is tested against the real hub.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as protocol from "@segin/sync-protocol";
import { initialise } from "@segin/sync-protocol/wasm";
import { SealingKey } from "../../../sync-protocol/js/src/sealing.js";

const { wire } = protocol;
type Prefix = ReturnType<typeof protocol.ActorPrefix.parse>;
type Lease = Parameters<typeof wire.SignedLease.sign>[0];

const SITE = protocol.SiteCode.parse("GOG");
const CHANNEL = protocol.Channel.site(SITE);

/** Starts Automerge with the wasm that the package manager installed. */
export async function startAutomerge(): Promise<void> {
  const path = createRequire(import.meta.url).resolve("@automerge/automerge/automerge.wasm");
  await initialise(new Uint8Array(readFileSync(path)));
}

interface Entry {
  readonly position: number;
  readonly document: protocol.DocumentId;
  readonly kind: number;
  readonly raw: Uint8Array;
  readonly hash: protocol.ChangeHash;
  readonly by: Prefix;
}

/** What a test may switch on. */
export interface Faults {
  /** Nobody answers. */
  isDown: boolean;
  /** So many answers are lost after the hub has stored. */
  answersLost: number;
  /** Everything is held for who sent it. */
  held: string | null;
  wipe: "after_receipts" | "at_once" | null;
}

export class FakeHub {
  readonly faults: Faults = { isDown: false, answersLost: 0, held: null, wipe: null };
  /** Up to where a second copy exists; null: everything at once. */
  copiedTo: number | null = null;
  readonly entries: Entry[] = [];
  /** Parcels by the hash of their manifest: where each stands. */
  readonly parcels = new Map<string, number>();
  /** Requests answered, and those of them with sealed parcels. */
  exchanges = 0;
  sealedParcels = 0;
  readonly #key = protocol.SecretKey.fromBytes(new Uint8Array(32).fill(1));
  readonly #sealing = SealingKey.fromBytes(new Uint8Array(32).fill(9));
  readonly #log = protocol.LogId.fromBytes(new Uint8Array(16).fill(0x10));
  readonly #invitations = new Map<string, string>();
  readonly #leases = new Map<string, { readonly lease: Lease; readonly token: Uint8Array }>();
  #position = 0;

  /** An invitation for somebody of this name. */
  invite(name: string): string {
    const random = new Uint8Array(12).fill(this.#invitations.size + 1);
    const invitation = wire.Invitation.fromRandom(random);
    this.#invitations.set(invitation, name);
    return invitation;
  }

  /** Admits a courier file and gives the return file, as `segin hub admit` does. */
  async admit(bytes: Uint8Array): Promise<Uint8Array> {
    const { file, hash } = wire.CourierFile.fromBytes(bytes);
    const parts = [];
    for (const [index, part] of file.parts.entries()) {
      const of = file.parts.length;
      const ask = await wire.CourierPart.open(part, { file: file.id, index, of }, this.#sealing);
      const request = { ...ask.request, parcels: part.parcels };
      const answer = await this.#exchange(wire.frame("exchangeRequest", wire.ExchangeRequest, request));
      const reply = { number: ask.number, missing: [], answer };
      const draw = new Uint8Array(32).fill(index + 1);
      parts.push(await wire.ReturnPart.seal({ courier: hash, index, of }, part, reply, ask.replyTo, draw));
    }
    return wire.ReturnFile.toBytes({ courier: hash, parts });
  }

  /** Answers as `fetch` does. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    if (this.faults.isDown) throw new TypeError("nobody there");
    const body = init?.body;
    if (!(body instanceof Uint8Array)) throw new TypeError("a frame is bytes");
    const answer = String(input) === "/v1/enrol" ? this.#enrol(body) : await this.#exchange(body);
    if (this.faults.answersLost > 0) {
      this.faults.answersLost -= 1;
      throw new TypeError("the answer was lost");
    }
    if (answer === null) return Response.json({ code: "invitation-unknown", message: "unknown" }, { status: 403 });
    return new Response(Uint8Array.from(answer));
  };

  #enrol(body: Uint8Array): Uint8Array | null {
    const request = wire.read("enrolRequest", wire.EnrolRequest, body);
    const invitation = wire.Invitation.parse(request.invitation);
    const name = this.#invitations.get(invitation);
    if (name === undefined) return null;
    wire.EnrolRequest.verify(request, invitation);
    const known = [...this.#leases.values()].find((one) => one.lease.installation === request.installation);
    const number = this.#leases.size + 1;
    const lease: Lease = known?.lease ?? {
      installation: request.installation,
      user: protocol.UserId.fromBytes(new Uint8Array(16).fill(this.#userOf(name))),
      key: request.key,
      prefix: protocol.ActorPrefix.fromBytes(new Uint8Array(8).fill(number)),
      letters: `K${number + 1}`,
      year: 26,
      site: SITE,
      name,
      issued: Date.now(),
    };
    const token = known?.token ?? new Uint8Array(16).fill(number);
    this.#leases.set(lease.prefix, { lease, token });
    const configuration = { version: 1, sites: [{ code: SITE, name: "Gogui" }], lists: {}, places: [] };
    return wire.frame("enrolAnswer", wire.EnrolAnswer, {
      lease: wire.SignedLease.sign(lease, this.#key),
      token,
      hub: this.#key.public(),
      log: this.#log,
      configuration: wire.Raw.of(protocol.SignedConfiguration, protocol.SignedConfiguration.sign(configuration, this.#key)),
      sealing: this.#sealing.public(),
    });
  }

  #userOf(name: string): number {
    return [...name].reduce((sum, letter) => (sum + letter.charCodeAt(0)) % 256, 0);
  }

  async #exchange(body: Uint8Array): Promise<Uint8Array> {
    const request = wire.read("exchangeRequest", wire.ExchangeRequest, body);
    const known = this.#leases.get(request.lease);
    if (known === undefined) throw new TypeError("no such lease");
    this.exchanges += 1;
    const from = request.cursor === null ? 0 : new DataView(request.cursor.buffer, request.cursor.byteOffset).getUint32(0);
    const receipts = [];
    for (const parcel of request.parcels) receipts.push(await this.#parcel(parcel, known.lease));
    const isOpen = request.token !== null;
    const feed = isOpen ? this.#feed(from, request.lease) : [];
    const cursor = new Uint8Array(4);
    new DataView(cursor.buffer).setUint32(0, this.#position);
    const receipt = {
      log: this.#log,
      at: Date.now(),
      head: this.#position,
      chain: protocol.Hash.fromBytes(new Uint8Array(32)),
      copiedTo: this.copiedTo ?? this.#position,
      parcels: receipts,
      leaves: null,
      rest: protocol.Hash.fromBytes(new Uint8Array(32)),
      lease: request.lease,
    };
    const rest = {
      ...wire.Rest.EMPTY,
      channels: isOpen ? [CHANNEL] : [],
      feed,
      cursor: isOpen ? cursor : null,
      digests: isOpen ? [this.#digest()] : [],
      leases: [...this.#leases.values()].map((one) => wire.SignedLease.sign(one.lease, this.#key)),
      orders: this.faults.wipe === null ? [] : [{ is: "wipe", when: this.faults.wipe } as const],
      position: this.#position,
    };
    return wire.frame("answer", wire.Answer, wire.Answer.sign(receipt, rest, null, this.#key));
  }

  async #parcel(parcel: protocol.wire.Parcel, lease: Lease): Promise<protocol.wire.ParcelReceipt> {
    if (parcel.contents.is === "sealed") this.sealedParcels += 1;
    const opened = await wire.Parcel.openSealed(parcel, lease, this.#sealing);
    let isNew = false;
    const documents = opened.manifest.documents.map(({ document, kind }, at) => {
      const changes = opened.documents[at]?.changes ?? [];
      const fates = changes.map((raw): protocol.wire.Fate => {
        if (this.faults.held !== null) return { is: "held", code: this.faults.held };
        const hash = protocol.hashOfChange(raw);
        if (this.entries.some((entry) => entry.hash === hash)) return { is: "duplicate" };
        isNew = true;
        this.entries.push({ position: this.#position + 1, document, kind, raw, hash, by: lease.prefix });
        return { is: "applied" };
      });
      const isAnnex = kind === protocol.KIND_CODES.annex;
      return { runs: fates.map((fate) => ({ count: 1, fate })), entered: isAnnex ? [] : [CHANNEL] };
    });
    if (isNew || !this.parcels.has(opened.hash)) this.#position += 1;
    const position = this.parcels.get(opened.hash) ?? this.#position;
    this.parcels.set(opened.hash, position);
    return { manifest: opened.hash, position, documents, refused: null };
  }

  #feed(from: number, to: Prefix): protocol.wire.FeedItem[] {
    const items = new Map<protocol.DocumentId, protocol.wire.FeedItem>();
    for (const { position, document, kind, raw, by } of this.entries) {
      if (position <= from || by === to || kind === protocol.KIND_CODES.annex) continue;
      const before = items.get(document)?.changes ?? [];
      items.set(document, { document, kind, channel: 0, what: "changes", changes: [...before, raw] });
    }
    return [...items.values()];
  }

  #digest(): protocol.wire.Digest {
    const counted = this.entries.filter((entry) => entry.kind !== protocol.KIND_CODES.annex);
    const each = counted.map(({ document, hash }) => wire.Digest.ofChange(document, hash));
    return each.reduce((sum, one) => wire.Digest.plus(sum, one), wire.Digest.EMPTY);
  }
}
