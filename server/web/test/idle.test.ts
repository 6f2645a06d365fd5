/** Locking by itself: after the time without a touch and not before, also when the device slept meanwhile. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchIdle } from "../src/app/idle.js";
import { IDLE_LOCK_MILLIS } from "../src/limits.js";

describe("an untouched app", () => {
  const page = new EventTarget();
  const shown = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const lock = vi.fn();
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
    vi.stubGlobal("document", shown);
    lock.mockClear();
    stop = watchIdle(lock);
  });

  afterEach(() => {
    stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("locks after the time, and not while somebody touches it", () => {
    vi.advanceTimersByTime(IDLE_LOCK_MILLIS - 1);
    page.dispatchEvent(new Event("pointerdown"));
    vi.advanceTimersByTime(IDLE_LOCK_MILLIS - 1);
    expect(lock).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(lock).toHaveBeenCalledOnce();
  });

  it("locks at once when it is looked at after a sleep", () => {
    vi.setSystemTime(Date.now() + IDLE_LOCK_MILLIS + 1);
    expect(lock).not.toHaveBeenCalled();
    shown.dispatchEvent(new Event("visibilitychange"));
    expect(lock).toHaveBeenCalledOnce();
  });

  it("tries again when it could not lock, and no more once it is closed", () => {
    vi.advanceTimersByTime(2 * IDLE_LOCK_MILLIS);
    expect(lock).toHaveBeenCalledTimes(2);
    stop();
    vi.advanceTimersByTime(2 * IDLE_LOCK_MILLIS);
    expect(lock).toHaveBeenCalledTimes(2);
  });
});
