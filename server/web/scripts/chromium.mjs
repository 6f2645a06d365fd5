/** The Chromium that pictures are taken with: the system's, or the one that `CHROMIUM` names. Nothing is downloaded. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where a Chromium is; undefined: nowhere. */
export function findChromium() {
  return PLACES.find((path) => path !== undefined && existsSync(path));
}

/** Starts it, or says what is missing. */
export async function startChromium() {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium found: install one, or name it in the variable CHROMIUM");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}
