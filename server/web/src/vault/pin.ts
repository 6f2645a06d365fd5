/**
 * PINs: six digits that open a user's keys again until the app is restarted. Owns the data keys wrapped under them,
 * in memory only, and the count of wrong tries; after {@link PIN_TRIES_MAX} the PIN is forgotten and the passphrase is
 * wanted. Refuses to write anything anywhere.
 */
import { PIN_TRIES_MAX } from "../limits.js";
import { openKeys } from "./keys.js";
import type { OpenKeys, StoredKeys, WrappedKey } from "./keys.js";
import { pinDerivation } from "./passphrase.js";

interface Pin {
  readonly wrapped: WrappedKey;
  triesLeft: number;
}

/** The PINs set since the app was started. */
export class Pins {
  readonly #pins = new Map<string, Pin>();

  /** Sets a user's PIN, in the place of an earlier one. */
  async set(user: string, keys: OpenKeys, pin: string): Promise<void> {
    this.#pins.set(user, { wrapped: await keys.wrap(pin, pinDerivation()), triesLeft: PIN_TRIES_MAX });
  }

  /** Wrong tries left; 0: there is no PIN. */
  triesLeft(user: string): number {
    return this.#pins.get(user)?.triesLeft ?? 0;
  }

  /** Opens a user's keys; null when the PIN is wrong or there is none. */
  async open(user: string, stored: StoredKeys, pin: string): Promise<OpenKeys | null> {
    const held = this.#pins.get(user);
    if (held === undefined) return null;
    // Counted before it is tried: two tries at once count as two.
    held.triesLeft -= 1;
    if (held.triesLeft <= 0) this.#pins.delete(user);
    const keys = await openKeys({ ...stored, data: held.wrapped }, pin);
    if (keys !== null) {
      held.triesLeft = PIN_TRIES_MAX;
      this.#pins.set(user, held);
    }
    return keys;
  }

  /** Forgets a user's PIN. */
  forget(user: string): void {
    this.#pins.delete(user);
  }
}
