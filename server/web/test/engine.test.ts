/** The engine with the real state machine and store, against a hub in memory. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import * as protocol from "../src/engine/parts.js";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FieldEngine } from "../src/engine/engine.js";
import type { Editing } from "../src/engine/contract.js";
import { READING_LOCK_MILLIS } from "../src/limits.js";
import { Database, TABLES } from "../src/store/database.js";
import { FakeHub, startAutomerge } from "./fake_hub.js";

// Argon2id and a whole night take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
await startAutomerge();
const PHRASE = "le fleuve est haut";

let hub: FakeHub;
let now: number;
/** Timers that are set, and never run by themselves. */
let timers: Map<number, { readonly step: () => void; readonly millis: number }>;

beforeEach(() => {
  vi.restoreAllMocks();
  globalThis.indexedDB = new IDBFactory();
  hub = new FakeHub();
  now = Date.UTC(2026, 3, 24, 2, 0);
  timers = new Map();
});

/** A page with the app: what a restart begins anew. */
async function start(): Promise<FieldEngine> {
  let next = 1;
  const engine = new FieldEngine({
    fetch: hub.fetch,
    now: () => now,
    timer: {
      set: (step, millis) => {
        timers.set(next, { step, millis });
        return next++;
      },
      clear: (timer) => timers.delete(timer),
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

async function enrolled(name = "Awa"): Promise<FieldEngine> {
  const engine = await start();
  await engine.enrol({ invitation: hub.invite(name), passphrase: PHRASE });
  return engine;
}

function idOf(engine: FieldEngine, name: string): string {
  const card = engine.state.users.find((user) => user.name === name);
  if (card === undefined) throw new Error(`${name} is not enrolled`);
  return card.id;
}

async function record(engine: FieldEngine, given: string): Promise<{ document: string; code: string | null; editing: Editing }> {
  const editing = await engine.edit({ kind: "case" });
  await editing.edit({ edit: "set", field: "identity.given", value: given });
  await editing.edit({ edit: "set", field: "identity.family", value: "Keïta" });
  return { document: editing.document, ...(await editing.leave()), editing };
}

async function everything(): Promise<string> {
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

describe("a first night", () => {
  it("enrols, records without a network, survives a restart, and climbs the ladder", async () => {
    const first = await enrolled();
    expect(first.state.phase).toMatchObject({ is: "open", user: { name: "Awa", siteName: "Gogui", standing: "pending" } });
    await first.syncNow();
    expect(first.state.phase).toMatchObject({ user: { standing: "active" } });
    hub.faults.isDown = true;
    const codes = new Set<string | null>();
    for (let n = 0; n < 20; n += 1) codes.add((await record(first, `Canari${n}`)).code);
    expect(codes.size).toBe(20);
    expect(first.state.ladder).toMatchObject({ onPhone: 20, atHub: 0 });
    await first.syncNow();
    expect(first.state.sync.failure?.fr).toContain("Pas de connexion");

    const second = await start();
    expect(second.state.phase.is).toBe("locked");
    await second.unlock(idOf(second, "Awa"), PHRASE);
    expect(second.state.ladder.onPhone).toBe(20);
    expect(second.state.rows.map((row) => row.name)).toContain("Canari3 Keïta");
    hub.faults.isDown = false;
    hub.copiedTo = 0;
    await second.syncNow();
    expect(second.state.ladder).toMatchObject({ onPhone: 0, atHub: 20, inTwo: 0 });
    hub.copiedTo = null;
    await second.syncNow();
    expect(second.state.ladder).toMatchObject({ atHub: 0, inTwo: 20 });
    expect(hub.entries).toHaveLength(20);
    const before = hub.exchanges;
    await second.syncNow();
    expect(hub.exchanges - before).toBe(1);
    expect(hub.entries).toHaveLength(20);
  });

  it("shows nothing of a person in what is stored", async () => {
    const engine = await enrolled();
    for (let n = 0; n < 20; n += 1) await record(engine, `Canari${n}`);
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Canari20" });
    expect(await everything()).not.toContain("Canari");
  });

  it("sends again what was answered and lost, and nothing twice", async () => {
    const engine = await enrolled();
    await record(engine, "Awa");
    hub.faults.answersLost = 1;
    await engine.syncNow();
    expect(engine.state.ladder.onPhone).toBe(1);
    await engine.syncNow();
    expect(engine.state.ladder.inTwo).toBe(1);
    expect(hub.entries).toHaveLength(1);
  });

  it("goes on with an enrolment whose answer was lost", async () => {
    const engine = await start();
    const invitation = hub.invite("Awa");
    hub.faults.answersLost = 1;
    await expect(engine.enrol({ invitation, passphrase: PHRASE })).rejects.toMatchObject({ code: "link-cut" });
    expect(engine.state.phase.is).toBe("new");
    const again = await start();
    await again.enrol({ invitation, passphrase: PHRASE });
    expect(again.state.users).toHaveLength(1);
  });

  it("says what is wrong with an invitation or a passphrase", async () => {
    const engine = await start();
    const enrol = (invitation: string, passphrase: string) => engine.enrol({ invitation, passphrase });
    await expect(enrol(hub.invite("Awa"), "court")).rejects.toMatchObject({ code: "passphrase-short" });
    await expect(enrol("abc", PHRASE)).rejects.toMatchObject({ code: "invitation-form" });
    await expect(enrol("7K3Q-M2XP-9WTA", PHRASE)).rejects.toMatchObject({ code: "invitation-unknown" });
    expect(engine.state.phase.is).toBe("new");
  });
});

describe("drafts", () => {
  it("survive a crash and are gone on with", async () => {
    const engine = await enrolled();
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Sira" });
    expect(engine.state.ladder.onPhone).toBe(1);

    const again = await start();
    await again.unlock(idOf(again, "Awa"), PHRASE);
    expect(again.drafts()).toEqual([{ document: editing.document, kind: "case" }]);
    const resumed = await again.edit({ kind: "case", document: editing.document });
    expect(resumed).toMatchObject({ isNew: true, pending: [{ field: "identity.given" }] });
    expect(resumed.answer("identity.given")).toBe("Sira");
    expect((await resumed.leave()).code).toMatch(/^GOG-26-/);
    expect(again.drafts()).toEqual([]);
    expect(resumed.answer("identity.given")).toBe("Sira");
  });

  it("become one change after a minute", async () => {
    const engine = await enrolled();
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Sira" });
    await editing.edit({ edit: "set", field: "identity.sex", value: "f" });
    const minute = [...timers.values()].filter((timer) => timer.millis === 60_000);
    minute.at(-1)?.step();
    await vi.waitFor(() => expect(engine.drafts()).toEqual([]));
    const opened = await engine.open(editing.document);
    expect(opened.history).toMatchObject([{ who: "Awa", mine: true }]);
    await editing.edit({ edit: "set", field: "identity.sex", value: "unknown" });
    await editing.leave();
    expect((await engine.open(editing.document)).conflicts).toEqual([]);
  });

  it("that say what stands already go without a change; a mistake stays and is told", async () => {
    const engine = await enrolled();
    const { document } = await record(engine, "Sira");
    const same = await engine.edit({ kind: "case", document });
    await same.edit({ edit: "set", field: "identity.given", value: "Sira" });
    await same.leave();
    expect(engine.drafts()).toEqual([]);
    await same.edit({ edit: "set", field: "identity.nothing", value: "x" });
    await expect(same.leave()).rejects.toMatchObject({ code: "edit-refused" });
    expect(engine.drafts()).toHaveLength(1);
    await same.drop();
    expect(engine.drafts()).toEqual([]);
  });

  it("keep both values when another device changed the same field meanwhile", async () => {
    const awa = await enrolled("Awa");
    const { document } = await record(awa, "Sira");
    await awa.syncNow();
    const shown = await awa.open(document);
    const phone = globalThis.indexedDB;
    globalThis.indexedDB = new IDBFactory();
    const moussa = await enrolled("Moussa");
    await moussa.syncNow();
    const theirs = await moussa.edit({ kind: "case", document });
    await theirs.edit({ edit: "set", field: "identity.given", value: "Siraba" });
    await theirs.leave();
    await moussa.syncNow();

    globalThis.indexedDB = phone;
    await awa.syncNow();
    const mine = await awa.edit({ kind: "case", document, shown });
    await mine.edit({ edit: "set", field: "identity.given", value: "Sirani" });
    await mine.leave();
    const opened = await awa.open(document);
    expect(opened.conflicts).toMatchObject([{ path: "identity.given" }]);
    expect(opened.history.map((past) => past.who)).toEqual(expect.arrayContaining(["Awa", "Moussa"]));
    expect(awa.state.rows.find((row) => row.document === document)?.conflicts).toBe(1);
  });
});

describe("locking", () => {
  it("forgets what is readable, commits drafts, and goes on sending", async () => {
    const engine = await enrolled();
    hub.faults.isDown = true;
    await record(engine, "Sira");
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Fanta" });
    await engine.lock();
    expect(engine.state).toMatchObject({ phase: { is: "locked" }, rows: [], users: [{ unsent: 2 }] });
    await expect(engine.open(editing.document)).rejects.toMatchObject({ code: "not-open" });
    hub.faults.isDown = false;
    await engine.syncNow();
    expect(hub.sealedParcels).toBe(2);
    expect(hub.entries).toHaveLength(2);
    expect(engine.state.users).toMatchObject([{ unsent: 0 }]);
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    await engine.syncNow();
    expect(engine.state.ladder.inTwo).toBe(2);
    expect(hub.entries).toHaveLength(2);
  });

  it("opens again with a PIN, until the fifth wrong one", async () => {
    const engine = await enrolled();
    await expect(engine.setPin("12345")).rejects.toMatchObject({ code: "pin-form" });
    await engine.setPin("123456");
    await engine.lock();
    const id = idOf(engine, "Awa");
    await engine.unlockWithPin(id, "123456");
    await engine.lock();
    for (let n = 0; n < 4; n += 1) await expect(engine.unlockWithPin(id, "000000")).rejects.toMatchObject({ code: "pin-wrong" });
    await expect(engine.unlockWithPin(id, "000000")).rejects.toMatchObject({ code: "pin-gone" });
    await expect(engine.unlockWithPin(id, "123456")).rejects.toMatchObject({ code: "pin-gone" });
    await expect(engine.unlock(id, "une autre phrase")).rejects.toMatchObject({ code: "passphrase-wrong" });
    await engine.unlock(id, PHRASE);
    expect(engine.state.phase.is).toBe("open");
  });

  it("loses no work with the passphrase: it goes sealed, and the person enrols again", async () => {
    const engine = await enrolled();
    hub.faults.isDown = true;
    for (let n = 0; n < 20; n += 1) await record(engine, `Canari${n}`);
    await engine.lock();
    hub.faults.isDown = false;
    const again = await start();
    await again.enrol({ invitation: hub.invite("Awa"), passphrase: "une autre phrase" });
    await again.syncNow();
    expect(hub.entries).toHaveLength(20);
    expect(again.state.users).toHaveLength(1);
    await again.syncNow();
    expect(again.state.rows).toHaveLength(20);
  });

  it("hands everything sealed over as a courier file in which nothing can be read", async () => {
    const engine = await enrolled();
    hub.faults.isDown = true;
    await record(engine, "Canari");
    const { name, bytes, parcels } = await engine.courierFile();
    expect(parcels).toBe(1);
    expect(name).toBe("segin-2026-04-24.courier");
    expect(bytes.length % 65_536).toBe(0);
    const text = Buffer.from(bytes).toString("latin1");
    expect(text).toMatch(/^SEGIN COURIER 1\n/);
    expect(text).not.toContain("Canari");
  });
});

describe("two on one device", () => {
  it("see each other's people of tonight without a network, annexes apart, and send only their own", async () => {
    const engine = await enrolled("Awa");
    await engine.lock();
    await engine.enrol({ invitation: hub.invite("Moussa"), passphrase: "la nuit est longue" });
    hub.faults.isDown = true;
    const { document, code } = await record(engine, "Sira");
    const annex = await engine.edit({ kind: "annex" });
    await annex.edit({ edit: "set", field: "annex.case", value: document });
    await annex.leave().catch(() => annex.drop());

    await engine.lock();
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    expect(engine.state.rows).toMatchObject([{ document, code, name: "Sira Keïta", step: "phone" }]);
    expect(engine.state.ladder.onPhone).toBe(0);
    const opened = await engine.open(document);
    const editing = await engine.edit({ kind: "case", document, shown: opened });
    await editing.edit({ edit: "set", field: "identity.father", value: "Bakary" });
    await editing.leave();
    expect(engine.state.ladder.onPhone).toBe(1);

    await engine.lock();
    await engine.unlock(idOf(engine, "Moussa"), "la nuit est longue");
    expect((await engine.open(document)).projection.groups["identity"]).toMatchObject({ father: { value: "Bakary" } });
    hub.faults.isDown = false;
    await engine.syncNow();
    await engine.lock();
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    await engine.syncNow();
    const cases = hub.entries.filter((entry) => entry.document === document);
    expect(cases.map((entry) => entry.by)).toHaveLength(2);
    expect(new Set(cases.map((entry) => entry.by)).size).toBe(2);
    expect((await engine.open(document)).step).toBe("two");
    expect(await everything()).not.toContain("Sira");
  });

  it("cannot open each other's rows", async () => {
    const engine = await enrolled("Awa");
    await engine.lock();
    await engine.enrol({ invitation: hub.invite("Moussa"), passphrase: "la nuit est longue" });
    await engine.lock();
    await expect(engine.unlock(idOf(engine, "Awa"), "la nuit est longue")).rejects.toMatchObject({ code: "passphrase-wrong" });
  });
});

describe("reading", () => {
  it("locks old cases after two weeks without contact, and recording never", async () => {
    const engine = await enrolled();
    const { document } = await record(engine, "Sira");
    await engine.syncNow();
    await engine.lock();
    now += READING_LOCK_MILLIS + 1;
    const later = await start();
    hub.faults.isDown = true;
    await later.unlock(idOf(later, "Awa"), PHRASE);
    expect(later.state.phase).toMatchObject({ user: { readingLocked: true } });
    expect(later.state.rows).toEqual([]);
    await expect(later.open(document)).rejects.toMatchObject({ code: "reading-locked" });
    await record(later, "Fanta");
    expect(later.state.rows.map((row) => row.name)).toEqual(["Fanta Keïta"]);
    hub.faults.isDown = false;
    await later.syncNow();
    expect(later.state.phase).toMatchObject({ user: { readingLocked: false } });
    expect(later.state.rows).toHaveLength(2);
  });
});

describe("the hub's orders", () => {
  it("held work says so", async () => {
    const engine = await enrolled();
    const { document } = await record(engine, "Sira");
    hub.faults.held = "held-who-pending";
    await engine.syncNow();
    expect(engine.state.ladder).toMatchObject({ held: 1, onPhone: 0 });
    expect((await engine.open(document)).why?.en).toContain("until your device is confirmed");
  });

  it("an order to erase is obeyed once everything is receipted, and leaves nothing", async () => {
    const engine = await enrolled();
    await record(engine, "Sira");
    hub.faults.wipe = "after_receipts";
    await engine.syncNow();
    expect(hub.entries).toHaveLength(1);
    expect(engine.state.phase).toMatchObject({ is: "wiped", all: true });
    const db = new Database();
    for (const table of ["rows", "sealed", "summaries", "drafts"] as const) {
      expect(await db.keys(table, "", "\uffff")).toEqual([]);
    }
    expect((await start()).state.phase).toMatchObject({ is: "wiped", all: true });
  });

  it("a locked device obeys an order to erase at once", async () => {
    const engine = await enrolled();
    hub.faults.isDown = true;
    await record(engine, "Sira");
    await engine.lock();
    hub.faults.isDown = false;
    hub.faults.wipe = "at_once";
    await engine.syncNow();
    expect(engine.state.phase).toMatchObject({ is: "wiped" });
  });
});

describe("trouble with the store", () => {
  it("a damaged copy is named and comes back from the hub", async () => {
    const engine = await enrolled();
    const { document } = await record(engine, "Sira");
    const other = await record(engine, "Fanta");
    await engine.syncNow();
    const db = new Database();
    for (const key of await db.keys("rows", "", "\uffff")) {
      if (key.endsWith(`/81${document.replaceAll("-", "")}`)) {
        await db.commit([{ table: "rows", key, value: Uint8Array.of(1, 2, 3) }]);
      }
    }
    await expect(engine.open(document)).rejects.toMatchObject({ code: "document-away" });
    expect(engine.state.notices).toMatchObject([{ document }]);
    expect((await engine.open(other.document)).step).toBe("two");
  });

  it("lines of lists that are damaged or of another version are made again from the copies", async () => {
    const engine = await enrolled();
    for (let n = 0; n < 12; n += 1) await record(engine, `Canari${n}`);
    await engine.lock();
    const db = new Database();
    for (const key of await db.keys("summaries", "", "\uffff")) {
      await db.commit([{ table: "summaries", key, value: Uint8Array.of(1, 2, 3) }]);
    }
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    await vi.waitFor(() => expect(engine.state.rows).toHaveLength(12));
    expect(engine.state.rows.map((row) => row.name)).toContain("Canari7 Keïta");
  });

  it("a full disk takes the room of what the hub has, and never of what is unsent", async () => {
    const engine = await enrolled();
    const old = await record(engine, "Sira");
    await engine.syncNow();
    const unsent = await record(engine, "Fanta");
    let isFull = true;
    const put = IDBObjectStore.prototype.put;
    const remove = IDBObjectStore.prototype.delete;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, value: unknown, key) {
      if (isFull && this.name === "rows") throw new DOMException("full", "QuotaExceededError");
      return put.call(this, value, key);
    });
    vi.spyOn(IDBObjectStore.prototype, "delete").mockImplementation(function (this: IDBObjectStore, key) {
      if (this.name === "rows") isFull = false;
      return remove.call(this, key);
    });
    const { document } = await record(engine, "Awa");
    vi.restoreAllMocks();
    expect((await engine.storage()).reservedBytes).toBe(0);
    await expect(engine.open(old.document)).rejects.toMatchObject({ code: "document-away" });
    expect((await engine.open(unsent.document)).step).toBe("phone");
    expect((await engine.open(document)).step).toBe("phone");
    expect(engine.state.ladder).toMatchObject({ onPhone: 2, inTwo: 1 });
  });

  it("a full disk says so, and nothing is half there", async () => {
    const engine = await enrolled();
    const { document } = await record(engine, "Sira");
    const put = IDBObjectStore.prototype.put;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, value: unknown, key) {
      if (this.name === "rows") throw new DOMException("full", "QuotaExceededError");
      return put.call(this, value, key);
    });
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Fanta" });
    await expect(editing.leave()).rejects.toMatchObject({ code: "store-full" });
    expect(engine.drafts()).toHaveLength(1);
    vi.restoreAllMocks();
    await editing.leave();
    expect(engine.state.rows).toHaveLength(2);
    expect((await engine.open(document)).step).toBe("phone");
  });
});
