/**
 * Courier files of this device: made for a person to carry, and the return file taken.
 *
 * The file has a part of the user at work (everything unsent, and a wish for news) and one for each colleague of this device
 * with sealed work that the hub is not known to have. Owns which parts a file has, and that what it takes to read its answer
 * is stored before the file is given away; what stands in a part is the sync protocol's. A return file is taken by whoever
 * of this device it is for; one that was cut, changed or is of another device changes nothing.
 */
import type { ReturnTaken } from "./contract.js";
import { COURIER_ROOM_BYTES } from "../limits.js";
import type { Database } from "../store/database.js";
import { bytes as bytesOf } from "../store/shapes.js";
import type { Enrolment, UserRecord } from "../store/record.js";
import { noteSealed, sealedRows, seriesKey } from "../store/user_store.js";
import type { SealedRow } from "../store/user_store.js";
import { plainBytes, randomBytes } from "../vault/bytes.js";
import type { Bytes } from "../vault/bytes.js";
import { refusal } from "./sentences.js";
import type { Protocol } from "./protocol.js";
import type { Session } from "./session.js";

/** Bytes of a file's id, and of a draw. */
const ID_BYTES = 16;
const DRAW_BYTES = 32;

/** Where a part of a file stands, and the part. */
export type Place = Parameters<Protocol["CourierPart"]["seal"]>[0];
export type CourierPart = Awaited<ReturnType<Protocol["CourierPart"]["seal"]>>;

/** The file's name: a day, nothing of the device or its people. */
export function courierName(now: number): string {
  return `segin-${new Date(now).toISOString().slice(0, 10)}.courier`;
}

/** Makes and takes files. */
export class Courier {
  constructor(
    private readonly db: Database,
    private readonly protocol: Protocol,
    private readonly session: Session,
    /** The others of this device. */
    private readonly others: readonly UserRecord[],
  ) {}

  /** Everything unsent of this device as one file. */
  async make(): Promise<{ readonly bytes: Bytes; readonly parcels: number }> {
    const { protocol, session } = this;
    const { hub, sealing } = session.driver.device;
    if (hub === null || sealing === null) throw refusal("no key");
    const rows = (await sealedRows(this.db)).filter((row) => row.position === null);
    const colleagues = this.#colleagues(hub, rows);
    const of = 1 + colleagues.length;
    const file = randomBytes(ID_BYTES);
    const room = Math.floor(COURIER_ROOM_BYTES / of);
    const parts = [await session.exportPart({ file, index: 0, of }, room)];
    for (const [at, { enrolment, slot, own }] of colleagues.entries()) {
      const locked = this.#locked(enrolment, own);
      const series = await this.#series(slot);
      const place = { file, index: 1 + at, of };
      const made = await locked.export(place, sealing, series, room, randomBytes(DRAW_BYTES));
      if (made === null) throw refusal("nothing sealed");
      await this.db.commit([{ table: "own", key: seriesKey(slot), value: plainBytes(made.series) }]);
      parts.push(made.part);
    }
    const bytes = protocol.CourierFile.toBytes({ hub: protocol.hubTag(hub), id: file, parts });
    return { bytes: plainBytes(bytes), parcels: parts.reduce((sum, part) => sum + part.parcels.length, 0) };
  }

  /** Takes a return file. Throws `EngineError`; nothing was changed then. */
  async take(file: Uint8Array): Promise<ReturnTaken> {
    const { protocol, session } = this;
    const rows = await sealedRows(this.db);
    let kept = 0;
    let refused: unknown = null;
    let isOurs = false;
    // Theirs first: they only note what is there already.
    for (const { slot, enrolment } of this.others) {
      const series = await this.#series(slot);
      const own = rows.filter((row) => row.slot === slot && row.position === null);
      if (enrolment === null || series === null || own.length === 0) continue;
      const locked = this.#locked(enrolment, own);
      try {
        await locked.take(file, series);
      } catch (error) {
        if (!(error instanceof protocol.Stopped)) throw error;
        continue;
      }
      isOurs = true;
      kept += await this.#note(locked.fates(), own);
    }
    try {
      const done = await session.takeReturn(file, await this.#series(session.record.slot));
      return { ...done, confirmed: done.confirmed + kept };
    } catch (error) {
      refused = error;
    }
    if (!isOurs) throw refused;
    return { confirmed: kept, held: 0, read: 0, missing: [] };
  }

  #colleagues(
    hub: Uint8Array,
    rows: readonly SealedRow[],
  ): { readonly slot: string; readonly enrolment: Enrolment; readonly own: readonly SealedRow[] }[] {
    return this.others.flatMap(({ slot, enrolment }) => {
      const own = rows.filter((row) => row.slot === slot);
      // One who is enrolled at another hub sends over the network.
      const isHere = enrolment?.hub.every((byte, at) => byte === hub[at]) === true;
      return enrolment === null || !isHere || own.length === 0 ? [] : [{ slot, enrolment, own }];
    });
  }

  #locked(enrolment: Enrolment, rows: readonly SealedRow[]): InstanceType<Protocol["Locked"]> {
    const sealed = rows.map((row) => [counterOf(row), row.bytes] as const);
    return new this.protocol.Locked(this.protocol.ActorPrefix.parse(enrolment.prefix), enrolment.hub, sealed);
  }

  async #series(slot: string): Promise<Bytes | null> {
    const stored = await this.db.get("own", seriesKey(slot));
    return stored === undefined || stored === null ? null : bytesOf(stored);
  }

  async #note(
    fates: ReturnType<InstanceType<Protocol["Locked"]>["fates"]>,
    rows: readonly SealedRow[],
  ): Promise<number> {
    const byCounter = new Map(rows.map((row) => [counterOf(row), row]));
    const ops = fates.flatMap(([counter, fate]) => {
      const row = byCounter.get(counter);
      return row === undefined || fate.is !== "kept" ? [] : [noteSealed(row, fate.position)];
    });
    await this.db.commit(ops);
    return ops.length;
  }
}

/** The counter of a row of table 0x88. */
function counterOf(row: SealedRow): number {
  return Number.parseInt(row.key.slice(2), 16);
}

