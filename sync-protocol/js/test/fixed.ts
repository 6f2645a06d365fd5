/**
 * Fixed values of every structure that travels, as in the Rust crate's `tests/wire_support`: the golden files of
 * `vectors/wire` hold their bytes. Secret keys are one byte repeated (1: hub, 2: Awa's phone, 3: the hub's
 * for sealing); identifiers likewise.
 */
import { readFileSync } from "node:fs";

import { concat, utf8 } from "../src/bytes.js";
import { SecretKey } from "../src/crypto.js";
import {
  ActorPrefix,
  ChainTag,
  ChangeHash,
  Channel,
  DocumentId,
  Hash,
  InstallationId,
  LogId,
  SiteCode,
  UserId,
  type CardToken,
  type Salt,
} from "../src/ids.js";
import * as wire from "../src/wire/answer.js";
import type { Order } from "../src/wire/answer.js";
import { SealingKey } from "../src/sealing.js";
import { Raw, toCbor } from "../src/wire/codec.js";
import { CourierPart, hubTag, ReturnPart } from "../src/wire/courier.js";
import type { Ask, CourierFile, Reply, ReturnFile } from "../src/wire/courier.js";
import { Digest } from "../src/wire/digest.js";
import { EnrolRequest, Invitation, type EnrolAnswer } from "../src/wire/enrolment.js";
import { Renewal, type ExchangeRequest, type Repair } from "../src/wire/exchange.js";
import { SignedLease, type Lease } from "../src/wire/lease.js";
import { commitment, Stated, Statement, type Manifest, type Named } from "../src/wire/manifest.js";
import { Parcel, type Content, type SealedContents } from "../src/wire/parcel.js";
import type { Mark, Marks, Return, Returned } from "../src/wire/returning.js";

