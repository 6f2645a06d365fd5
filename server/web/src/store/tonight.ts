/**
 * What colleagues of this device recorded tonight: rows that only they open, kept until each of them has seen them.
 * Owns their order (a number that grows) and their end. What is in them is `engine/neighbours.ts`.
 */
import type { Left } from "../vault/door.js";
import type { Bytes } from "../vault/bytes.js";
import { TONIGHT_MILLIS } from "../limits.js";
import { Database } from "./database.js";
import type { Op } from "./database.js";
import { bytes, members, number, text } from "./shapes.js";

/** A row as it stands. */
export interface TonightRow {
  readonly key: string;
  /** Whose work it is: a slot. */
  readonly by: string;
  /** When it was left, by this device's clock. */
  readonly at: number;
  readonly left: Left;
}

const DIGITS = 12;

async function allKeys(db: Database): Promise<readonly string[]> {
  const { key, to } = Database.within("");
  return db.keys("tonight", key, to);
}

/** The key of the next row. */
export async function nextTonight(db: Database): Promise<string> {
  const last = Number.parseInt((await allKeys(db)).at(-1) ?? "0", 10);
  return (last + 1).toString().padStart(DIGITS, "0");
}

/** The transaction's line that leaves a row. */
export function leaveTonight(row: TonightRow): Op {
  const { key, ...value } = row;
  return { table: "tonight", key, value };
}

/** The rows after a key. Those that cannot be read are passed over: the hub brings the same. */
export async function tonightAfter(db: Database, after: string): Promise<readonly TonightRow[]> {
  const { to } = Database.within("");
  const found = await db.range("tonight", `${after} `, to);
  return found.flatMap(([key, value]) => readRow(key, value) ?? []);
}

/** The lines that take away what everybody has seen, what is too old, and what was left by who is no longer here. */
export async function tonightOver(
  db: Database,
  seen: ReadonlyMap<string, string>,
  now: number,
): Promise<readonly Op[]> {
  const rows = await tonightAfter(db, "");
  const isOver = (row: TonightRow): boolean => {
    if (!seen.has(row.by) || now - row.at > TONIGHT_MILLIS) return true;
    const waiting = Object.keys(row.left.keys).filter((slot) => slot !== row.by && seen.has(slot));
    return waiting.every((slot) => (seen.get(slot) ?? "") >= row.key);
  };
  const over = rows.filter(isOver);
  // The last one stays, so that numbers go on growing.
  const last = rows.at(-1)?.key;
  return over.filter((row) => row.key !== last).map((row) => ({ table: "tonight", key: row.key }));
}

function readRow(key: string, value: unknown): TonightRow | null {
  const row = members(value);
  const left = members(row?.get("left"));
  const by = text(row?.get("by"));
  const at = number(row?.get("at"));
  const point = bytes(left?.get("point"));
  const sealed = bytes(left?.get("sealed"));
  if (by === null || at === null || point === null || sealed === null) return null;
  const keys: Record<string, Bytes> = {};
  for (const [slot, wrapped] of members(left?.get("keys")) ?? []) {
    const found = bytes(wrapped);
    if (found !== null) keys[slot] = found;
  }
  return { key, by, at, left: { point, keys, sealed } };
}
