/** Types of `chromium.mjs`. */
import type { Browser } from "playwright-core";

/** Where a Chromium is; undefined: nowhere. */
export function findChromium(): string | undefined;
/** Starts it, or says what is missing. */
export function startChromium(): Promise<Browser>;
