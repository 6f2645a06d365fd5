/** New versions of the app: noticed, never taken by themselves. Owns the joint to the service worker. */
import { registerSW } from "virtual:pwa-register";

/** Watches for a new version; answers how to take it, which loads the page anew. */
export function watchUpdates(waiting: () => void): () => Promise<void> {
  const take = registerSW({ onNeedRefresh: waiting });
  return () => take(true);
}
