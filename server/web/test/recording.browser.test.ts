/**
 * Recording in a real Chromium, with the fixture and under the hub's content policy: taps are counted as the page gets them, from
 * the arrival to the card, for one person, a family of five and a headcount; then finding, and a card that is scanned or typed.
 * The tests with the real hub stand in `tests/browser`.
 */
import type { Page } from "playwright-core";
import decodeQR from "qr/decode.js";
import { expect, it } from "vitest";
import { readCard } from "../src/flow/card.js";
import { describeInBrowser } from "./in_browser.js";

/** The fixture's arrival. */
const ARRIVAL = "f1c70000-0000-4000-8000-000000000000";
/** Pixels of one module of a drawn QR. */
const MODULE = 6;

declare global {
  interface Window {
    /** Fingers that came down on the page. */
    taps?: number;
  }
}

/** Counts fingers from the first on. */
async function countTaps(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.taps = 0;
    addEventListener("pointerdown", () => (window.taps = (window.taps ?? 0) + 1), { capture: true });
  });
}

describeInBrowser("recording", (open) => {
  const at = (fragment: string, act: (page: Page, app: string) => Promise<void>) => open(`?fixture${fragment}`, act, countTaps);
  const taps = (page: Page) => page.evaluate(() => window.taps ?? 0);
  const tap = (page: Page, selector: string) => page.locator(selector).first().click();

  /** Types an age where the finger put the cursor: each digit is a tap of its own. */
  async function age(page: Page, years: string): Promise<number> {
    await tap(page, "#f-birth-date");
    await page.keyboard.type(years);
    return years.length;
  }

  /** A grown person without a family, from the button on the arrival to the code; the names are typed besides. */
  async function person(page: Page): Promise<number> {
    const before = await taps(page);
    let typed = 0;
    await page.locator("#f-identity-given").fill("Mamadou Lamine");
    await page.locator("#f-identity-family").fill("Traoré");
    await tap(page, "#f-identity-sex-m");
    typed += await age(page, "34");
    await tap(page, "#next");
    await tap(page, "#f-origin-place label");
    await tap(page, "#same-place");
    await tap(page, "#next");
    await tap(page, "#consent label");
    await tap(page, "#next");
    return (await taps(page)) - before + typed;
  }

  it("one person at the gate: four screens, twelve taps besides the name", () =>
    at(`#/arrival/${ARRIVAL}`, async (page) => {
      await page.locator("#person").click();
      const screens = new Set<string>();
      page.on("framenavigated", () => screens.add(new URL(page.url()).hash.split("/").at(-1) ?? ""));
      let counted = await person(page);
      const before = await taps(page);
      await tap(page, "#give label");
      await tap(page, "#finish");
      counted += (await taps(page)) - before;
      await page.locator("#card-code-shown").waitFor();
      console.info(`one intake in the browser: ${counted} taps besides the name`);
      expect(counted).toBeLessThanOrEqual(12);
      expect([...screens].filter((name) => ["who", "way", "care", "given"].includes(name)).length).toBeLessThanOrEqual(4);
      await page.locator("#to-arrival").click();
      await page.locator("#figure-registered").waitFor();
      expect(await page.locator("#figure-registered").innerText()).toBe("41");
    }));

  it("a family of five: at most sixty taps, one household", () =>
    at(`#/arrival/${ARRIVAL}`, async (page) => {
      await page.locator("#person").click();
      let counted = await person(page);
      let before = await taps(page);
      await tap(page, "#give-food");
      await tap(page, "#give-hygiene_kit");
      await tap(page, "#finish");
      for (const [relation, sex, years] of [["spouse", "f", "29"], ["child", "f", "11"], ["child", "m", "8"], ["child", "f", "3"]]) {
        await tap(page, "#next-member");
        await page.locator("#f-identity-given").fill("Awa");
        await tap(page, `#relation-${relation}`);
        if (relation === "child") await tap(page, "#family-like");
        await tap(page, `#f-identity-sex-${sex}`);
        counted += await age(page, years ?? "");
        await tap(page, "#next");
        await tap(page, "#consent label");
        await tap(page, "#next");
        await tap(page, "#like-before");
        await tap(page, "#finish");
        await page.locator("#next-member").waitFor();
      }
      counted += (await taps(page)) - before;
      console.info(`a family of five in the browser: ${counted} taps besides the names`);
      expect(counted).toBeLessThanOrEqual(60);
      before = await taps(page);
      await tap(page, "#to-case");
      await page.locator("#household-title").waitFor();
      expect(await page.locator("section:has(#household-title) li").count()).toBe(5);
    }));

  it("a headcount of 100 in at most 25 taps, quick fingers counted", () =>
    at(`#/headcount/${ARRIVAL}`, async (page) => {
      await page.locator("#count-men-10").waitFor();
      // The fixture's clerk has counted before: 21, 18, 9, 7.
      for (const [group, steps] of [["men", [10, 10]], ["women", [10, 1, 1]], ["boys", [5, 1, 1, 1]], ["girls", [10, 5, -1]]] as const) {
        for (const step of steps) await tap(page, `#count-${group}-${step}`);
      }
      await expect.poll(() => page.locator("#count-mine").innerText()).toBe("109");
      expect(await taps(page)).toBeLessThanOrEqual(25);
      await tap(page, "#count-undo");
      await expect.poll(() => page.locator("#count-girls").innerText()).toBe("22");
      await tap(page, "#count-done");
    }));

  it("a child alone stays on top of each screen until who was told is written", () =>
    at(`#/arrival/${ARRIVAL}`, async (page) => {
      await page.locator("#person").click();
      await page.locator("#f-identity-given").fill("Sira");
      await age(page, "9");
      for (let screen = 0; screen < 2; screen += 1) await tap(page, "#next");
      await tap(page, "#needs-child_alone");
      await page.locator("#child-ring").waitFor();
      expect(await page.locator("#child-ring").getAttribute("href")).toBe("tel:116");
      await tap(page, "#next");
      await page.locator("#child-told").waitFor();
      await tap(page, "#finish");
      await page.locator("#card-code-shown").waitFor();
      await tap(page, "#child-told");
      await page.locator("#told-who").fill("Mme Keïta, protection");
      await tap(page, "#told-how label");
      await tap(page, "#told-keep");
      await page.locator("#child-told").waitFor({ state: "detached" });
    }));

  it("found by a badly spelt name; its card scanned opens it, a typed code of another post begins a case that names it", () =>
    at("#/find", async (page, app) => {
      await page.locator("#find-text").fill("jallo fatu");
      await page.locator("#hits a").first().click();
      await page.locator("#history-title").waitFor();
      expect(await page.locator("#title").innerText()).toBe("Fatoumata Diallo");
      const code = await page.locator("#case-code").innerText();
      await tap(page, "#do-card");
      await page.locator(".qr").waitFor();
      const read = await page.locator(".qr").evaluate((svg) => ({
        size: svg instanceof SVGSVGElement ? svg.viewBox.baseVal.width : 0,
        path: svg.querySelector("path")?.getAttribute("d") ?? "",
      }));
      const text = decodeQR(drawn(read.size, read.path));
      const card = readCard(text);
      expect(card?.code).toBe(code);
      expect(text).not.toContain("DIALLO");
      await page.goto(`${app}?fixture#/card`);
      await page.locator("#card-code").fill(text);
      await tap(page, "#card-open");
      await page.locator("#history-title").waitFor();
      expect(page.url()).toContain(`#/case/${card?.document}`);
      await page.goto(`${app}?fixture#/card`);
      await page.locator("#card-code").fill("gog 24 k7 0042 z");
      await tap(page, "#card-open");
      await page.locator("#card-code-wrong").waitFor();
      await page.locator("#card-code").fill("gog 24 k7 0042 y");
      await tap(page, "#card-open");
      await tap(page, "#card-begin");
      await page.locator("#f-identity-given").fill("Inconnue");
      expect(await page.locator("main").innerText()).toContain("GOG-24-K7-0042-Y");
    }));

  it("somebody who is known already is added to the arrival of tonight", () =>
    at("#/arrival/new", async (page) => {
      await page.locator("#f-trip-vehicle").fill("Camion");
      await tap(page, "#trip-keep");
      await page.locator("#person").waitFor();
      await page.evaluate(() => (location.hash = "#/case/f1c70000-0000-4000-8000-000000000005"));
      await tap(page, "#do-arrive");
      await page.locator("#do-arrive").waitFor({ state: "detached" });
      expect(await page.locator("section:has(#group-arrivals) li").count()).toBe(2);
    }));

  it("two values of a field are both shown, and one is chosen", () =>
    at("#/case/f1c70000-0000-4000-8000-000000000001", async (page) => {
      const conflict = page.locator("section.conflict");
      await conflict.waitFor();
      expect(await conflict.innerText()).toMatch(/Diarra[\s\S]*Diara/);
      await conflict.getByRole("button").last().click();
      await conflict.waitFor({ state: "detached" });
      expect(await page.locator("section:has(#group-identity)").innerText()).toContain("Diara\n");
    }));
});

/** A picture of a QR from the modules of its path. */
function drawn(size: number, path: string): { width: number; height: number; data: Uint8ClampedArray } {
  const width = size * MODULE;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [, left, top] of path.matchAll(/M(\d+) (\d+)h/g)) {
    for (let y = 0; y < MODULE; y += 1) {
      for (let x = 0; x < MODULE; x += 1) {
        const from = ((Number(top) * MODULE + y) * width + Number(left) * MODULE + x) * 4;
        data.fill(0, from, from + 3);
      }
    }
  }
  return { width, height: width, data };
}
