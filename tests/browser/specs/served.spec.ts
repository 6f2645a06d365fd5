/**
 * The app as the hub serves it, before anybody is enrolled: it comes whole, from nowhere else, and may do no more than
 * it needs. And the tools of these tests do what they say.
 */
import { get } from "node:http";
import { expect, test } from "../src/test.ts";

test("the first page comes from the hub alone, without a complaint", async ({ stage }) => {
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const page = await phone.openBrowser();
  const answer = await page.goto(`${link.url}/app/`);
  const headers = (await answer?.allHeaders()) ?? {};
  expect(answer?.status()).toBe(200);
  expect(headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(headers["cache-control"]).toBe("no-cache");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  expect(headers["content-security-policy"]).toContain("connect-src 'self'");
  expect(headers["permissions-policy"]).toContain("camera=(self)");
  await expect(page.locator("h1").first()).toBeVisible();
  expect(phone.complaints).toEqual([]);
  expect(phone.elsewhere).toEqual([]);
  expect(link.passed.filter(({ status }) => status !== 200 && status !== 304)).toEqual([]);
  expect(await page.evaluate(() => window.isSecureContext)).toBe(true);
});

test("the hub's page leads to the app, also without its slash", async ({ stage }) => {
  const link = await stage.newLink();
  const phone = stage.newPhone(link);
  const page = await phone.openBrowser();
  await page.goto(`${link.url}/`);
  await page.getByRole("link", { name: "Application de terrain" }).click();
  await expect(page).toHaveURL(`${link.url}/app/`);
  await page.goto(`${link.url}/app#i=7K3Q-M2XP-9WTA`);
  await expect(page).toHaveURL(new RegExp(`^${link.url}/app/`));
  // The invitation stays in the browser.
  expect(link.passed.some(({ path }) => path.includes("7K3Q"))).toBe(false);
});

test("the link is cut, loses and doubles what it is told to; the hub comes back where it was", async ({ stage }) => {
  const { hub } = stage;
  const link = await stage.newLink();
  const ask = (path: string): Promise<number | string> =>
    new Promise((done) => {
      let bytes = 0;
      const asked = get(link.url + path, { agent: false }, (answer) => {
        answer.on("data", (piece: Buffer) => (bytes += piece.length));
        answer.on("end", () => done(bytes));
        answer.on("error", () => done("cut"));
      });
      asked.on("error", () => done("cut"));
    });
  const whole = await ask("/app/");
  expect(whole).toBeGreaterThan(100);
  link.cutAfter("down", [50, 60], "/app/");
  expect([await ask("/app/"), await ask("/app/"), await ask("/app/")]).toEqual(["cut", "cut", whole]);
  expect(link.cuts).toBe(2);
  expect(link.of("/app/").map(({ down }) => down)).toEqual([whole, 50, 60, whole]);
  link.loseAnswers(1, "/healthz");
  expect([await ask("/healthz"), await ask("/healthz")]).toEqual(["cut", 3]);
  link.double(1, "/healthz");
  expect(await ask("/healthz")).toBe(3);
  link.set({ up: false });
  expect(await ask("/healthz")).toBe("cut");
  link.set({ up: true, bytesPerSecond: 4_000, delayMs: 1 });
  expect(await ask("/app/")).toBe(whole);

  const before = hub.url;
  await hub.kill();
  expect(await ask("/healthz")).toBe("cut");
  await hub.start();
  expect(hub.url).toBe(before);
  expect(await ask("/healthz")).toBe(3);
  const user = await hub.addUser("Awa Diarra", ["GOG"]);
  expect(await hub.invite(user)).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  expect(await hub.devices()).toEqual([]);
  expect(await hub.cases()).toEqual([]);
  await hub.stop();
  expect((await hub.verify()).differences).toEqual([]);
});
