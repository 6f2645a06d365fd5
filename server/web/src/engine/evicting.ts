/**
 * Making room when the store is full: readable copies that the hub has go, those entered longest ago first; their lines
 * stay in the lists, and the copy comes back when it is asked for. Refuses to touch anything unsent, held or a draft.
 */
import { EVICTED_AT_ONCE } from "../limits.js";
import { Database } from "../store/database.js";
import type { Op } from "../store/database.js";
import { stepOf } from "./lines.js";
import type { Session } from "./session.js";

/** The beginning of the keys of copies. */
const COPIES = "81";

/** Makes room out of a session's readable copies. */
export class Evicting {
  constructor(private readonly session: Session) {}

  /** Frees some; says whether it did. */
  async free(): Promise<boolean> {
    const { session } = this;
    const { Key } = session.around.protocol;
    const prefix = `${session.record.slot}/`;
    const { key, to } = Database.within(prefix + COPIES);
    const there = new Set(await session.around.db.keys("rows", key, to));
    const proofs = session.proofs();
    const lines = [...session.lines.all()].sort((a, b) => a.lastAt - b.lastAt);
    const ops: Op[] = [];
    for (const { document, position, closed } of lines) {
      if (ops.length >= EVICTED_AT_ONCE) break;
      const step = stepOf(document, position, proofs);
      if (closed || (step !== "hub" && step !== "two")) continue;
      const row = prefix + Key.order({ is: "copy", document: session.id(document) });
      if (there.has(row)) ops.push({ table: "rows", key: row });
    }
    if (ops.length === 0) return false;
    await session.around.db.transact(ops);
    return true;
  }
}
