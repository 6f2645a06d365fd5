/**
 * The frame in a real Chromium, with the fixture and under the hub's content policy: locking hides and comes back to the same field,
 * handing over does not show a colleague's screen, everything works by keyboard. The tests with
 * the real hub stand in `tests/browser`.
 */
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { describeInBrowser } from "./in_browser.js";

describeInBrowser("the frame", (at) => {
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.id ?? "");

  /** Unlocks by PIN, by keyboard alone. */
  async function unlock(page: Page, user: string): Promise<void> {
    await page.locator(`#user-${user}`).press("Enter");
    await page.locator("#pin").waitFor();
    expect(await focused(page)).toBe("pin");
    await page.keyboard.type("480273");
    await page.locator("#content .doings, #language").first().waitFor();
  }

  it("hides the screen when locked and comes back to the same screen and field", () =>
    at("?fixture#/settings", async (page) => {
      await page.locator("#theme-light").focus();
      await page.locator("button.lock").click();
      await page.locator("#user-u-awa").waitFor();
      expect(await page.locator("body").innerText()).not.toContain("7K3Q");
      expect(page.url()).not.toContain("settings");
      await unlock(page, "u-awa");
      await page.waitForFunction(() => document.activeElement?.id === "theme-light");
      expect(page.url()).toContain("#/settings");
    }));

  it("takes its first person by the link, shows the fingerprint, and leaves no invitation behind", () =>
    at("?fixture=new#i=7K3Q-M2XP-9WTA", async (page) => {
      await page.locator("#passphrase").fill("baobab fleuve mil tambour");
      await page.locator("#repeated").fill("baobab fleuve mil tambour");
      await page.locator("#repeated").press("Enter");
      await page.locator(".fingerprint").waitFor();
      expect(await page.locator(".fingerprint").getAttribute("aria-label")).toContain("7 K 3 Q, M 2 X P");
      expect(page.url()).not.toContain("9WTA");
      await page.goBack();
      expect(page.url()).not.toContain("9WTA");
    }));

  it("says what is missing and goes there", () =>
    at("?fixture=new", async (page) => {
      await page.locator("#invitation").fill("7k3q m2xp 9wta");
      await page.locator("#passphrase").fill("court");
      await page.locator("#passphrase").press("Enter");
      await page.locator("#passphrase-wrong").waitFor();
      expect(await focused(page)).toBe("passphrase");
      expect(await page.locator("#passphrase").getAttribute("aria-describedby")).toContain("passphrase-wrong");
    }));

  it("keeps the language and the colours that were chosen", () =>
    at("?fixture#/settings", async (page) => {
      await page.locator("#language-en").check();
      await page.locator("#theme-dark").check();
      await page.reload();
      await page.locator("h1", { hasText: "Settings and help" }).waitFor();
      expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme])).toEqual(["en", "dark"]);
    }));

  it("opens home, goes to a screen and comes back by keyboard, the title first", () =>
    at("?fixture", async (page) => {
      await page.locator("#do-arrival").waitFor();
      await page.locator("a.ladder").press("Enter");
      await page.waitForFunction(() => document.activeElement?.id === "title");
      expect(page.url()).toContain("#/sent");
      await page.locator("#back").press("Enter");
      await page.locator("#do-arrival").waitFor();
    }));

  it("takes a PIN by keyboard, twice the same, and none that anybody guesses", () =>
    at("?fixture", async (page) => {
      await page.evaluate(() => {
        location.hash = "#/pin";
      });
      await page.waitForFunction(() => document.activeElement?.id === "pin");
      await page.keyboard.type("123456");
      await page.locator("[role=alert]", { hasText: "Trop facile" }).waitFor();
      await page.keyboard.type("480273");
      await page.getByText("Étape 2 sur 2").waitFor();
      await page.keyboard.type("480274");
      await page.locator("[role=alert]", { hasText: "pas les mêmes" }).waitFor();
      for (const again of ["Étape 1 sur 2", "Étape 2 sur 2"]) {
        await page.getByText(again).waitFor();
        await page.keyboard.type("480273");
      }
      await page.locator("#do-arrival").waitFor();
    }));

  it("asks for the passphrase when a PIN is wrong too often, and says how many tries are left", () =>
    at("?fixture=locked", async (page) => {
      await page.locator("#user-u-rokia").click();
      await page.locator("#pin").waitFor();
      await page.keyboard.type("012345");
      await page.locator("[role=alert]").first().waitFor();
      expect(await page.locator("main").innerText()).toContain("Restent 2 essais");
      await page.getByRole("button", { name: "Utiliser la phrase secrète" }).click();
      await page.locator("#passphrase").fill("baobab fleuve mil tambour");
      await page.locator("#passphrase").press("Enter");
      await page.locator("#do-arrival").waitFor();
    }));
});
