/**
 * A locked device: what is sealed to the hub is sent by whoever holds it, without passphrase, key or token.
 *
 * For a shell that has the rows of the table `sealed`, the lease's prefix and the hub's signing key, and nothing else: one
 * {@link Locked} for each user of the device. Pure, like everything here: {@link Locked.request} makes a frame of what fits
 * the link, {@link Locked.answer} reads what became of it, until no request is left. It pushes only: no cursor, no wants,
 * no decisions; what the hub orders is for the unlocked device. Rows are never changed or removed here: their owner's
 * device does so once it is told of its work itself, or the shell, when a second copy exists ({@link Locked.copied}).
 */
import type { PublicKey } from "../crypto.js";
import type { ActorPrefix, Hash, Position } from "../ids.js";
import { COURIER_PARCELS_MAX, REQUEST_PARCELS_MAX } from "../limits.js";
import type { SealingPublic } from "../sealing.js";
import { Answer, Fate } from "../wire/answer.js";
import type { ParcelReceipt } from "../wire/answer.js";
import { frame, fromCbor, read, toCbor } from "../wire/codec.js";
import type { CourierPart, Place, Reply } from "../wire/courier.js";
import { ExchangeRequest } from "../wire/exchange.js";
import { Parcel } from "../wire/parcel.js";
import { partOf, Series } from "./courier.js";
import { Draw } from "./event.js";
import { Stopped, orNull, orStop } from "./reading.js";

/** What became of one sealed parcel. */
export type SealedFate =
  /**
   * The hub has all of it: applied, held for a person, known before, or erased. It need not be sent again. `position`:
   * where it stands in the log.
   */
  | { readonly is: "kept"; readonly position: Position }
  /** Some of it must wait for other work, such as a colleague's: to be sent again after that. */
  | { readonly is: "waits" }
  /** The hub does not take some or all of it: sending it again changes nothing, the unlocked device does better. */
  | { readonly is: "refused"; readonly code: string; readonly sentence: string };

/** One user's sealed parcels, while the device is locked. */
export class Locked {
  readonly #lease: ActorPrefix;
  readonly #hub: PublicKey;
  /** Still to be sent, by counter. */
  readonly #rows = new Map<number, { readonly parcel: Parcel; readonly size: number }>();
  /** On their way. */
  readonly #sent = new Map<Hash, number>();
  readonly #fates = new Map<number, SealedFate>();
  /** Rows that are no parcels. */
  readonly #damaged: number[] = [];
  #copiedTo: Position = 0;

  /** From what a locked device has: the rows' counters and bytes, in any order. */
  constructor(lease: ActorPrefix, hub: PublicKey, rows: Iterable<readonly [number, Uint8Array]>) {
    this.#lease = lease;
    this.#hub = hub;
    for (const [counter, bytes] of [...rows].sort(([a], [b]) => a - b)) {
      const parcel = orNull(() => fromCbor(Parcel, bytes));
      if (parcel === null) this.#damaged.push(counter);
      else this.#rows.set(counter, { parcel, size: bytes.length });
    }
  }

  /**
   * The next request, oldest first, with as much as `budget` bytes carry: at least one parcel. A whole frame for
   * `POST /v1/exchange`; null when everything was sent. What was on its way and got no answer is sent again.
   */
  request(budget: number): Uint8Array | null {
    let bytes = 0;
    const parcels: Parcel[] = [];
    this.#sent.clear();
    for (const [counter, { parcel, size }] of this.#rows) {
      bytes += size;
      if (parcels.length >= REQUEST_PARCELS_MAX || (parcels.length > 0 && bytes > budget)) break;
      parcels.push(parcel);
      this.#sent.set(Parcel.hash(parcel), counter);
    }
    if (parcels.length === 0) return null;
    const request = this.#pushing(parcels);
    return frame("exchangeRequest", ExchangeRequest, request);
  }

