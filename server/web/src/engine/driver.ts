/**
 * The driver: does what the state machine says on a store, and hands out what is for the network and the person. The
 * same as `field/driver.rs` of the headless device. Owns the order: effects one after the other, each to its end before
 * the next; events one at a time. After a failed write the device in memory is dropped and opened again from the store,
 * which alone knows what is true.
 */
import type { Device, Effect, Event, Key, Report, Write } from "@segin/sync-protocol";
import { LOADS_PER_EVENT_MAX } from "../limits.js";
import { DamagedRow } from "../store/errors.js";
import type { Beside, UserStore } from "../store/user_store.js";
import { randomBytes } from "../vault/bytes.js";
import type { Protocol } from "./protocol.js";

/** A request to be posted; its answer comes back as the event `answer` or `failed`. */
export type Outgoing = Extract<Effect, { readonly is: "send" }>;

/** What one event led to. */
export interface Step {
  readonly outgoing: Outgoing | null;
  /** A part of a courier file. */
  readonly carried: Uint8Array | null;
  readonly reports: readonly Report[];
}

/** What whoever hands in an event adds to its batch, once it is known what came of it. */
export type Extra = (reports: readonly Report[]) => Beside;

/** What the session adds to a batch and learns of it. */
export interface Companion {
  /** What belongs into the same transaction. `reports`: those of the turn; `extra`: as given with the event. */
  beside(batch: readonly Write[], reports: readonly Report[], extra: Extra | null): Promise<Beside>;
  /** The batch is stored. */
  stored(batch: readonly Write[], beside: Beside): void;
  /** Everything is to be erased, in an order that a crash cannot undo. */
  wipe(then: readonly Write[]): Promise<void>;
  /** A row cannot be read. */
  damaged(key: string): void;
}

const NOTHING: Companion = {
  beside: async () => ({}),
  stored: () => undefined,
  wipe: async () => undefined,
  damaged: () => undefined,
};

/** A device and its store. */
export class Driver {
  #device: Device;
  #companion: Companion = NOTHING;
  /** The event before. */
  #before: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly protocol: Protocol,
    private readonly store: UserStore,
    private readonly now: () => number,
    device: Device,
  ) {
    this.#device = device;
  }

  /** Opens a device from its store. Rows that cannot be read are named and left where they are. */
  static async open(
    protocol: Protocol,
    store: UserStore,
    now: () => number,
  ): Promise<{ driver: Driver; damaged: readonly string[] }> {
    const { device, damaged } = await openDevice(protocol, store, now);
    return { driver: new Driver(protocol, store, now, device), damaged };
  }

  /** Who adds to batches from now on. */
  accompany(companion: Companion): void {
    this.#companion = companion;
  }

  /** The device. */
  get device(): Device {
    return this.#device;
  }

  /** Hands in an event and does what follows, up to the network. */
  handle(event: Event, extra: Extra | null = null): Promise<Step> {
    return this.exclusive(() => this.#handle(event, extra));
  }

  /** Does something while no event is being handled. */
  exclusive<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#before.then(step);
    this.#before = result.catch(() => undefined);
    return result;
  }

  /** Drops the device in memory and opens it again from its store. Only within {@link Driver.exclusive}. */
  async reopen(): Promise<void> {
    this.#device = (await openDevice(this.protocol, this.store, this.now)).device;
  }

  async #handle(event: Event, extra: Extra | null): Promise<Step> {
    const reports: Report[] = [];
    let outgoing: Outgoing | null = null;
    let carried: Uint8Array | null = null;
    let next: Event | null = event;
    try {
      for (let loads = 0; next !== null && loads <= LOADS_PER_EVENT_MAX; loads += 1) {
        const inputs = { now: this.now(), seed: randomBytes(32) };
        const effects: readonly Effect[] = await this.#device.handle(next, inputs);
        next = null;
        const said = effects.flatMap((effect) => (effect.is === "report" ? [effect.report] : []));
        for (const effect of effects) {
          switch (effect.is) {
            case "store":
              await this.#store(effect.batch, said, extra);
              break;
            case "load":
              next = { is: "loaded", rows: await this.#load(effect.keys) };
              break;
            case "send":
              outgoing = effect;
              break;
            case "carry":
              carried = effect.part;
              break;
            case "wipe":
              await this.#companion.wipe(effect.then);
              break;
            case "report":
              reports.push(effect.report);
              break;
          }
        }
      }
    } catch (error) {
      // Nothing that was not stored has happened: what is true stands in the store.
      await this.reopen();
      throw error;
    }
    return { outgoing, carried, reports };
  }

  async #store(batch: readonly Write[], reports: readonly Report[], extra: Extra | null): Promise<void> {
    const beside = await this.#companion.beside(batch, reports, extra);
    const rows = batch.map((write) => ({
      key: this.protocol.Key.order(write.key),
      bytes: write.is === "put" ? write.bytes : null,
    }));
    await this.store.write(rows, beside);
    this.#companion.stored(batch, beside);
  }

  async #load(keys: readonly Key[]): Promise<(readonly [Key, Uint8Array | null])[]> {
    const rows: (readonly [Key, Uint8Array | null])[] = [];
    for (const key of keys) rows.push([key, await this.read(key)]);
    return rows;
  }

  /** One row; null when there is none, and when it cannot be read: then the person and the hub are told. */
  async read(key: Key): Promise<Uint8Array | null> {
    try {
      return await this.store.load(this.protocol.Key.order(key));
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error;
      this.#companion.damaged(error.key);
      return null;
    }
  }
}

async function openDevice(
  protocol: Protocol,
  store: UserStore,
  now: () => number,
): Promise<{ device: Device; damaged: readonly string[] }> {
  const { rows, damaged } = await store.hotRows();
  const keyed = rows.flatMap(([hex, bytes]): (readonly [Key, Uint8Array])[] => {
    const key = protocol.Key.fromBytes(protocol.fromHex(hex));
    // Of a later version: left alone.
    return key === null ? [] : [[key, bytes]];
  });
  const device = protocol.Device.open(keyed, { now: now(), seed: randomBytes(32) });
  return { device, damaged };
}
