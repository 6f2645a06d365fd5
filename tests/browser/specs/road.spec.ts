/**
 * Bad roads: answers that are lost after the hub has stored, requests that arrive twice, links that break. Nothing is
 * recorded twice and nothing is lost, because everything may arrive twice (promise 4).
 */
import { App } from "../src/app.ts";
import { expect, test } from "../src/test.ts";

test("answers lost after the hub stored, and requests doubled, leave each person once", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const app = new App(await phone.open(`#i=${await hub.invite(user)}`));
  await app.enrol();

  link.set({ up: false });
  for (const given of ["Aminata", "Moussa", "Rokia"]) await app.record(given, "Canari");
  await app.home();
  await app.expectRungs({ phone: 3, hub: 0, two: 0 });
  link.loseAnswers(2);
  link.set({ up: true });
  for (const _ of [1, 2, 3]) await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 3, two: 0 });
  await expect.poll(async () => (await hub.cases()).length).toBe(3);

  link.set({ up: false });
  await app.record("Sira", "Canari");
  link.double(3);
  link.set({ up: true });
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 4, two: 0 });
  await expect.poll(async () => (await hub.cases()).length).toBe(4);
  expect(phone.elsewhere).toEqual([]);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
