/** The engine in trouble: no contact for weeks, orders of the hub, damaged rows, a full disk. Nothing is lost. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { READING_LOCK_MILLIS } from "../src/limits.js";
import { Database } from "../src/store/database.js";
import { World, PHRASE, idOf, record } from "./engine_support.js";
import { startAutomerge } from "./fake_hub.js";

// Argon2id and a whole night take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
await startAutomerge();

let world: World;
beforeEach(() => {
  world = new World();
});

describe("reading", () => {
  it("locks old cases after two weeks without contact, and recording never", async () => {
    const engine = await world.enrolled();
    const { document } = await record(engine, "Sira");
    await engine.syncNow();
    await engine.lock();
    world.now += READING_LOCK_MILLIS + 1;
    const later = await world.start();
    world.hub.faults.isDown = true;
    await later.unlock(idOf(later, "Awa"), PHRASE);
    expect(later.state.phase).toMatchObject({ user: { readingLocked: true } });
    expect(later.state.rows).toEqual([]);
    await expect(later.open(document)).rejects.toMatchObject({ code: "reading-locked" });
    await record(later, "Fanta");
    expect(later.state.rows.map((row) => row.name)).toEqual(["Fanta Keïta"]);
    world.hub.faults.isDown = false;
    await later.syncNow();
    expect(later.state.phase).toMatchObject({ user: { readingLocked: false } });
    expect(later.state.rows).toHaveLength(2);
  });
});

describe("the hub's orders", () => {
  it("held work says so", async () => {
    const engine = await world.enrolled();
    const { document } = await record(engine, "Sira");
    world.hub.faults.held = "held-who-pending";
    await engine.syncNow();
    expect(engine.state.ladder).toMatchObject({ held: 1, onPhone: 0 });
    expect((await engine.open(document)).why?.en).toContain("until your device is confirmed");
  });

  it("an order to erase is obeyed once everything is receipted, and leaves nothing", async () => {
    const engine = await world.enrolled();
    await record(engine, "Sira");
    world.hub.faults.wipe = "after_receipts";
    await engine.syncNow();
    expect(world.hub.entries).toHaveLength(1);
    expect(engine.state.phase).toMatchObject({ is: "wiped", all: true });
    const db = new Database();
    for (const table of ["rows", "sealed", "summaries", "drafts"] as const) {
      expect(await db.keys(table, "", "\uffff")).toEqual([]);
    }
    expect((await world.start()).state.phase).toMatchObject({ is: "wiped", all: true });
  });

  it("a locked device obeys an order to erase at once", async () => {
    const engine = await world.enrolled();
    world.hub.faults.isDown = true;
    await record(engine, "Sira");
    await engine.lock();
    world.hub.faults.isDown = false;
    world.hub.faults.wipe = "at_once";
    await engine.syncNow();
    expect(engine.state.phase).toMatchObject({ is: "wiped" });
  });
});

describe("trouble with the store", () => {
  it("a damaged copy is named and comes back from the hub", async () => {
    const engine = await world.enrolled();
    const { document } = await record(engine, "Sira");
    const other = await record(engine, "Fanta");
    await engine.syncNow();
    const db = new Database();
    for (const key of await db.keys("rows", "", "\uffff")) {
      if (key.endsWith(`/81${document.replaceAll("-", "")}`)) {
        await db.commit([{ table: "rows", key, value: Uint8Array.of(1, 2, 3) }]);
      }
    }
    await expect(engine.open(document)).rejects.toMatchObject({ code: "document-damaged" });
    expect(engine.state.notices).toMatchObject([{ documents: [document] }]);
    expect((await engine.open(other.document)).step).toBe("two");
  });

  it("lines of lists that are damaged or of another version are made again from the copies", async () => {
    const engine = await world.enrolled();
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
    const engine = await world.enrolled();
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

  it("what a full disk does not take while it is typed is not locked away, and goes with what is stored next", async () => {
    const engine = await world.enrolled();
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Fanta" });
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    await expect(editing.edit({ edit: "set", field: "identity.family", value: "Canari" })).rejects.toMatchObject({ code: "store-full" });
    await expect(engine.lock()).rejects.toMatchObject({ code: "store-full" });
    expect(engine.state.phase.is).toBe("open");
    expect(editing.answer("identity.family")).toBe("Canari");
    vi.restoreAllMocks();
    await engine.lock();
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    expect(engine.state.rows.map((row) => row.name)).toEqual(["Fanta Canari"]);
  });

  it("a full disk says so, and nothing is half there", async () => {
    const engine = await world.enrolled();
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
