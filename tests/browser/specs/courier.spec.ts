/**
 * Where no network comes: what is recorded leaves the phone in a file, `segin hub admit` takes it in, and the file that
 * comes back shows the receipts on the ladder, with the link down all the time.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { App } from "../src/app.ts";
import { expect, test } from "../src/test.ts";

/** Stands in no sealed bytes by chance. */
const CANARY = "Zanzibara-Tarawele";

test("a file goes by hand and the one that comes back shows the receipts without any network", async ({ stage }) => {
  const { hub, folder } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();

  link.set({ up: false });
  const code = await app.record("Aminata", CANARY);
  await app.record("Moussa", CANARY);
  await app.home();
  await app.expectRungs({ phone: 2, hub: 0, two: 0 });

  const there = join(folder, "there.courier");
  const back = join(folder, "back.segin");
  await app.saveCourier(there);
  const carried = await readFile(there);
  expect(carried.length % 4_096).toBe(32);
  for (const word of [CANARY, code]) expect(carried.includes(word)).toBe(false);

  const cut = join(folder, "cut.segin");
  expect(await hub.admit(there, back)).toMatchObject([{ applied: 2, held: 0, missing: [] }]);
  await writeFile(cut, (await readFile(back)).subarray(0, 4_000));
  await app.takeReturn(cut);
  await expect(app.page.getByText("Ce fichier a été coupé ou modifié en route.")).toBeVisible();
  await app.takeReturn(back);
  await expect(app.page.getByText("2 saisies confirmées")).toBeVisible();
  await app.picture("courier");
  await app.home();
  await app.expectRungs({ phone: 0, hub: 2, two: 0 });

  link.set({ up: true });
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 2, two: 0 });
  await expect.poll(async () => (await hub.cases()).length).toBe(2);
  expect(phone.elsewhere).toEqual([]);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
