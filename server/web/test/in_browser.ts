/**
 * Tests of screens in a real Chromium, with the fixture and under the hub's content policy. Owns starting, ending and the
 * rule that a page complains of nothing. The browser is found as in `tests/browser`, where the tests with the real hub
 * stand: the system's, else the one that npm carries; without either they fail and say what to install.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { chromium } from "playwright-core";
import { ARGUMENTS, findChromium } from "../../../tests/browser/src/chromium.js";
import { serveFixture } from "../scripts/fixture.mjs";

/** Milliseconds for building and starting; on two busy cores a minute is not rare. */
const START_MILLIS = 180_000;
/** Milliseconds for one test: every wait in it is for a condition. */
const TEST_MILLIS = 120_000;

/** Opens an address below the app's (`?fixture…`) in a fresh small phone, and acts; `before` runs before any script. */
export type At = (address: string, act: (page: Page, app: string) => Promise<void>, before?: (page: Page) => Promise<void>) => Promise<void>;

/** A suite in a browser. */
export function describeInBrowser(name: string, tests: (at: At) => void): void {
  describe(name, { timeout: TEST_MILLIS }, () => {
    let server: Awaited<ReturnType<typeof serveFixture>>;
    let browser: Browser;

    beforeAll(async () => {
      server = await serveFixture();
      const { path, environment } = await findChromium();
      const inherited = Object.entries(process.env).flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, value]]));
      browser = await chromium.launch({ executablePath: path, args: [...ARGUMENTS], env: { ...Object.fromEntries(inherited), ...environment } });
    }, START_MILLIS);

    afterAll(async () => {
      await browser.close();
      await server.stop();
    });

    tests(async (address, act, before) => {
      const context = await browser.newContext({ viewport: { width: 360, height: 640 } });
      const errors: string[] = [];
      try {
        const page = await context.newPage();
        await before?.(page);
        page.on("pageerror", (error) => errors.push(error.message));
        page.on("console", (message) => {
          if (message.type() === "error") errors.push(message.text());
        });
        await page.goto(`${server.url}${address}`);
        await page.locator("h1").first().waitFor({ state: "attached" });
        await act(page, server.url);
      } finally {
        await context.close();
      }
      expect(errors).toEqual([]);
    });
  });
}
