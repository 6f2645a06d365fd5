/**
 * The service worker: keeps every file of the app on the device, so that it starts for days without a network. Owns the
 * copies, one cache for each version; knows nothing of what is recorded, and requests to the hub's interface pass by.
 *
 * A version is used when all of it is there. Files are fetched one after the other: what a broken link has brought is
 * there at the next try, and what did not change is taken from the version before. A new version waits until the page
 * asks for it (`engine/update.ts`). Which files there are: `shell.ts` puts it in.
 */

export {};

/** This version, put in by `shell.ts`. */
declare const __SHELL__: {
  /** Of its cache; another one for other files. */
  readonly name: string;
  /** Each file's path below the worker's scope; its SHA-256 where the path does not already name the content. */
  readonly files: readonly (readonly [path: string, integrity?: string])[];
};

/** Of a service worker's world what is used here: the types are those of a page's. */
interface World {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate" | "message", listener: (event: Lasting) => void): void;
  addEventListener(type: "fetch", listener: (event: Asking) => void): void;
}
interface Lasting {
  waitUntil(done: Promise<unknown>): void;
}
interface Asking {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const world = globalThis as unknown as World;
const { scope } = world.registration;
const { name, files } = __SHELL__;

/** What a file is kept under: in every version the same for the same content, and another for another. */
const keys = new Map(files.map(([path, integrity]) => [scope + path, `${scope}${path}${integrity ? `?${integrity}` : ""}`]));

/** From whichever version has it. Answers differ by their compression alone, and that is undone. */
function kept(key: string): Promise<Response | undefined> {
  return caches.match(key, { ignoreVary: true });
}

async function install(): Promise<void> {
  const cache = await caches.open(name);
  for (const [path, integrity] of files) {
    const key = keys.get(scope + path) ?? path;
    if (await cache.match(key, { ignoreVary: true })) continue;
    // Under a name that stays the same another version may be served meanwhile: then this one is not completed.
    const fresh = () => fetch(scope + path, integrity === undefined ? {} : { cache: "no-cache", integrity });
    const found = (await kept(key)) ?? (await fresh());
    if (!found.ok) throw new Error(`${path}: ${found.status}`);
    await cache.put(key, found);
  }
}

async function activate(): Promise<void> {
  for (const other of await caches.keys()) if (other !== name) await caches.delete(other);
  await world.clients.claim();
}

world.addEventListener("install", (event) => event.waitUntil(install()));
world.addEventListener("activate", (event) => event.waitUntil(activate()));
// The page says only one thing: that this version is to take over now.
world.addEventListener("message", (event) => event.waitUntil(world.skipWaiting()));
world.addEventListener("fetch", (event) => {
  const { request } = event;
  // Whatever address below the scope is opened, the app is shown, which reads the address itself.
  const key = keys.get(request.mode === "navigate" ? `${scope}index.html` : request.url);
  if (key === undefined || request.method !== "GET") return;
  event.respondWith(kept(key).then((found) => found ?? fetch(request)));
});
