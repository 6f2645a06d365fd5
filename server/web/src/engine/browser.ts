/**
 * The engine in a browser: joins it to what browsers give (fetch, clock, timers, locks, storage). Owns saying that a
 * browser cannot be used, and that only one tab works at a time.
 */
import type { Engine } from "./contract.js";
import { FieldEngine } from "./engine.js";
import { loadProtocol } from "./protocol.js";
import { problem } from "./sentences.js";
import { watchUpdates } from "./update.js";

/** The name of the lock that the working tab holds. */
const LOCK = "segin";

/** The engine of this page. */
export function createEngine(): Engine {
  return new FieldEngine({
    fetch: (input, init) => fetch(input, init),
    now: () => Date.now(),
    timer: { set: (step, millis) => window.setTimeout(step, millis), clear: (timer) => window.clearTimeout(timer) },
    random: () => Math.random(),
    loadProtocol,
    alone,
    hints,
    watchUpdates,
    storage: "storage" in navigator ? navigator.storage : null,
  });
}

/** Holds the lock until the page goes. Whoever waits goes on by itself when the other tab is closed. */
async function alone(elsewhere: () => void): Promise<void> {
  if (!isSecureContext || !("locks" in navigator) || !("subtle" in crypto)) throw problem("no-browser");
  const got = await hold({ ifAvailable: true });
  if (got) return;
  elsewhere();
  await hold({});
}

function hold(options: LockOptions): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(LOCK, options, (lock) => {
      resolve(lock !== null);
      // Never settled: the browser takes the lock back when the page goes.
      return lock === null ? undefined : new Promise<void>(() => undefined);
    });
    held.catch(reject);
  });
}

function hints(hint: () => void): void {
  addEventListener("online", hint);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hint();
  });
}