  #pushing(parcels: readonly Parcel[]): ExchangeRequest {
    return {
      lease: this.#lease,
      token: null,
      cursor: null,
      parcels,
      budget: 0,
      wants: [],
      repair: null,
      renewal: null,
      configuration: 0,
      decidedTo: 0,
      marks: null,
      returns: [],
      signedLease: null,
    };
  }

  /**
   * What is still to be sent as the next part of a courier file, the oldest first, with at most `room` bytes of parcels; and
   * the row of the series, to be stored before the part is given away. `series`: that row, from the last time. Null when
   * nothing is to be sent. `seed`: 32 fresh random bytes. Throws `CryptoError` when the hub's key is none.
   */
  async export(
    place: Place,
    hub: SealingPublic,
    series: Uint8Array | null,
    room: number,
    seed: Uint8Array,
  ): Promise<{ readonly part: CourierPart; readonly series: Uint8Array } | null> {
    let bytes = 0;
    const parcels: Parcel[] = [];
    for (const { parcel, size } of this.#rows.values()) {
      bytes += size;
      if (parcels.length >= COURIER_PARCELS_MAX || (parcels.length > 0 && bytes > room)) break;
      parcels.push(parcel);
    }
    if (parcels.length === 0) return null;
    const draw = new Draw(seed);
    const stored = series === null ? null : orNull(() => fromCbor(Series, series));
    const before = stored ?? Series.begin(() => draw.bytes(seed.length));
    const next = await Series.next(before, place, parcels, this.#pushing([]), hub, draw.bytes(seed.length));
    return { part: next.part, series: toCbor(Series, next.series) };
  }

  /**
   * Reads a return file as an answer to everything that is sealed; says which numbers of the series have not come to the
   * hub, as first and last of each run. `series`: the row that {@link Locked.export} gave. Throws {@link Stopped}, for the
   * person, when it is no answer to a file that was made here while the device was locked.
   */
  async take(bytes: Uint8Array, series: Uint8Array): Promise<Reply["missing"]> {
    const { file, index } = partOf(bytes, this.#lease);
    const reply = await Series.open(orStop(() => fromCbor(Series, series)), file, index);
    this.#sent.clear();
    for (const [counter, { parcel }] of this.#rows) this.#sent.set(Parcel.hash(parcel), counter);
    this.answer(reply.answer);
    return reply.missing;
  }

  /**
   * Reads the answer to the last request: what it names is not sent again, except what waits. Throws {@link Stopped}, for
   * the person, when the hub did not sign it, it is for another lease, or it answers nothing of what was sent; then
   * nothing of it was used and the request may be repeated.
   */
  answer(bytes: Uint8Array): void {
    const answer = orStop(() => read("answer", Answer, bytes));
    const { receipt } = orStop(() => Answer.open(answer, this.#hub));
    if (receipt.lease !== this.#lease) {
      throw new Stopped("the answer is for another device; nothing of it was used: please send again");
    }
    const fates = receipt.parcels.flatMap((parcel) => {
      const counter = this.#sent.get(parcel.manifest);
      return counter === undefined ? [] : [[counter, fateOf(parcel)] as const];
    });
    if (fates.length === 0) throw new Stopped("the answer is about nothing that was sent: please send again");
    for (const [counter, fate] of fates) {
      this.#rows.delete(counter);
      this.#fates.set(counter, fate);
    }
    this.#sent.clear();
    this.#copiedTo = receipt.copiedTo;
  }

  /** What became of each parcel that the hub answered, by counter. */
  fates(): (readonly [number, SealedFate])[] {
    return [...this.#fates].sort(([a], [b]) => a - b);
  }

  /** How many are still to be sent. */
  get left(): number {
    return this.#rows.size;
  }

  /** Counters of rows that cannot be read: damaged on the device. The others are sent all the same. */
  damaged(): readonly number[] {
    return this.#damaged;
  }

  /**
   * Counters of what is kept at the hub and exists there a second time: these rows may be removed by a shell that knows
   * that their owner will never unlock the device.
   */
  copied(): number[] {
    const copied = this.fates().filter(([, fate]) => fate.is === "kept" && fate.position <= this.#copiedTo);
    return copied.map(([counter]) => counter);
  }
}

/** The worst of its changes' fates: what is refused comes before what waits, and that before what is kept. */
function fateOf({ refused, documents, position }: ParcelReceipt): SealedFate {
  if (refused !== null) return { is: "refused", code: refused[0], sentence: refused[1] };
  const fates = documents.flatMap((document) => document.runs.map((run) => run.fate));
  for (const fate of fates) {
    if (fate.is === "refused") return { is: "refused", code: fate.code, sentence: fate.sentence };
  }
  return position !== null && fates.every(Fate.isKept) ? { is: "kept", position } : { is: "waits" };
}
