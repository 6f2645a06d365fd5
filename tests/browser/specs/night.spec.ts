/**
 * A night without a hub: the app starts from cold, records, survives the browser's end, and everything arrives, once.
 * This is promise 1, *saved means saved*, as a caseworker sees it.
 */
import { App } from "../src/app.ts";
import { expect, test } from "../src/test.ts";

/** People recorded in the night. */
const PEOPLE = 20;

test("twenty people recorded while the hub is dead arrive when it returns, and nothing is sent twice", async ({ stage }) => {
  const { hub } = stage;
  hub.more = ["--copy-to", `${stage.folder}/second`];
  await hub.stop();
  await hub.start();
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  const invitation = await hub.invite(user);

  let app = new App(await phone.open(`#i=${invitation}`));
  await app.enrol();
  // The shell is kept for starts without a network.
  await app.page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await phone.close();
  await hub.kill();

  // From cold, with nothing but the phone.
  app = new App(await phone.open());
  await app.unlock();
  const codes = new Set<string>();
  for (let person = 0; person < PEOPLE; person += 1) codes.add(await app.record(`Aminata${person}`, `Canari${person}`));
  expect(codes.size).toBe(PEOPLE);
  await app.home();
  await app.expectRungs({ phone: PEOPLE, hub: 0, two: 0 });
  await phone.close();

  app = new App(await phone.open());
  await app.unlock();
  await app.expectRungs({ phone: PEOPLE, hub: 0, two: 0 });
  const began = link.of("/v1/exchange").length;
  await hub.start();
  await app.sendNow();
  await app.home();
  await app.expectRungs({ phone: 0, hub: 0, two: PEOPLE });
  await expect.poll(async () => (await hub.cases()).length).toBe(PEOPLE);

  const sent = link.of("/v1/exchange").slice(began).reduce((sum, one) => sum + one.up, 0);
  console.log(`${PEOPLE} intakes: ${sent} bytes up`);
  expect(sent).toBeLessThan(PEOPLE * 2_000);

  // A second exchange sends nothing.
  const before = link.of("/v1/exchange").length;
  await app.sendNow();
  const after = link.of("/v1/exchange").slice(before);
  expect(after.length).toBe(1);
  expect(after[0]?.up ?? 0).toBeLessThan(400);
  expect(phone.elsewhere).toEqual([]);
  await hub.stop();
  const verdict = await hub.verify();
  expect(verdict.differences).toEqual([]);
});
