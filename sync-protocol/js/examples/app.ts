/** A field app in a hundred lines: it enrols, records, syncs with a hub, and shows the hub's receipts. */
import { Device, EditRequest, Key, KeptReceipt, view, wire } from "@segin/sync-protocol";
import type { DocumentId, Edit, Effect, Event, Inputs, Kind, Report, View, Write } from "@segin/sync-protocol";

/** Bytes that the link carries in about four seconds; a real app measures each exchange. */
const BUDGET = 64 * 1024;

/** What is kept. In memory here: a real app writes each batch in one transaction, encrypted (but table `sealed`). */
export class Store {
  readonly #rows = new Map<string, Uint8Array>();

  write(batch: readonly Write[]): void {
    for (const write of batch) {
      if (write.is === "put") this.#rows.set(name(write.key), write.bytes);
      else this.#rows.delete(name(write.key));
    }
  }

  read(key: Key): Uint8Array | null {
    return this.#rows.get(name(key)) ?? null;
  }

  /** The rows that a device is opened with. */
  hot(): (readonly [Key, Uint8Array])[] {
    return [...this.#rows].flatMap(([text, bytes]) => {
      const key = Key.fromBytes(Uint8Array.from(text, (character) => character.charCodeAt(0)));
      return key !== null && Key.isHot(key) ? [[key, bytes] as const] : [];
    });
  }

  erase(): void {
    this.#rows.clear();
  }
}

const name = (key: Key): string => String.fromCharCode(...Key.toBytes(key));

/** The clock, and 32 random bytes that are used once. */
const inputs = (): Inputs => ({ now: Date.now(), seed: crypto.getRandomValues(new Uint8Array(32)) });

export class App {
  readonly #device: Device;

  /** `hub`: where it is, e.g. `https://hub.example.org`. */
  constructor(
    readonly hub: string,
    readonly store: Store,
  ) {
    this.#device = Device.open(store.hot(), inputs());
  }

  /** An invitation, as typed or scanned, makes this device one of the user's. */
  enrol(invitation: string): Promise<readonly Report[]> {
    return this.#run({ is: "enrol", invitation: wire.Invitation.parse(invitation) });
  }

  /** A new document of these edits. It is stored when this resolves, whether there is a network or not. */
  record(kind: Kind, edits: readonly Edit[]): Promise<readonly Report[]> {
    return this.#run({ is: "edit", requests: [EditRequest.begin(kind, edits)] });
  }

  /** More on a document, as it was shown. */
  change(document: DocumentId, kind: Kind, shown: View, edits: readonly Edit[]): Promise<readonly Report[]> {
    return this.#run({ is: "edit", requests: [EditRequest.change(document, kind, shown.heads, edits)] });
  }

  /** Exchanges with the hub until both have all. */
  sync(): Promise<readonly Report[]> {
    return this.#run({ is: "sync", budget: BUDGET });
  }

  /** How a document reads, with what colleagues wrote. */
  read(document: DocumentId, kind: Kind): View | null {
    const saved = this.store.read({ is: "copy", document });
    return saved === null ? null : view(kind, saved);
  }

  /** The hub's receipts: signed, and checked again with the key of the hub at which this device was enrolled. */
  receipts(): wire.Receipt[] {
    const { hub } = this.#device;
    return this.#device.parcels().flatMap(([number]) => {
      const row = this.store.read({ is: "receipt", number });
      if (row === null || hub === null) return [];
      const { receipt, signature } = wire.fromCbor(KeptReceipt, row);
      return [wire.verifyReceipt(receipt, signature, hub)];
    });
  }

  /** Hands in an event, does the effects in their order, and goes on until nothing is left to do. */
  async #run(first: Event): Promise<readonly Report[]> {
    const reports: Report[] = [];
    const events = [first];
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      for (const effect of await this.#device.handle(event, inputs())) {
        if (effect.is === "report") reports.push(effect.report);
        else if (effect.is === "store") this.store.write(effect.batch);
        else if (effect.is === "load") events.push({ is: "loaded", rows: effect.keys.map((key) => [key, this.store.read(key)]) });
        else if (effect.is === "send") events.push(await this.#post(effect));
        else if (effect.is === "wipe") {
          this.store.erase();
          this.store.write(effect.then);
        }
      }
    }
    return reports;
  }

  async #post({ number, to, bytes }: Extract<Effect, { is: "send" }>): Promise<Event> {
    try {
      const headers = { "content-type": "application/cbor" };
      const answer = await fetch(`${this.hub}/v1/${to}`, { method: "POST", headers, body: Uint8Array.from(bytes) });
      if (!answer.ok) return { is: "failed", number, reason: await answer.text() };
      return { is: "answer", number, bytes: new Uint8Array(await answer.arrayBuffer()), budget: BUDGET };
    } catch {
      return { is: "failed", number, reason: "the hub was not reached" };
    }
  }
}
