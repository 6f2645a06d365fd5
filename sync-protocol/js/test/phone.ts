/** A shell for tests that records a trace: a store in memory, and a link of which the test holds both ends. */
import { sha256 } from "@noble/hashes/sha2.js";

import { utf8 } from "../src/bytes.js";
import { Device } from "../src/device/index.js";
import type { Event, Inputs, Report } from "../src/device/index.js";
import type { Hub } from "./hub.js";
import { effectsOf, lineOf, Store } from "./traces.js";
import type { Line } from "./traces.js";

/** What the link carries in about four seconds, in bytes. */
const BUDGET = 64 * 1024;
const BEGIN = 1_714_488_300_000;

export class Phone {
  readonly store = new Store();
  readonly reports: Report[] = [];
  readonly lines: Line[] = [];
  /** Requests that nobody answered yet. */
  readonly sent: { readonly number: number; readonly bytes: Uint8Array }[] = [];
  device: Device;
  readonly #name: string;
  #turns = 0;

  constructor(name: string) {
    this.#name = name;
    this.device = Device.open([], { now: 0, seed: new Uint8Array(32) });
  }

  #inputs(): Inputs {
    this.#turns += 1;
    return { now: BEGIN + this.#turns * 1_000, seed: sha256(utf8(`${this.#name} ${this.#turns}`)) };
  }

  /** Hands in an event and, before the rows that it asks for are read, others; does what follows, but for the network. */
  async give(event: Event, ...meanwhile: readonly Event[]): Promise<void> {
    let loaded = await this.#turn(event);
    for (const other of meanwhile) loaded = (await this.#turn(other)) ?? loaded;
    while (loaded !== null) loaded = await this.#turn(loaded);
  }

  /** One turn; gives the rows that it asked for. */
  async #turn(event: Event): Promise<Event | null> {
    const inputs = this.#inputs();
    const effects = await this.device.handle(event, inputs);
    this.lines.push(lineOf(event, inputs, effectsOf(effects)));
    this.store.do(effects);
    let loaded: Event | null = null;
    for (const effect of effects) {
      if (effect.is === "load") loaded = { is: "loaded", rows: effect.keys.map((key) => [key, this.store.get(key)]) };
      if (effect.is === "send") this.sent.push(effect);
      if (effect.is === "report") this.reports.push(effect.report);
    }
    return loaded;
  }

  /** The phone dies and starts again. */
  restart(): void {
    this.sent.length = 0;
    const inputs = this.#inputs();
    this.device = Device.open(this.store.hot(), inputs);
    this.lines.push(lineOf("opened", inputs, []));
  }

  /** Answers what was sent until nothing more is. */
  async goOn(hub: Hub): Promise<void> {
    for (let request = this.sent.shift(); request !== undefined; request = this.sent.shift()) {
      const { number } = request;
      const bytes = this.device.lease === null ? hub.enrol(request.bytes) : hub.exchange(request.bytes);
      await this.give({ is: "answer", number, bytes, budget: BUDGET });
    }
  }

  async sync(hub: Hub): Promise<void> {
    await this.give({ is: "sync", budget: BUDGET });
    await this.goOn(hub);
  }

  /** The link is cut: nothing that was sent is answered. */
  async cut(): Promise<void> {
    for (let request = this.sent.shift(); request !== undefined; request = this.sent.shift()) {
      await this.give({ is: "failed", number: request.number, reason: "the link was cut" });
    }
  }
}
