/**
 * The rows of one user's device, sealed under that user's data key.
 *
 * Owns how they lie in the database: key `slot/hex of the row's key`, value AES-GCM with that name as associated data,
 * so that no row can be put in another's place or another user's. Rows of table 0x88 (work sealed to the hub) stand
 * outside of this encryption, in a table of their own, so that a locked app can send them. Everything is sealed before
 * a transaction is opened: IndexedDB ends one that waits. One batch is one transaction, with the lines of lists, drafts
 * and neighbours' rows that belong to it.
 */
import { openValue, sealValue } from "../vault/seal.js";
import { Database } from "./database.js";
import type { Op, Table } from "./database.js";
import { DamagedRow } from "./errors.js";
import { bytes, members, number } from "./shapes.js";

/** Rows of this table are not sealed under the user's key. */
export const SEALED_TABLE = "88";
/** Tables from this one on are cold. */
const COLD_TABLE = "80";
/** Values opened at the same time: enough to keep the browser's threads busy, few enough not to hold a whole register. */
const OPENED_AT_ONCE = 256;

/** One line of a batch: a row's key in hexadecimal, and its bytes; null: remove it. */
export interface RowWrite {
  readonly key: string;
  readonly bytes: Uint8Array | null;
}

/** What else stands in the same transaction: by document, sealed here; null: remove. */
export interface Beside {
  readonly summaries?: ReadonlyMap<string, Uint8Array | null>;
  readonly drafts?: ReadonlyMap<string, Uint8Array | null>;
  /** Lines as they are. */
  readonly ops?: readonly Op[];
}

/** Rows read together: those that could be read, and the keys of those that could not. */
export interface Rows {
  readonly rows: readonly (readonly [string, Uint8Array])[];
  readonly damaged: readonly string[];
}

/** A row of sealed work: what is sent, and where the hub said that it stands, once it did. */
export interface SealedRow {
  readonly slot: string;
  /** The row's key in hexadecimal. */
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly position: number | null;
}

/** The store of one user. */
export class UserStore {
  constructor(
    readonly db: Database,
    readonly slot: string,
    private readonly data: CryptoKey,
  ) {}

  /** Every row that is read when a device is opened. */
  hotRows(): Promise<Rows> {
    return this.#range("rows", `${this.slot}/`, `${this.slot}/${COLD_TABLE}`);
  }

  /** One row; null: there is none. Throws {@link DamagedRow}. */
  async load(key: string): Promise<Uint8Array | null> {
    if (key.startsWith(SEALED_TABLE)) {
      const row = readSealed(this.slot, key, await this.db.get("sealed", `${this.slot}/${key}`));
      return row?.bytes ?? null;
    }
    return this.#get("rows", key);
  }

  /** The lines of lists, by document. */
  summaries(): Promise<Rows> {
    const { key, to } = Database.within(`${this.slot}/`);
    return this.#range("summaries", key, to);
  }

  /** Drafts, by document. */
  drafts(): Promise<Rows> {
    const { key, to } = Database.within(`${this.slot}/`);
    return this.#range("drafts", key, to);
  }

  /** Writes a batch and what belongs to it: all of it is durable when this resolves, or nothing. */
  async write(batch: readonly RowWrite[], beside: Beside = {}): Promise<void> {
    const ops = await Promise.all([
      ...batch.map((row) => this.#row(row)),
      ...[...(beside.summaries ?? [])].map(([document, plain]) => this.#line("summaries", document, plain)),
      ...[...(beside.drafts ?? [])].map(([document, plain]) => this.#line("drafts", document, plain)),
    ]);
    await this.db.commit([...ops, ...(beside.ops ?? [])]);
  }

  async #row(row: RowWrite): Promise<Op> {
    if (!row.key.startsWith(SEALED_TABLE)) return this.#line("rows", row.key, row.bytes);
    const key = `${this.slot}/${row.key}`;
    if (row.bytes === null) return { table: "sealed", key };
    return { table: "sealed", key, value: { bytes: row.bytes, position: null } };
  }

  async #line(table: Table, key: string, plain: Uint8Array | null): Promise<Op> {
    const full = `${this.slot}/${key}`;
    if (plain === null) return { table, key: full };
    return { table, key: full, value: await sealValue(this.data, `${table}/${full}`, plain) };
  }

  async #get(table: Table, key: string): Promise<Uint8Array | null> {
    const full = `${this.slot}/${key}`;
    let found: unknown;
    try {
      found = await this.db.get(table, full);
    } catch {
      throw new DamagedRow(key);
    }
    return found === undefined ? null : this.#opened(table, full, key, found);
  }

  async #opened(table: Table, full: string, key: string, value: unknown): Promise<Uint8Array> {
    const sealed = bytes(value);
    if (sealed === null) throw new DamagedRow(key);
    try {
      return await openValue(this.data, `${table}/${full}`, sealed);
    } catch {
      throw new DamagedRow(key);
    }
  }

  async #range(table: Table, from: string, to: string): Promise<Rows> {
    const found = await this.db.range(table, from, to);
    const rows: (readonly [string, Uint8Array])[] = [];
    const damaged: string[] = [];
    for (let at = 0; at < found.length; at += OPENED_AT_ONCE) {
      const part = found.slice(at, at + OPENED_AT_ONCE).map(async ([full, value]) => {
        const key = full.slice(this.slot.length + 1);
        try {
          rows.push([key, await this.#opened(table, full, key, value)]);
        } catch {
          damaged.push(key);
        }
      });
      await Promise.all(part);
    }
    return { rows: rows.sort(([a], [b]) => (a < b ? -1 : 1)), damaged };
  }
}

function readSealed(slot: string, key: string, value: unknown): SealedRow | null {
  const row = members(value);
  const sealed = bytes(row?.get("bytes"));
  return sealed === null ? null : { slot, key, bytes: sealed, position: number(row?.get("position")) };
}

/** All sealed work of this device, of every user. Needs no key. */
export async function sealedRows(db: Database): Promise<readonly SealedRow[]> {
  const { key, to } = Database.within("");
  const found = await db.range("sealed", key, to);
  return found.flatMap(([full, value]) => {
    const [slot = "", rest = ""] = full.split("/");
    return readSealed(slot, rest, value) ?? [];
  });
}

/** The key, in the table of the device's own rows, of the courier files that colleagues made of a user's sealed work. */
export function seriesKey(slot: string): string {
  return `courier/${slot}`;
}

/** The line that notes where the hub keeps a sealed row, or removes it once it stands in two places. */
export function noteSealed(row: SealedRow, position: number | null): Op {
  const key = `${row.slot}/${row.key}`;
  return position === null ? { table: "sealed", key } : { table: "sealed", key, value: { bytes: row.bytes, position } };
}
