/** The engine with the real state machine and store, against a hub in memory: nights as they should go. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { World, PHRASE, everything, idOf, record } from "./engine_support.js";
import { startAutomerge } from "./fake_hub.js";

// Argon2id and a whole night take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });
await startAutomerge();

let world: World;
beforeEach(() => {
  world = new World();
});

describe("a first night", () => {
  it("enrols, records without a network, survives a restart, and climbs the ladder", async () => {
    const first = await world.enrolled();
    expect(first.state.phase).toMatchObject({ is: "open", user: { name: "Awa", siteName: "Gogui", standing: "pending" } });
    await first.syncNow();
    expect(first.state.phase).toMatchObject({ user: { standing: "active" } });
    world.hub.faults.isDown = true;
    const codes = new Set<string | null>();
    for (let n = 0; n < 20; n += 1) codes.add((await record(first, `Canari${n}`)).code);
    expect(codes.size).toBe(20);
    expect(first.state.ladder).toMatchObject({ onPhone: 20, atHub: 0 });
    await first.syncNow();
    expect(first.state.sync.failure?.fr).toContain("Pas de connexion");

    const second = await world.start();
    expect(second.state.phase.is).toBe("locked");
    await second.unlock(idOf(second, "Awa"), PHRASE);
    expect(second.state.ladder.onPhone).toBe(20);
    expect(second.state.rows.map((row) => row.name)).toContain("Canari3 Keïta");
    world.hub.faults.isDown = false;
    world.hub.copiedTo = 0;
    await second.syncNow();
    expect(second.state.ladder).toMatchObject({ onPhone: 0, atHub: 20, inTwo: 0 });
    world.hub.copiedTo = null;
    await second.syncNow();
    expect(second.state.ladder).toMatchObject({ atHub: 0, inTwo: 20 });
    expect(world.hub.entries).toHaveLength(20);
    const before = world.hub.exchanges;
    await second.syncNow();
    expect(world.hub.exchanges - before).toBe(1);
    expect(world.hub.entries).toHaveLength(20);
  });

  it("shows nothing of a person in what is stored", async () => {
    const engine = await world.enrolled();
    for (let n = 0; n < 20; n += 1) await record(engine, `Canari${n}`);
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Canari20" });
    expect(await everything()).not.toContain("Canari");
  });

  it("sends again what was answered and lost, and nothing twice", async () => {
    const engine = await world.enrolled();
    await record(engine, "Awa");
    world.hub.faults.answersLost = 1;
    await engine.syncNow();
    expect(engine.state.ladder.onPhone).toBe(1);
    await engine.syncNow();
    expect(engine.state.ladder.inTwo).toBe(1);
    expect(world.hub.entries).toHaveLength(1);
  });

  it("goes on with an enrolment whose answer was lost", async () => {
    const engine = await world.start();
    const invitation = world.hub.invite("Awa");
    world.hub.faults.answersLost = 1;
    await expect(engine.enrol({ invitation, passphrase: PHRASE })).rejects.toMatchObject({ code: "link-cut" });
    expect(engine.state.phase.is).toBe("new");
    const again = await world.start();
    await again.enrol({ invitation, passphrase: PHRASE });
    expect(again.state.users).toHaveLength(1);
  });

  it("says what is wrong with an invitation or a passphrase", async () => {
    const engine = await world.start();
    const enrol = (invitation: string, passphrase: string) => engine.enrol({ invitation, passphrase });
    await expect(enrol(world.hub.invite("Awa"), "court")).rejects.toMatchObject({ code: "passphrase-short" });
    await expect(enrol("abc", PHRASE)).rejects.toMatchObject({ code: "invitation-form" });
    await expect(enrol("7K3Q-M2XP-9WTA", PHRASE)).rejects.toMatchObject({ code: "invitation-unknown" });
    expect(engine.state.phase.is).toBe("new");
  });
});

describe("drafts", () => {
  it("survive a crash and are gone on with", async () => {
    const engine = await world.enrolled();
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Sira" });
    expect(engine.state.ladder.onPhone).toBe(1);

    const again = await world.start();
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
    const engine = await world.enrolled();
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Sira" });
    await editing.edit({ edit: "set", field: "identity.sex", value: "f" });
    const minute = [...world.timers.values()].filter((timer) => timer.millis === 60_000);
    minute.at(-1)?.step();
    await vi.waitFor(() => expect(engine.drafts()).toEqual([]));
    const opened = await engine.open(editing.document);
    expect(opened.history).toMatchObject([{ who: "Awa", mine: true }]);
    await editing.edit({ edit: "set", field: "identity.sex", value: "unknown" });
    await editing.leave();
    expect((await engine.open(editing.document)).conflicts).toEqual([]);
  });

  it("that say what stands already go without a change; a mistake stays and is told", async () => {
    const engine = await world.enrolled();
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
    const awa = await world.enrolled("Awa");
    const { document } = await record(awa, "Sira");
    await awa.syncNow();
    const shown = await awa.open(document);
    const phone = globalThis.indexedDB;
    globalThis.indexedDB = new IDBFactory();
    const moussa = await world.enrolled("Moussa");
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
    const engine = await world.enrolled();
    world.hub.faults.isDown = true;
    await record(engine, "Sira");
    const editing = await engine.edit({ kind: "case" });
    await editing.edit({ edit: "set", field: "identity.given", value: "Fanta" });
    await engine.lock();
    expect(engine.state).toMatchObject({ phase: { is: "locked" }, rows: [], users: [{ unsent: 2 }] });
    await expect(engine.open(editing.document)).rejects.toMatchObject({ code: "not-open" });
    world.hub.faults.isDown = false;
    await engine.syncNow();
    expect(world.hub.sealedParcels).toBe(2);
    expect(world.hub.entries).toHaveLength(2);
    expect(engine.state.users).toMatchObject([{ unsent: 0 }]);
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    await engine.syncNow();
    expect(engine.state.ladder.inTwo).toBe(2);
    expect(world.hub.entries).toHaveLength(2);
  });

  it("opens again with a PIN, until the fifth wrong one", async () => {
    const engine = await world.enrolled();
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
    const engine = await world.enrolled();
    world.hub.faults.isDown = true;
    for (let n = 0; n < 20; n += 1) await record(engine, `Canari${n}`);
    await engine.lock();
    world.hub.faults.isDown = false;
    const again = await world.start();
    await again.enrol({ invitation: world.hub.invite("Awa"), passphrase: "une autre phrase" });
    await again.syncNow();
    expect(world.hub.entries).toHaveLength(20);
    expect(again.state.users).toHaveLength(1);
    await again.syncNow();
    expect(again.state.rows).toHaveLength(20);
  });

  it("hands everything sealed over as a courier file in which nothing can be read", async () => {
    const engine = await world.enrolled();
    world.hub.faults.isDown = true;
    await record(engine, "Canari");
    const { name, bytes, parcels } = await engine.courierFile();
    expect(parcels).toBe(1);
    expect(name).toBe("segin-2026-04-24.courier");
    expect(bytes.length % 4_096).toBe(32);
    const text = Buffer.from(bytes).toString("latin1");
    expect(text).toMatch(/^SEGIN\. Travail scell/);
    expect(text).not.toContain("Canari");
  });

  it("takes the return file: the ladder shows the receipts without any network, and damaged files change nothing", async () => {
    const engine = await world.enrolled();
    world.hub.faults.isDown = true;
    await record(engine, "Canari");
    await record(engine, "Moussa");
    const { bytes } = await engine.courierFile();
    const back = await world.hub.admit(bytes);
    expect(engine.state.ladder).toMatchObject({ onPhone: 2, atHub: 0 });
    await expect(engine.takeReturn(back.subarray(0, 4_000))).rejects.toMatchObject({ code: "courier" });
    await expect(engine.takeReturn(bytes)).rejects.toMatchObject({ code: "courier" });
    expect(engine.state.ladder).toMatchObject({ onPhone: 2, atHub: 0 });
    expect(await engine.takeReturn(back)).toMatchObject({ confirmed: 2, held: 0, missing: [] });
    expect(engine.state.ladder.onPhone).toBe(0);
    expect(world.hub.entries).toHaveLength(2);
    // The same again is harmless, and the network brings nothing twice.
    await engine.takeReturn(back);
    world.hub.faults.isDown = false;
    await engine.syncNow();
    expect(world.hub.entries).toHaveLength(2);
    expect((await engine.courierFile()).parcels).toBe(0);
  });

  it("carries the sealed work of a colleague too, and shows both their receipts", async () => {
    const engine = await world.enrolled("Awa");
    world.hub.faults.isDown = true;
    await record(engine, "Canari");
    await engine.lock();
    world.hub.faults.isDown = false;
    await engine.enrol({ invitation: world.hub.invite("Moussa"), passphrase: "la nuit est longue" });
    world.hub.faults.isDown = true;
    await record(engine, "Sira");
    const { bytes, parcels } = await engine.courierFile();
    expect(parcels).toBeGreaterThanOrEqual(2);
    const taken = await engine.takeReturn(await world.hub.admit(bytes));
    expect(taken.confirmed).toBeGreaterThanOrEqual(2);
    expect((await engine.courierFile()).parcels).toBe(0);
  });
});

describe("two on one device", () => {
  it("see each other's people of tonight without a network, annexes apart, and send only their own", async () => {
    const engine = await world.enrolled("Awa");
    await engine.lock();
    await engine.enrol({ invitation: world.hub.invite("Moussa"), passphrase: "la nuit est longue" });
    world.hub.faults.isDown = true;
    // A long name: four letters stand by chance in so many random bytes once in five hundred runs.
    const { document, code } = await record(engine, "Zanzibara");
    const annex = await engine.edit({ kind: "annex" });
    await annex.edit({ edit: "set", field: "annex.case", value: document });
    await annex.leave().catch(() => annex.drop());

    await engine.lock();
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    expect(engine.state.rows).toMatchObject([{ document, code, name: "Zanzibara Keïta", step: "phone" }]);
    expect(engine.state.ladder.onPhone).toBe(0);
    const opened = await engine.open(document);
    const editing = await engine.edit({ kind: "case", document, shown: opened });
    await editing.edit({ edit: "set", field: "identity.father", value: "Bakary" });
    await editing.leave();
    expect(engine.state.ladder.onPhone).toBe(1);

    await engine.lock();
    await engine.unlock(idOf(engine, "Moussa"), "la nuit est longue");
    expect((await engine.open(document)).projection.groups["identity"]).toMatchObject({ father: { value: "Bakary" } });
    world.hub.faults.isDown = false;
    await engine.syncNow();
    await engine.lock();
    await engine.unlock(idOf(engine, "Awa"), PHRASE);
    await engine.syncNow();
    const cases = world.hub.entries.filter((entry) => entry.document === document);
    expect(cases.map((entry) => entry.by)).toHaveLength(2);
    expect(new Set(cases.map((entry) => entry.by)).size).toBe(2);
    expect((await engine.open(document)).step).toBe("two");
    expect(await everything()).not.toContain("Zanzibara");
  });

  it("cannot open each other's rows", async () => {
    const engine = await world.enrolled("Awa");
    await engine.lock();
    await engine.enrol({ invitation: world.hub.invite("Moussa"), passphrase: "la nuit est longue" });
    await engine.lock();
    await expect(engine.unlock(idOf(engine, "Awa"), "la nuit est longue")).rejects.toMatchObject({ code: "passphrase-wrong" });
  });
});
