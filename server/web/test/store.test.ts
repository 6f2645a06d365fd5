/** The encrypted store: whole batches, damaged rows, a full disk, and nothing readable in what is stored. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Database, TABLES } from "../src/store/database.js";
import { DamagedRow } from "../src/store/errors.js";
import { eraseUser, keepUser, readRecord } from "../src/store/record.js";
import type { UserRecord } from "../src/store/record.js";
import { Reserve } from "../src/store/reserve.js";
import { UserStore, noteSealed, sealedRows } from "../src/store/user_store.js";
import { fromUtf8, utf8 } from "../src/vault/bytes.js";
import { createKeys } from "../src/vault/keys.js";

const keys = await createKeys("le fleuve est haut");
const HOT = "03000102";
const COLD = "81000102";
const SEALED = "880000000000000001";

let db: Database;
let store: UserStore;

beforeEach(() => {
  vi.restoreAllMocks();
  globalThis.indexedDB = new IDBFactory();
  db = new Database();
  store = new UserStore(db, "slot", keys.open.data);
});

async function everything(): Promise<string> {
  let out = "";
  for (const table of TABLES) {
    for (const [key, value] of await db.range(table, "", "\uffff")) {
      out += key + JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? latin(part) : part));
    }
  }
  return out;
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Lets so many writes through, then the disk is full until `isFull` says otherwise. */
function fillDisk(isFull: () => boolean): void {
  const put = IDBObjectStore.prototype.put;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, value: unknown, key) {
    if (isFull()) throw new DOMException("full", "QuotaExceededError");
    return put.call(this, value, key);
  });
}

describe("rows", () => {
  it("come back as they were written, hot ones together", async () => {
    await store.write([
      { key: HOT, bytes: utf8("hot") },
      { key: COLD, bytes: utf8("cold") },
    ]);
    const { rows, damaged } = await store.hotRows();
    expect(rows.map(([key, bytes]) => [key, fromUtf8(bytes)])).toEqual([[HOT, "hot"]]);
    expect(damaged).toEqual([]);
    const cold = await store.load(COLD);
    expect(cold && fromUtf8(cold)).toBe("cold");
    await store.write([{ key: COLD, bytes: null }]);
    expect(await store.load(COLD)).toBeNull();
  });

  it("show no canary name, wherever one looks", async () => {
    const canaries = Array.from({ length: 20 }, (_, at) => `Canari${at}`);
    for (const [at, name] of canaries.entries()) {
      const summaries = new Map([[`doc${at}`, utf8(name)]]);
      await store.write([{ key: `${COLD}${at}`, bytes: utf8(name) }], { summaries, drafts: summaries });
    }
    const raw = await everything();
    expect(raw.length).toBeGreaterThan(1000);
    expect(canaries.filter((name) => raw.includes(name))).toEqual([]);
  });

  it("of another user do not open", async () => {
    const other = await createKeys("une autre phrase");
    await store.write([{ key: COLD, bytes: utf8("cold") }]);
    await expect(new UserStore(db, "slot", other.open.data).load(COLD)).rejects.toThrow(DamagedRow);
  });

  it("that are damaged are named, and the rest goes on", async () => {
    await store.write([
      { key: HOT, bytes: utf8("hot") },
      { key: "04", bytes: utf8("other") },
    ]);
    await db.commit([{ table: "rows", key: `slot/${HOT}`, value: Uint8Array.of(1, 2, 3) }]);
    const { rows, damaged } = await store.hotRows();
    expect(rows.map(([key]) => key)).toEqual(["04"]);
    expect(damaged).toEqual([HOT]);
    await expect(store.load(HOT)).rejects.toThrow(DamagedRow);
  });

  it("put in the place of another do not open", async () => {
    await store.write([{ key: COLD, bytes: utf8("cold") }]);
    await db.commit([{ table: "rows", key: `slot/${HOT}`, value: await db.get("rows", `slot/${COLD}`) }]);
    expect((await store.hotRows()).damaged).toEqual([HOT]);
  });
});

