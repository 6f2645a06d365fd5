/**
 * A small hub played by tests: everything in memory, one site, believes what it is sent. It enrols, receipts with the
 * fates that a test says, gives whole documents that are wanted, and compares sums. The full one is in the Rust tests.
 */
import { hashOfChange } from "../src/documents/am.js";
import { SecretKey } from "../src/crypto.js";
import { ActorPrefix, Channel, Hash, LogId, Millis, SiteCode, UserId } from "../src/ids.js";
import type { ChangeHash, DocumentId } from "../src/ids.js";
import { SealingKey } from "../src/sealing.js";
import { Answer, Rest } from "../src/wire/answer.js";
import type { Fate, FeedItem, Order, ParcelReceipt, Receipt } from "../src/wire/answer.js";
import { u64 } from "../src/wire/cbor.js";
import { frame, Raw, read } from "../src/wire/codec.js";
import { Digest } from "../src/wire/digest.js";
import { EnrolAnswer, EnrolRequest } from "../src/wire/enrolment.js";
import { ExchangeRequest } from "../src/wire/exchange.js";
import { SignedLease } from "../src/wire/lease.js";
import type { Lease } from "../src/wire/lease.js";
import { Parcel } from "../src/wire/parcel.js";

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

const SITE = SiteCode.parse("GOG");
const NOTHING = Hash.fromBytes(filled(32, 0));

interface Filed {
  readonly kind: number;
  readonly changes: Map<ChangeHash, Raw>;
}

export class Hub {
  readonly #key = SecretKey.fromBytes(filled(32, 77));
  readonly #sealing = SealingKey.fromBytes(filled(32, 78));
  readonly #log = LogId.fromBytes(filled(16, 1));
  readonly #documents = new Map<DocumentId, Filed>();
  #position = 1;
  #lease: Lease | null = null;
  /** What becomes of a change instead of the usual; null: the usual. */
  verdict: (change: ChangeHash) => Fate | null = () => null;
  orders: readonly Order[] = [];

  enrol(request: Uint8Array): Uint8Array {
    const { installation, key } = read("enrolRequest", EnrolRequest, request);
    const prefix = ActorPrefix.fromBytes(filled(8, 1));
    const user = UserId.fromBytes(filled(16, 1));
    const who = { letters: "K2", year: 24, site: SITE, name: "Agent 1", issued: 0 };
    this.#lease = { installation, user, key, prefix, ...who };
    const lease = SignedLease.sign(this.#lease, this.#key);
    const keys = { hub: this.#key.public(), sealing: this.#sealing.public() };
    const answer: EnrolAnswer = { lease, token: filled(16, 1), ...keys, log: this.#log, configuration: new Uint8Array() };
    return frame("enrolAnswer", EnrolAnswer, answer);
  }

  exchange(frame: Uint8Array): Uint8Array {
    const request = read("exchangeRequest", ExchangeRequest, frame);
    const receipts = request.parcels.map((parcel) => this.#admit(parcel));
    const channel = Channel.site(SITE);
    return this.#sign(receipts, {
      ...Rest.EMPTY,
      channels: [channel],
      feed: request.wants.flatMap((document) => this.#whole(document)),
      cursor: Raw.of(u64, this.#position),
      digests: [this.#sum()],
      orders: this.orders,
      position: this.#position,
      decidedTo: this.#position,
    });
  }

  #sign(parcels: readonly ParcelReceipt[], rest: Rest): Uint8Array {
    if (this.#lease === null) throw new Error("nobody is enrolled");
    const receipt: Receipt = {
      log: this.#log,
      at: Millis.DAY,
      head: this.#position,
      chain: NOTHING,
      copiedTo: 0,
      parcels,
      leaves: null,
      rest: NOTHING,
      lease: this.#lease.prefix,
    };
    return frame("answer", Answer, Answer.sign(receipt, rest, null, this.#key));
  }

  #admit(parcel: Parcel): ParcelReceipt {
    if (this.#lease === null) throw new Error("nobody is enrolled");
    const opened = Parcel.open(parcel, this.#lease);
    this.#position += 1;
    const documents = opened.manifest.documents.map(({ document, kind }, index) => {
      const changes = opened.documents[index]?.changes ?? [];
      const runs = changes.map((raw) => ({ count: 1, fate: this.#fate(document, kind, raw) }));
      return { runs, entered: this.#documents.has(document) ? [Channel.site(SITE)] : [] };
    });
    return { manifest: opened.hash, position: this.#position, documents, refused: null };
  }

  #fate(document: DocumentId, kind: number, raw: Raw): Fate {
    const hash = hashOfChange(raw);
    const said = this.verdict(hash);
    if (said !== null) return said;
    const filed = this.#documents.get(document) ?? { kind, changes: new Map<ChangeHash, Raw>() };
    this.#documents.set(document, filed);
    if (filed.changes.has(hash)) return { is: "duplicate" };
    filed.changes.set(hash, raw);
    return { is: "applied" };
  }

  #whole(document: DocumentId): FeedItem[] {
    const filed = this.#documents.get(document);
    if (filed === undefined) return [];
    return [{ document, kind: filed.kind, channel: 0, what: "entered", changes: [...filed.changes.values()] }];
  }

  #sum(): Digest {
    let sum = Digest.EMPTY;
    for (const [document, { changes }] of this.#documents) {
      for (const change of changes.keys()) sum = Digest.plus(sum, Digest.ofChange(document, change));
    }
    return sum;
  }
}
