/** Locking and handing over: remembers where the person was, then asks the engine to store everything and forget the keys. */
import { app, engine } from "./engine.svelte.js";
import { leavePlace } from "./place.js";
import { replace } from "./route.svelte.js";

/** Locks. What cannot be stored keeps the app open: the promise then rejects with the engine's error. */
export async function lockNow(): Promise<void> {
  const { phase } = app();
  if (phase.is !== "open") return;
  leavePlace(phase.user.id, location.hash);
  await engine().lock();
  // The next person begins at home; the address does not tell what the last one looked at.
  replace("home");
}
