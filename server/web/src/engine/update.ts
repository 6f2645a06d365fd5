/** New versions of the app: noticed, never taken by themselves. Owns the joint to the service worker (`worker.ts`). */

/** Watches for a new version; answers how to take it, which loads the page anew. */
export function watchUpdates(waiting: () => void): () => Promise<void> {
  // While developing there is no worker: it would keep what was just changed.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return () => Promise.resolve();
  const workers = navigator.serviceWorker;
  let registration: ServiceWorkerRegistration | null = null;
  const look = () => {
    // The first version waits for nobody.
    if (registration?.waiting && registration.active) waiting();
  };
  const register = async () => {
    registration = await workers.register(`${import.meta.env.BASE_URL}sw.js`);
    registration.addEventListener("updatefound", () => registration?.installing?.addEventListener("statechange", look));
    look();
  };
  // After what this page itself needs; a browser that refuses goes on without, and is asked again at the next start.
  const start = () => void register().catch(() => undefined);
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
  return async () => {
    const next = registration?.waiting;
    if (!next) return;
    const taken = new Promise((done) => workers.addEventListener("controllerchange", done, { once: true }));
    next.postMessage(null);
    await taken;
    location.reload();
  };
}
