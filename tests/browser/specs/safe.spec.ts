/**
 * What a phone gives away and what it may get wrong: nothing that is stored can be read without the passphrase, and a
 * clock that is a year off loses nothing and decides nothing (promise 9 of the README).
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { App } from "../src/app.ts";
import { expect, test } from "../src/test.ts";

/** Names that stand nowhere else. */
const CANARIES = Array.from({ length: 20 }, (_, number) => `Zanzibar${number}`);

test("neither the browser's database nor its files show any of twenty names", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();
  link.set({ up: false });
  for (const name of CANARIES) await app.record(name, "Canari");

  const stored = await app.page.evaluate(async () => {
    const said: string[] = [];
    const decoder = new TextDecoder("latin1");
    const tell = (value: unknown): void => {
      if (value instanceof ArrayBuffer) said.push(decoder.decode(value));
      else if (ArrayBuffer.isView(value)) said.push(decoder.decode(value));
      else if (typeof value === "object" && value !== null) for (const one of Object.values(value)) tell(one);
      else said.push(String(value));
    };
    const done = <T>(asked: IDBRequest<T>): Promise<T> =>
      new Promise((good, bad) => {
        asked.onsuccess = () => good(asked.result);
        asked.onerror = () => bad(asked.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name ?? ""));
      for (const table of database.objectStoreNames) {
        const rows = database.transaction(table).objectStore(table);
        for (const value of [...(await done(rows.getAllKeys())), ...(await done(rows.getAll()))]) tell(value);
      }
      database.close();
    }
    for (const one of Object.values({ ...localStorage, ...sessionStorage })) tell(one);
    return said.join("\n");
  });
  expect(stored.length).toBeGreaterThan(10_000);
  expect(CANARIES.filter((name) => stored.includes(name))).toEqual([]);
  expect(stored).not.toContain("Canari");

  await phone.close();
  const files = await readdir(phone.folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const file of files.filter((one) => one.isFile())) {
    const content = await readFile(join(file.parentPath, file.name));
    bytes += content.length;
    for (const word of ["Zanzibar", "Canari"]) {
      const shown = content.includes(Buffer.from(word)) || content.includes(Buffer.from(word, "utf16le"));
      expect(shown, `${file.name} shows a name`).toBe(false);
    }
  }
  expect(bytes).toBeGreaterThan(1_000_000);
});

test("a clock that is a year ahead records, and the hub takes it", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const page = await phone.openBrowser();
  await page.clock.install({ time: Date.now() + 365 * 24 * 3_600_000 });
  await page.goto(`${link.url}/app/#i=${await hub.invite(user)}`);
  const app = new App(page);
  await app.enrol();
  await app.record("Aminata", "Canari");
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 1, two: 0 });
  await expect.poll(async () => (await hub.cases()).length).toBe(1);
});
