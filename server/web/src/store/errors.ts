/** Why the store on this device cannot be used or did not take something. Never names what was stored. */

/** Stable codes of {@link StoreError}. */
export type StoreCode = "store-full" | "store-newer" | "store-missing" | "store-failed" | "store-locked";

/** The store failed: nothing of the batch was written. */
export class StoreError extends Error {
  constructor(
    readonly code: StoreCode,
    /** The browser's own words, for a report of the error; names no content. */
    readonly detail: string = "",
  ) {
    super(detail === "" ? code : `${code}: ${detail}`);
    this.name = "StoreError";
  }
}

/** A row that is there and cannot be read: damaged on the disk, or sealed under another key. */
export class DamagedRow extends Error {
  constructor(
    /** The row's key in hexadecimal: a table and an id, nothing of its content. */
    readonly key: string,
  ) {
    super(`a stored row cannot be read: ${key}`);
    this.name = "DamagedRow";
  }
}

/** What the browser threw, as one of ours. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (!(error instanceof Error)) return new StoreError("store-failed");
  if (error.name === "QuotaExceededError") return new StoreError("store-full");
  if (error.name === "VersionError") return new StoreError("store-newer");
  return new StoreError("store-failed", error.name);
}
