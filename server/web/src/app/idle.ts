/** Locks the app when nobody has touched it for a while. Owns the watch; what locking does is the engine's. */
import { IDLE_LOCK_MILLIS } from "../limits.js";

/** Calls `lock` once nothing was touched for `IDLE_LOCK_MILLIS`, also when the device slept meanwhile; returns how to stop. */
export function watchIdle(lock: () => void): () => void {
  let touched = Date.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (millis: number) => {
    timer = setTimeout(look, millis);
  };
  const look = () => {
    const rest = touched + IDLE_LOCK_MILLIS - Date.now();
    if (rest <= 0) lock();
    // Also after locking: what could not be stored then keeps the app open, and it is tried again.
    wait(rest > 0 ? rest : IDLE_LOCK_MILLIS);
  };
  const touch = () => {
    touched = Date.now();
  };
  const shownAgain = () => {
    // Timers of a hidden page run late: what was left on the table is locked before it is read.
    if (document.visibilityState !== "visible") return;
    clearTimeout(timer);
    look();
  };
  wait(IDLE_LOCK_MILLIS);
  addEventListener("pointerdown", touch, { passive: true });
  addEventListener("keydown", touch);
  document.addEventListener("visibilitychange", shownAgain);
  return () => {
    clearTimeout(timer);
    removeEventListener("pointerdown", touch);
    removeEventListener("keydown", touch);
    document.removeEventListener("visibilitychange", shownAgain);
  };
}
