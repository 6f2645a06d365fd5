/**
 * Where each person was when the app was locked: the route and the field. Kept in memory only, by user, so that a
 * colleague who unlocks does not land on somebody else's screen. Fields are found again by their `id`.
 */

/** A screen and the field that had the focus. */
export interface Place {
  readonly fragment: string;
  readonly field: string | null;
}

const places = new Map<string, Place>();
let field: string | null = null;

/** Remembers fields as they get the focus; returns how to stop. */
export function watchFields(): () => void {
  const remember = (event: FocusEvent) => {
    if (event.target instanceof HTMLElement && event.target.closest("main")) field = event.target.id || field;
  };
  addEventListener("focusin", remember);
  return () => removeEventListener("focusin", remember);
}

/** Forgets the field: another screen was opened. */
export function forgetField(): void {
  field = null;
}

/** Remembers where a user is. */
export function leavePlace(user: string, fragment: string): void {
  places.set(user, { fragment, field });
}

/** Where a user was, once. */
export function takePlace(user: string): Place | undefined {
  const place = places.get(user);
  places.delete(user);
  return place;
}

/** Puts the focus on a field as soon as it is drawn, unless the person has begun with something else. */
export function returnToField(id: string): void {
  const found = document.getElementById(id);
  if (found) {
    found.focus();
    return;
  }
  const stop = () => {
    watcher.disconnect();
    removeEventListener("pointerdown", stop);
    removeEventListener("keydown", stop);
    removeEventListener("hashchange", stop);
  };
  const watcher = new MutationObserver(() => {
    const drawn = document.getElementById(id);
    if (!drawn) return;
    stop();
    drawn.focus();
  });
  watcher.observe(document.body, { childList: true, subtree: true });
  addEventListener("pointerdown", stop);
  addEventListener("keydown", stop);
  addEventListener("hashchange", stop);
}
