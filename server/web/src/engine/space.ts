/**
 * The room of this device: what is used, what browsers allow, what is kept free for new records. Owns how it is asked for;
 * the reserve itself is the store's.
 */
import type { Reserve } from "../store/reserve.js";
import type { Storage } from "./contract.js";
import type { Surroundings } from "./surroundings.js";

/** What a screen shows of it. */
export async function storageOf(storage: Surroundings["storage"], reserve: Reserve): Promise<Storage> {
  const estimate = (await storage?.estimate()) ?? {};
  return {
    usedBytes: estimate.usage ?? 0,
    quotaBytes: estimate.quota ?? null,
    reservedBytes: await reserve.bytes(),
    persistent: (await storage?.persisted()) ?? false,
  };
}

/** Keeps room free, as far as there is some. */
export async function fillReserve(storage: Surroundings["storage"], reserve: Reserve): Promise<void> {
  const estimate = (await storage?.estimate().catch(() => ({}))) ?? {};
  const { usage, quota } = { usage: undefined, quota: undefined, ...estimate };
  await reserve.fill(usage === undefined || quota === undefined ? null : quota - usage);
}
