/**
 * Room for the intakes of a burst: blocks of random bytes that stand in the database and are released one by one when
 * the browser says that it is full. Random, because a database that compresses would keep no room with zeros. Owns the
 * blocks; refuses to fill them while the rest would be short.
 */
import {
  INTAKE_BYTES,
  RESERVE_BLOCK_BYTES,
  RESERVE_INTAKES,
  RESERVE_MARGIN_BYTES,
} from "../limits.js";
import { concat, randomBytes } from "../vault/bytes.js";
import { Database } from "./database.js";

const BLOCKS = Math.ceil((RESERVE_INTAKES * INTAKE_BYTES) / RESERVE_BLOCK_BYTES);
/** The most that a browser draws at once (Web Cryptography, getRandomValues). */
const DRAWN_AT_ONCE = 65_536;

function block(): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let left = RESERVE_BLOCK_BYTES; left > 0; left -= DRAWN_AT_ONCE) {
    parts.push(randomBytes(Math.min(left, DRAWN_AT_ONCE)));
  }
  return concat(parts);
}

function keyOf(number: number): string {
  return number.toString().padStart(4, "0");
}

/** The reserve of this database. */
export class Reserve {
  constructor(readonly db: Database) {
    db.addRoom(() => this.#release());
  }

  /** Bytes kept free for intakes. */
  async bytes(): Promise<number> {
    const { key, to } = Database.within("");
    return (await this.db.keys("reserve", key, to)).length * RESERVE_BLOCK_BYTES;
  }

  async #release(): Promise<boolean> {
    const { key, to } = Database.within("");
    const last = (await this.db.keys("reserve", key, to)).at(-1);
    if (last === undefined) return false;
    await this.db.transact([{ table: "reserve", key: last }]);
    return true;
  }

  /** Fills the reserve as far as there is room; `free`: bytes that the browser still allows, null: it does not say. */
  async fill(free: number | null): Promise<void> {
    const { key, to } = Database.within("");
    const there = new Set(await this.db.keys("reserve", key, to));
    let room = free ?? Number.POSITIVE_INFINITY;
    for (let number = 0; number < BLOCKS; number += 1) {
      if (there.has(keyOf(number))) continue;
      room -= RESERVE_BLOCK_BYTES;
      if (room < RESERVE_MARGIN_BYTES) return;
      try {
        await this.db.transact([{ table: "reserve", key: keyOf(number), value: block() }]);
      } catch {
        return;
      }
    }
  }
}
