/**
 * One turn: what an event changed, gathered into one batch, and the effects that follow it.
 *
 * State in memory is changed at once and marked here; when the turn ends, each marked row is written as it then stands,
 * or deleted if it is gone. So memory and store cannot drift apart.
 */
import type { DocumentId, Millis } from "../ids.js";
import { Draw } from "./event.js";
import type { Effect, Endpoint, Inputs, Report } from "./event.js";
import { Key } from "./rows.js";
import type { Write } from "./rows.js";

/** The batch and the effects of one event. */
export class Turn {
  readonly now: Millis;
  readonly draw: Draw;
  /** By `Key.order`, the order in which they are written. */
  readonly #changed = new Map<string, Key>();
  readonly #cold = new Map<string, Write>();
  #after: Effect[] = [];
  /** Everything is erased and these rows are stored instead. */
  #wiped: readonly Write[] | null = null;

  constructor(inputs: Inputs) {
    this.now = inputs.now;
    this.draw = new Draw(inputs.seed);
  }

  /** Marks a hot row: it is written as it stands when the turn ends. */
  mark(key: Key): void {
    this.#changed.set(Key.order(key), key);
  }

  /** Writes a cold row. */
  put(key: Key, bytes: Uint8Array): void {
    this.#cold.set(Key.order(key), { is: "put", key, bytes });
  }

  /** Removes a cold row. */
  delete(key: Key): void {
    this.#cold.set(Key.order(key), { is: "delete", key });
  }

  entry(document: DocumentId): void {
    this.mark({ is: "entry", document });
  }

  progress(): void {
    this.mark({ is: "progress" });
  }

  report(report: Report): void {
    this.#after.push({ is: "report", report });
  }

  load(keys: readonly Key[]): void {
    this.#after.push({ is: "load", keys });
  }

  send(number: number, to: Endpoint, bytes: Uint8Array): void {
    this.#after.push({ is: "send", number, to, bytes });
  }

  carry(part: Uint8Array): void {
    this.#after.push({ is: "carry", part });
  }

  /** Everything is erased; what this turn would have stored or sent is not. */
  wipe(then: readonly Write[]): void {
    this.#wiped = then;
    this.#after = this.#after.filter((effect) => effect.is === "report");
  }

  /** The effects: the batch first, then the rest in its order. `row`: the bytes of a hot row as it stands. */
  finish(row: (key: Key) => Uint8Array | null): readonly Effect[] {
    if (this.#wiped !== null) return [{ is: "wipe", then: this.#wiped }, ...this.#after];
    const hot = inOrder(this.#changed).map((key): Write => {
      const bytes = row(key);
      return bytes === null ? { is: "delete", key } : { is: "put", key, bytes };
    });
    const batch = [...hot, ...inOrder(this.#cold)];
    return batch.length === 0 ? this.#after : [{ is: "store", batch }, ...this.#after];
  }
}

function inOrder<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
