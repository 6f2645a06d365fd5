/**
 * What colleagues of this device recorded: left for each of them when it is committed, handed to their state machine
 * when they unlock. Owns what is in such a row; never an annex, and nothing goes to the hub from here: its writer sends
 * it. Sealed for each colleague with `vault/door.ts`.
 */
import type { Neighbour, Report } from "@segin/sync-protocol";
import { NEIGHBOURS_AT_ONCE } from "../limits.js";
import type { Database, Op } from "../store/database.js";
import { members, text } from "../store/shapes.js";
import { leaveTonight, nextTonight, tonightAfter } from "../store/tonight.js";
import { leaveFor, takeLeft } from "../vault/door.js";
import { fromUtf8, toHex, utf8 } from "../vault/bytes.js";
import { kindOf } from "./kinds.js";
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

  /**
   * Hands in what is new for this user. What is not taken yet (it builds on something that only the hub has) comes with
   * the feed.
   */
  async take(session: Session): Promise<void> {
    const { slot, tonight } = session.record;
    const rows = await tonightAfter(this.db, tonight);
    for (let at = 0; at < rows.length; at += NEIGHBOURS_AT_ONCE) {
      const part = rows.slice(at, at + NEIGHBOURS_AT_ONCE);
      const neighbours: Neighbour[] = [];
      for (const row of part) {
        if (row.by === slot) continue;
        // A damaged row is passed over: the hub brings the same.
        const plain = await takeLeft(slot, session.keys, row.left).catch(() => null);
        const neighbour = plain === null ? null : readNeighbour(session, plain);
        if (neighbour !== null) neighbours.push(neighbour);
      }
      if (neighbours.length > 0) await session.driver.handle({ is: "neighbours", neighbours });
      // Noted after it is stored: handed in twice is passed over, not handed in would be missed.
      const record = this.roster.users.find((user) => user.slot === slot) ?? session.record;
      await this.roster.keep({ ...record, tonight: part.at(-1)?.key ?? record.tonight });
    }
  }
}

function readNeighbour(session: Session, plain: Uint8Array): Neighbour | null {
  const { protocol } = session.around;
  try {
    const parsed: unknown = JSON.parse(fromUtf8(plain));
    const row = members(parsed);
    const kind = kindOf(row?.get("kind"));
    const changes: unknown = row?.get("changes");
    const card = text(row?.get("card"));
    if (row === null || kind === null || !Array.isArray(changes)) return null;
    return {
      document: session.id(text(row.get("document")) ?? ""),
      kind,
      code: text(row.get("code")),
      card: card === null ? null : protocol.fromHex(card),
      changes: changes.filter((change) => typeof change === "string").map((change) => protocol.fromHex(change)),
    };
  } catch {
    return null;
  }
}
