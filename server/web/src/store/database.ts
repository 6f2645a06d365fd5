/**
 * The one IndexedDB database: its tables, and transactions that are on disk whole or not at all.
 *
 * Owns the layout and making room when the browser says that there is none: blocks of the reserve are released first,
 * then what `makeRoom` can spare; what is left over is a {@link StoreError}, and nothing was written. Knows nothing of
 * keys or meaning: values come sealed (`user_store.ts`), except the clear record (`record.ts`).
 */
import { ROOM_TRIES_MAX } from "../limits.js";
import { StoreError, storeError } from "./errors.js";

/** The tables. `rows`: of each user's device; `sealed`: work sealed to the hub, outside of the user's encryption. */
export const TABLES = ["own", "rows", "sealed", "summaries", "drafts", "tonight", "reserve"] as const;
/** One of the tables. */
export type Table = (typeof TABLES)[number];

const NAME = "segin";
const VERSION = 1;

/** One line of a transaction; `value` undefined: delete. Ranges are deleted with `to`. */
export interface Op {
  readonly table: Table;
  readonly key: string;
  /** Up to this key, not included: only to delete. */
  readonly to?: string;
  readonly value?: unknown;
}

/** Frees some room; says whether it did. */
export type MakeRoom = () => Promise<boolean>;

/** What a request comes to. */
function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(failure(request.error));
  });
}

/** Resolves when the transaction is on disk. */
function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(failure(transaction.error));
  });
}

/** Aborted by hand a transaction has no error of its own. */
function failure(error: DOMException | null): DOMException {
  return error ?? new DOMException("the transaction was aborted", "AbortError");
}

/** The open database. */
export class Database {
  #db: IDBDatabase | null = null;
  readonly #makers: MakeRoom[] = [];

  constructor(readonly name: string = NAME) {}

  /** Adds a way to make room; asked in the order in which they were added. Returns how to take it away. */
  addRoom(make: MakeRoom): () => void {
    this.#makers.push(make);
    return () => {
      const at = this.#makers.indexOf(make);
      if (at >= 0) this.#makers.splice(at, 1);
    };
  }

  async #open(): Promise<IDBDatabase> {
    if (this.#db !== null) return this.#db;
    if (!("indexedDB" in globalThis)) throw new StoreError("store-missing");
    try {
      const opening = indexedDB.open(this.name, VERSION);
      opening.onupgradeneeded = () => {
        for (const table of TABLES) opening.result.createObjectStore(table);
      };
      const db = await answered(opening);
      // Another window with a newer version waits: this one closes, and opens again when it is used.
      db.onversionchange = () => this.close();
      db.onclose = () => {
        this.#db = null;
      };
      this.#db = db;
      return db;
    } catch (error) {
      throw storeError(error);
    }
  }

  /** Closes the connection; the next use opens it again. */
  close(): void {
    this.#db?.close();
    this.#db = null;
  }

  async #read<T>(read: (store: IDBObjectStore) => IDBRequest<T>, table: Table): Promise<T> {
    const db = await this.#open();
    try {
      return await answered(read(db.transaction(table).objectStore(table)));
    } catch (error) {
      throw storeError(error);
    }
  }

  /** One value; undefined: there is none. */
  get(table: Table, key: string): Promise<unknown> {
    return this.#read<unknown>((store) => store.get(key), table);
  }

  /** The keys from `from` up to `to`, not included, in order. */
  async keys(table: Table, from: string, to: string): Promise<readonly string[]> {
    const keys = await this.#read((store) => store.getAllKeys(IDBKeyRange.bound(from, to, false, true)), table);
    return keys.filter((key) => typeof key === "string");
  }

  /**
   * The values from `from` up to `to`, not included. A value that the browser cannot read comes as undefined: one
   * damaged file must not hide the others.
   */
  async range(table: Table, from: string, to: string): Promise<readonly (readonly [string, unknown])[]> {
    const keys = await this.keys(table, from, to);
    const range = IDBKeyRange.bound(from, to, false, true);
    const values = await this.#read<unknown[]>((store) => store.getAll(range), table).catch(() => null);
    if (values !== null && values.length === keys.length) {
      return keys.map((key, at): readonly [string, unknown] => [key, values[at]]);
    }
    const out: (readonly [string, unknown])[] = [];
    for (const key of keys) out.push([key, await this.get(table, key).catch(() => undefined)]);
    return out;
  }

  /** Writes all of it, durable when this resolves, or nothing. */
  async commit(ops: readonly Op[]): Promise<void> {
    if (ops.length === 0) return;
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#transact(ops);
        return;
      } catch (error) {
        const known = storeError(error);
        const isFull = known.code === "store-full";
        if (!isFull || tries >= ROOM_TRIES_MAX || !(await this.#makeRoom())) throw known;
      }
    }
  }

  async #makeRoom(): Promise<boolean> {
    for (const make of this.#makers) if (await make()) return true;
    return false;
  }

  /** Without making room: for those who make it. */
  async transact(ops: readonly Op[]): Promise<void> {
    try {
      await this.#transact(ops);
    } catch (error) {
      throw storeError(error);
    }
  }

  async #transact(ops: readonly Op[]): Promise<void> {
    const db = await this.#open();
    const tables = [...new Set(ops.map((op) => op.table))];
    const transaction = db.transaction(tables, "readwrite", { durability: "strict" });
    const done = ended(transaction);
    // Each failure also ends the transaction, whose own error is the one to be told.
    const requests: Promise<unknown>[] = [];
    try {
      for (const op of ops) {
        const store = transaction.objectStore(op.table);
        if (op.value !== undefined) requests.push(answered(store.put(op.value, op.key)));
        else if (op.to !== undefined) requests.push(answered(store.delete(IDBKeyRange.bound(op.key, op.to, false, true))));
        else requests.push(answered(store.delete(op.key)));
      }
    } catch (error) {
      transaction.abort();
      await Promise.allSettled([...requests, done]);
      throw error;
    }
    const [whole, ...settled] = await Promise.allSettled([done, ...requests]);
    const failed = settled.find((request) => request.status === "rejected");
    if (whole.status === "rejected") throw failed?.reason instanceof Error ? failed.reason : whole.reason;
  }

  /** Every key of a table with this prefix, as the range that `range`, `keys` and a deleting {@link Op} take. */
  static within(prefix: string): { readonly key: string; readonly to: string } {
    return { key: prefix, to: `${prefix}\uffff` };
  }
}