describe("a batch", () => {
  it("is written whole or not at all", async () => {
    await store.write([{ key: HOT, bytes: utf8("before") }]);
    let puts = 0;
    fillDisk(() => (puts += 1) > 1);
    const batch = ["03", "04", "05"].map((key) => ({ key, bytes: utf8("new") }));
    await expect(store.write(batch)).rejects.toMatchObject({ code: "store-full" });
    vi.restoreAllMocks();
    expect((await store.hotRows()).rows.map(([key]) => key)).toEqual([HOT]);
  });

  it("is written out of the reserve when the disk is full", async () => {
    const reserve = new Reserve(db);
    await reserve.fill(null);
    const before = await reserve.bytes();
    let released = false;
    db.addRoom(async () => false);
    const remove = IDBObjectStore.prototype.delete;
    vi.spyOn(IDBObjectStore.prototype, "delete").mockImplementation(function (this: IDBObjectStore, key) {
      if (this.name === "reserve") released = true;
      return remove.call(this, key);
    });
    fillDisk(() => !released);
    await store.write([{ key: COLD, bytes: utf8("the last intake") }]);
    vi.restoreAllMocks();
    expect(await store.load(COLD)).not.toBeNull();
    expect(await reserve.bytes()).toBeLessThan(before);
  });

  it("asks what can be spared once the reserve is used", async () => {
    let spared = 0;
    db.addRoom(async () => (spared += 1) < 3);
    fillDisk(() => spared < 2);
    await store.write([{ key: COLD, bytes: utf8("x") }]);
    expect(spared).toBe(2);
    vi.restoreAllMocks();
    fillDisk(() => true);
    await expect(store.write([{ key: HOT, bytes: utf8("x") }])).rejects.toMatchObject({ code: "store-full" });
  });
});

describe("sealed work", () => {
  it("is read without a key, and goes when it stands in two places", async () => {
    await store.write([{ key: SEALED, bytes: utf8("sealed to the hub") }]);
    const [row] = await sealedRows(db);
    expect(row).toMatchObject({ slot: "slot", key: SEALED, position: null });
    if (row === undefined) throw new Error("no row");
    await db.commit([noteSealed(row, 7)]);
    expect(await sealedRows(db)).toMatchObject([{ position: 7 }]);
    expect(await store.load(SEALED)).toEqual(utf8("sealed to the hub"));
    await store.write([{ key: SEALED, bytes: null }]);
    expect(await sealedRows(db)).toEqual([]);
  });
});

describe("the clear record", () => {
  const user = (slot: string): UserRecord => ({
    slot,
    keys: keys.stored,
    enrolment: { user: "u", name: "Awa", site: "GOG", siteName: "Gogui", prefix: "00", hub: utf8("key") },
    tonight: "",
    contactSeen: 1,
    highestSeen: 2,
  });

  it("comes back, and a damaged user does not hide the others", async () => {
    await db.commit([keepUser(user("a")), keepUser(user("b"))]);
    expect((await readRecord(db)).users).toEqual([user("a"), user("b")]);
    await db.commit([{ table: "own", key: "user/a", value: { slot: "a", keys: 3 } }]);
    expect(await readRecord(db)).toMatchObject({ users: [user("b")], damaged: 1 });
  });

  it("goes with everything else of a user that is erased, and nothing of another", async () => {
    const other = new UserStore(db, "other", keys.open.data);
    for (const one of [store, other]) {
      await one.write([{ key: COLD, bytes: utf8("x") }, { key: SEALED, bytes: utf8("y") }], {
        summaries: new Map([["d", utf8("s")]]),
        drafts: new Map([["d", utf8("s")]]),
        ops: [keepUser(user(one.slot))],
      });
    }
    await db.commit(eraseUser("slot"));
    const left = await everything();
    expect(left).not.toContain("slot/");
    expect((await readRecord(db)).users).toEqual([user("other")]);
    expect(await other.load(COLD)).not.toBeNull();
    expect((await other.summaries()).rows).toHaveLength(1);
  });
});