/** One byte repeated. */
export function repeated(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** 2026-03-14 17:05 UTC, the second wave. */
export const EVENING = 1_773_507_900_000;

export const hubKey = SecretKey.fromBytes(repeated(1, 32));
export const userKey = SecretKey.fromBytes(repeated(2, 32));
export const LOG = LogId.fromBytes(repeated(0x10, 16));
export const INSTALLATION = InstallationId.fromBytes(repeated(0x11, 16));
export const USER = UserId.fromBytes(repeated(0x12, 16));
export const OTHER_USER = UserId.fromBytes(repeated(0x16, 16));
export const PREFIX = ActorPrefix.fromBytes(repeated(0x13, 8));
export const TOKEN: Salt = repeated(0x14, 16);
export const CASE = DocumentId.fromBytes(repeated(0x20, 16));
export const MOVEMENT = DocumentId.fromBytes(repeated(0x21, 16));
export const OTHER = DocumentId.fromBytes(repeated(0x22, 16));
export const CARD: CardToken = repeated(0x30, 12);
export const SEED: Salt = repeated(0x54, 16);

export const changeHash = (byte: number): ChangeHash => ChangeHash.fromBytes(repeated(byte, 32));
export const change = (byte: number): Raw => repeated(byte, 40);

export const site = SiteCode.parse("GOG");
export const channel = Channel.site(site);
export const digest = Digest.ofChange(CASE, changeHash(0x41));
export const invitation = Invitation.parse("7K3Q-M2XP-9WTA");

export const lease: Lease = {
  installation: INSTALLATION,
  user: USER,
  key: userKey.public(),
  prefix: PREFIX,
  letters: "K7",
  year: 26,
  site,
  name: "Awa T.",
  issued: EVENING,
};
export const signedLease = SignedLease.sign(lease, hubKey);

export const contents: readonly [Content, Content] = [
  { salt: repeated(0x50, 16), changes: [change(0x61), change(0x62)], card: CARD },
  { salt: repeated(0x51, 16), changes: [change(0x63)], card: null },
];

export const statement: Statement = { is: "held", log: LOG, position: 41, channel, digest };
export const everyStatement: readonly Statement[] = [
  statement,
  { is: "superseded", document: CASE, change: changeHash(0x45) },
  { is: "read", document: CASE, at: EVENING, times: 2 },
  { is: "vouched", key: userKey.public() },
  { is: "wipeDone", at: EVENING },
];
export const stated: Stated = { salt: repeated(0x52, 16), statement: Raw.of(Statement, statement) };

export const caseLine: Named = {
  document: CASE,
  kind: 1,
  commitment: commitment(repeated(0x50, 16), CASE, 1, [changeHash(0x41), changeHash(0x42)], CARD),
};
export const movementLine: Named = {
  document: MOVEMENT,
  kind: 2,
  commitment: commitment(repeated(0x51, 16), MOVEMENT, 2, [changeHash(0x43)], null),
};

export const firstManifest: Manifest = {
  installation: INSTALLATION,
  user: USER,
  counter: 1,
  previous: null,
  created: EVENING,
  site,
  documents: [caseLine, movementLine],
  statements: [],
};
export const firstParcel = Parcel.sign(firstManifest, contents, [], userKey);

export const nextManifest: Manifest = {
  ...firstManifest,
  counter: 3,
  previous: Parcel.hash(firstParcel),
  created: -1,
  documents: [],
  statements: [Stated.commitment(stated)],
};
export const statingParcel = Parcel.sign(nextManifest, [], [stated], userKey);

/** Of the hub; for tests only. */
export const sealingKey = SealingKey.fromBytes(repeated(3, 32));
export const sealedManifest: Manifest = {
  ...firstManifest,
  counter: 2,
  previous: Parcel.hash(firstParcel),
  statements: [Stated.commitment(stated)],
};
export const sealedContents: SealedContents = { documents: contents, statements: [stated] };
export const sealedParcel = await Parcel.seal(
  sealedManifest,
  sealedContents,
  userKey,
  sealingKey.public(),
  repeated(0x56, 32),
);

export const emptyRequest: ExchangeRequest = {
  lease: PREFIX,
  token: TOKEN,
  cursor: repeated(0x71, 12),
  parcels: [],
  budget: 65_536,
  wants: [],
  repair: null,
  renewal: null,
  configuration: 1,
  decidedTo: 40,
  marks: null,
  returns: [],
  signedLease: null,
};
export const pushingRequest: ExchangeRequest = { ...emptyRequest, parcels: [firstParcel, statingParcel] };
export const firstRequest: ExchangeRequest = {
  ...pushingRequest,
  token: null,
  cursor: null,
  budget: 0,
  configuration: 0,
  decidedTo: 0,
};
export const renewal = Renewal.sign(LOG, PREFIX, repeated(0x53, 16), userKey);
export const renewingRequest: ExchangeRequest = { ...emptyRequest, token: null, renewal };
export const wantingRequest: ExchangeRequest = { ...emptyRequest, wants: [CASE, MOVEMENT] };
export const repair: Repair = {
  channel,
  buckets: Array.from({ length: 256 }, (_, bucket) => (bucket === 0x20 ? digest : Digest.EMPTY)),
};
export const repairingRequest: ExchangeRequest = { ...emptyRequest, repair };

export const everyFate: readonly wire.Fate[] = [
  { is: "applied" },
  { is: "duplicate" },
  { is: "held", code: "scope" },
  { is: "waiting", changes: [changeHash(0x44)] },
  { is: "erased" },
  { is: "refused", code: "gate-length", sentence: "change 2: cut at byte 17" },
];
export const documentFate: wire.DocumentFate = {
  runs: everyFate.map((fate, at) => ({ count: at + 1, fate })),
  entered: [channel],
};
export const parcelReceipt: wire.ParcelReceipt = {
  manifest: Parcel.hash(firstParcel),
  position: 42,
  documents: [documentFate],
  refused: null,
};
export const refusedParcelReceipt: wire.ParcelReceipt = {
  manifest: Parcel.hash(firstParcel),
  position: null,
  documents: [],
  refused: ["parcel-sealed", "sealed parcels are not accepted by this version"],
};

/** As the hub fills it in before signing: `rest` and `leaves` are set by `Answer.sign`. */
export const emptyReceipt: wire.Receipt = {
  log: LOG,
  at: EVENING,
  head: 42,
  chain: Hash.fromBytes(repeated(0x15, 32)),
  copiedTo: 40,
  parcels: [],
  leaves: null,
  rest: Hash.fromBytes(repeated(0, 32)),
  lease: PREFIX,
};

export const quietRest: wire.Rest = {
  ...wire.Rest.EMPTY,
  channels: [channel],
  cursor: repeated(0x72, 12),
  digests: [digest],
  position: 42,
};

export const feed: readonly [wire.FeedItem, wire.FeedItem, wire.FeedItem] = [
  { document: CASE, kind: 1, channel: 0, what: "changes", changes: [change(0x61)] },
  { document: MOVEMENT, kind: 1, channel: 0, what: "entered", changes: [change(0x62), change(0x63)] },
  { document: OTHER, kind: 1, channel: 0, what: "left", changes: [] },
];
export const feedingRest: wire.Rest = {
  ...quietRest,
  seed: SEED,
  feed,
  more: true,
  digests: [],
  leases: [signedLease],
  position: null,
};

export const quietAnswer = wire.Answer.sign(emptyReceipt, quietRest, null, hubKey);
export const latestMark: Mark = { position: 40, tag: ChainTag.of(Hash.fromBytes(repeated(0x16, 32))) };
export const marks: Marks = {
  log: LOG,
  receipt: quietAnswer.receipt,
  signature: quietAnswer.signature,
  earlier: [
    latestMark,
    { position: 20, tag: ChainTag.of(Hash.fromBytes(repeated(0x17, 32))) },
  ],
};
export const markingRequest: ExchangeRequest = { ...emptyRequest, marks };
export const presentingRequest: ExchangeRequest = { ...firstRequest, signedLease };
export const sharingRest: wire.Rest = {
  ...quietRest,
  orders: [{ is: "showMarks" }],
  shared: 20,
  returned: [{ runs: [{ count: 1, fate: { is: "applied" } }], entered: [] }],
};

export const orders: readonly Order[] = [
  { is: "renew", challenge: repeated(0x53, 16) },
  { is: "channelClosed", channel },
  { is: "cloneSeen" },
  { is: "wipe", when: "after_receipts" },
  { is: "wipe", when: "at_once" },
  { is: "pending" },
  { is: "revoked" },
];
export const repairAnswer: wire.RepairAnswer = { channel: 0, documents: [[CASE, digest]], buckets: [0x20, 0x21] };
export const orderingRest: wire.Rest = {
  ...quietRest,
  orders,
  token: TOKEN,
  configuration: repeated(0x73, 20),
  repair: repairAnswer,
};

export const decided: wire.Decided = {
  position: 41,
  manifest: Parcel.hash(firstParcel),
  document: CASE,
  runs: [
    { count: 2, fate: { is: "applied" } },
    { count: 1, fate: { is: "refused", code: wire.DECIDED_REJECTED, sentence: "not this person" } },
  ],
  changes: [changeHash(0x41), changeHash(0x42), changeHash(0x45)],
  entered: [channel],
};
export const decidingRest: wire.Rest = { ...quietRest, decided: [decided], decidedTo: 42 };

/** The leaves of {@link feedingRest}, its changes standing for hashes 41, 42 and 43. */
export const leaves: readonly Hash[] = [
  wire.leaf(wire.leafSalt(SEED, 0), CASE, 1, [changeHash(0x41)]),
  wire.leaf(wire.leafSalt(SEED, 1), MOVEMENT, 1, [changeHash(0x42), changeHash(0x43)]),
  wire.leaf(wire.leafSalt(SEED, 2), OTHER, 1, []),
];

export const receiptingAnswer = wire.Answer.sign(
  { ...emptyReceipt, parcels: [parcelReceipt, refusedParcelReceipt] },
  quietRest,
  null,
  hubKey,
);
export const feedingAnswer = wire.Answer.sign(emptyReceipt, feedingRest, wire.leavesHash(leaves), hubKey);
/** The second item of {@link feedingRest}: of its two changes the hub has the first still. */
export const returnedDocument: Returned = {
  leaf: 1,
  document: MOVEMENT,
  kind: 1,
  channel,
  hashes: [changeHash(0x42), changeHash(0x43)],
  changes: [change(0x63)],
};
export const returned: Return = {
  proof: { receipt: feedingAnswer.receipt, signature: feedingAnswer.signature, seed: SEED, leaves },
  documents: [returnedDocument],
  authors: [signedLease],
};
export const returningRequest: ExchangeRequest = { ...emptyRequest, returns: [returned] };
export const orderingAnswer = wire.Answer.sign(emptyReceipt, orderingRest, null, hubKey);

export const enrolRequest = EnrolRequest.sign(invitation, INSTALLATION, userKey);
export const enrolAnswer: EnrolAnswer = {
  lease: signedLease,
  token: TOKEN,
  hub: hubKey.public(),
  log: LOG,
  configuration: repeated(0x73, 20),
  sealing: sealingKey.public(),
};

/** Of the device, for replies; for tests only. */
export const replyKey = SealingKey.fromBytes(repeated(4, 32));
export const ask: Ask = {
  series: repeated(0x5a, 16),
  number: 3,
  before: Hash.fromBytes(repeated(0x5b, 32)),
  replyTo: replyKey.public(),
  request: emptyRequest,
};
const courierId = repeated(0x57, 16);
const courierPlace = { file: courierId, index: 0, of: 1 };
export const courierPart = await CourierPart.seal(
  courierPlace,
  PREFIX,
  [sealedParcel],
  ask,
  sealingKey.public(),
  repeated(0x58, 32),
);
export const courierFile: CourierFile = { hub: hubTag(hubKey.public()), id: courierId, parts: [courierPart] };
export const reply: Reply = {
  number: 3,
  missing: [[2, 2]],
  answer: concat(utf8("SG\u0001\u0002"), toCbor(wire.Answer, quietAnswer)),
};
/** Both files as the Rust crate wrote them: its compressor's frames, so the hash is the committed one. */
export const carried: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("../../vectors/wire/courier.json", import.meta.url), "utf8"),
);
export const courierHash = Hash.parse(carried["hash of the courier file"] ?? "");
export const returnPart = await ReturnPart.seal(
  { courier: courierHash, index: 0, of: 1 },
  courierPart,
  reply,
  replyKey.public(),
  repeated(0x59, 32),
);
export const returnFile: ReturnFile = { courier: courierHash, parts: [returnPart] };
