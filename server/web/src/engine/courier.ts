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
import { sayReport } from "./reports.js";
import { refusal } from "./sentences.js";
import type { Protocol } from "./protocol.js";
import type { Roster } from "./roster.js";
import type { Session } from "./session.js";

/** Bytes of a file's id, and of a draw. */
const ID_BYTES = 16;
const DRAW_BYTES = 32;

/** Where a part of a file stands, and the part. */
export type Place = Parameters<Protocol["CourierPart"]["seal"]>[0];
export type CourierPart = Awaited<ReturnType<Protocol["CourierPart"]["seal"]>>;

/** A file, and how many parcels it holds. */
export interface CourierMade {
  readonly name: string;
  readonly bytes: Bytes;
  readonly parcels: number;
}

/** The file's name: a day, nothing of the device or its people. */
function courierName(now: number): string {
  return `segin-${new Date(now).toISOString().slice(0, 10)}.courier`;
}

/** Makes and takes files. */
export class Courier {
  constructor(
    private readonly db: Database,
    private readonly roster: Roster,
  ) {}

  /** Everything unsent of this device as one file. `now`: names it. */
  async make(session: Session, now: number): Promise<CourierMade> {
    const { protocol } = session.around;
    const { hub, sealing } = session.driver.device;
    if (hub === null || sealing === null) throw refusal("no key");
    const rows = (await sealedRows(this.db)).filter((row) => row.position === null);
    const colleagues = this.#colleagues(session, hub, rows);
    const of = 1 + colleagues.length;
    const file = randomBytes(ID_BYTES);
    const room = Math.floor(COURIER_ROOM_BYTES / of);
    const parts = [await exportPart(session, { file, index: 0, of }, room)];
    for (const [at, { enrolment, slot, own }] of colleagues.entries()) {
      const locked = lockedOf(protocol, enrolment, own);
      const series = await this.#series(slot);
      const place = { file, index: 1 + at, of };
      const made = await locked.export(place, sealing, series, room, randomBytes(DRAW_BYTES));
      if (made === null) throw refusal("nothing sealed");
      await this.db.commit([{ table: "own", key: seriesKey(slot), value: plainBytes(made.series) }]);
      parts.push(made.part);
    }
    const bytes = protocol.CourierFile.toBytes({ hub: protocol.hubTag(hub), id: file, parts });
    return { name: courierName(now), bytes: plainBytes(bytes), parcels: parts.reduce((sum, part) => sum + part.parcels.length, 0) };
  }

  /** Takes a return file. Throws `EngineError`; nothing was changed then. */
  async take(session: Session, file: Uint8Array): Promise<ReturnTaken> {
    const { protocol } = session.around;
    const rows = await sealedRows(this.db);
    let kept = 0;
    let refused: unknown = null;
    let isOurs = false;
    // Theirs first: they only note what is there already.
    for (const { slot, enrolment } of this.#others(session)) {
      const series = await this.#series(slot);
      const own = rows.filter((row) => row.slot === slot && row.position === null);
      if (enrolment === null || series === null || own.length === 0) continue;
      const locked = lockedOf(protocol, enrolment, own);
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
      const done = await takeReturn(session, file, await this.#series(session.record.slot));
      return { ...done, confirmed: done.confirmed + kept };
    } catch (error) {
      refused = error;
    }
    if (!isOurs) throw refused;
    return { confirmed: kept, held: 0, read: 0, missing: [] };
  }

  #colleagues(
    session: Session,
    hub: Uint8Array,
    rows: readonly SealedRow[],
  ): { readonly slot: string; readonly enrolment: Enrolment; readonly own: readonly SealedRow[] }[] {
    return this.#others(session).flatMap(({ slot, enrolment }) => {
      const own = rows.filter((row) => row.slot === slot);
      // One who is enrolled at another hub sends over the network.
      const isHere = enrolment?.hub.every((byte, at) => byte === hub[at]) === true;
      return enrolment === null || !isHere || own.length === 0 ? [] : [{ slot, enrolment, own }];
    });
  }

  /** The others of this device. */
  #others(session: Session): readonly UserRecord[] {
    return this.roster.users.filter((user) => user.slot !== session.record.slot);
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

function lockedOf(
  { ActorPrefix, Locked }: Protocol,
  { prefix, hub }: Enrolment,
  rows: readonly SealedRow[],
): InstanceType<Protocol["Locked"]> {
  const sealed = rows.map((row) => [counterOf(row), row.bytes] as const);
  return new Locked(ActorPrefix.parse(prefix), hub, sealed);
}

/** The counter of a row of table 0x88. */
function counterOf(row: SealedRow): number {
  return Number.parseInt(row.key.slice(2), 16);
}


/** Everything unsent of the user at work as the part at this place. Throws `EngineError`. */
async function exportPart({ driver, around }: Session, place: Place, room: number): Promise<CourierPart> {
  const { carried, reports } = await driver.handle({ is: "export", place, room });
  around.changed();
  if (carried !== null) return around.protocol.fromCbor(around.protocol.CourierPart, carried);
  const why = reports.flatMap((report) => (typeof report !== "string" && "NotExported" in report ? [report.NotExported.reason] : []));
  throw refusal(why[0] ?? "busy");
}

/** `outside`: what is kept of files that colleagues made of this user's work. Throws `EngineError`. */
async function takeReturn(session: Session, file: Uint8Array, outside: Uint8Array | null): Promise<ReturnTaken> {
  const step = await session.driver.handle({ is: "take", file, outside });
  let taken: ReturnTaken = { confirmed: 0, held: 0, read: 0, missing: [] };
  let failure: string | null = "busy";
  for (const report of step.reports) {
    sayReport(report, session.around.notices);
    if (typeof report === "string") continue;
    if ("CourierRefused" in report) failure = report.CourierRefused.reason;
    if ("CourierMissing" in report) taken = { ...taken, missing: report.CourierMissing.numbers };
    if ("CourierTaken" in report) {
      const { receipted: confirmed, held, fed: read } = report.CourierTaken;
      [taken, failure] = [{ ...taken, confirmed, held, read }, null];
    }
    // By order of the hub everything here is gone: there is nothing to be said of the file.
    if ("Wiped" in report) failure = null;
  }
  session.around.changed();
  if (failure !== null) throw refusal(failure);
  if (!session.isWiped) await session.readConfiguration();
  return taken;
}
