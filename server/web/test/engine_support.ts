/** The engine as its tests begin it: a page without a browser, a clock that stands, timers that nobody runs. */
import { IDBFactory } from "fake-indexeddb";
import { vi } from "vitest";
import type { Editing } from "../src/engine/contract.js";
import { FieldEngine } from "../src/engine/engine.js";
import * as protocol from "../src/engine/parts.js";
import { Database, TABLES } from "../src/store/database.js";
import { FakeHub } from "./fake_hub.js";

/** Everybody's passphrase, where a test does not say another. */
export const PHRASE = "le fleuve est haut";

/** One device and one hub. */
export class World {
  readonly hub = new FakeHub();
  now = Date.UTC(2026, 3, 24, 2, 0);
  /** Timers that are set, and never run by themselves. */
  readonly timers = new Map<number, { readonly step: () => void; readonly millis: number }>();

  constructor() {
    vi.restoreAllMocks();
    globalThis.indexedDB = new IDBFactory();
  }

  /** A page with the app: what a restart begins anew. */
  async start(): Promise<FieldEngine> {
    let next = 1;
    const engine = new FieldEngine({
      fetch: this.hub.fetch,
      now: () => this.now,
      timer: {
        set: (step, millis) => {
          this.timers.set(next, { step, millis });
          return next++;
        },
        clear: (timer) => this.timers.delete(timer),
      },
      random: () => 0.5,
      loadProtocol: async () => protocol,
      alone: async () => undefined,
      hints: () => undefined,
      watchUpdates: () => async () => undefined,
      storage: null,
    });
    await engine.start();
    return engine;
  }

  /** The same with somebody enrolled and working. */
  async enrolled(name = "Awa"): Promise<FieldEngine> {
    const engine = await this.start();
    await engine.enrol({ invitation: this.hub.invite(name), passphrase: PHRASE });
    return engine;
  }
}

/** The user's id. */
export function idOf(engine: FieldEngine, name: string): string {
  const card = engine.state.users.find((user) => user.name === name);
  if (card === undefined) throw new Error(`${name} is not enrolled`);
  return card.id;
}

/** Records a person. */
export async function record(
  engine: FieldEngine,
  given: string,
): Promise<{ document: string; code: string | null; editing: Editing }> {
  const editing = await engine.edit({ kind: "case" });
  await editing.edit({ edit: "set", field: "identity.given", value: given });
  await editing.edit({ edit: "set", field: "identity.family", value: "Keïta" });
  return { document: editing.document, ...(await editing.leave()), editing };
}

/** All that is stored, as text. */
export async function everything(): Promise<string> {
  const db = new Database();
  let out = "";
  for (const table of TABLES) {
    for (const [key, value] of await db.range(table, "", "\uffff")) {
      const text = JSON.stringify(value, (_, part: unknown) =>
        part instanceof Uint8Array ? Buffer.from(part).toString("latin1") : part,
      );
      out += key + text;
    }
  }
  return out;
}
