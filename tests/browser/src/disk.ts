/**
 * What lies on a phone's disk, read raw: the rows of every database of the app as they are stored, and the bytes of
 * every file of the browser's profile. Knows nothing of what they mean.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";

/** Everything that the page's origin keeps, keys and values, as one text: bytes as Latin-1. */
export function storedText(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const said: string[] = [];
    const decoder = new TextDecoder("latin1");
    const tell = (value: unknown): void => {
      if (value instanceof ArrayBuffer) said.push(decoder.decode(value));
      else if (ArrayBuffer.isView(value)) said.push(decoder.decode(value));
      else if (typeof value === "object" && value !== null) for (const one of Object.values(value)) tell(one);
      else said.push(String(value));
    };
    const done = <T>(asked: IDBRequest<T>): Promise<T> =>
      new Promise((good, bad) => {
        asked.onsuccess = () => good(asked.result);
        asked.onerror = () => bad(asked.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const database = await done(indexedDB.open(name ?? ""));
      for (const table of database.objectStoreNames) {
        const rows = database.transaction(table).objectStore(table);
        for (const value of [...(await done(rows.getAllKeys())), ...(await done(rows.getAll()))]) tell(value);
      }
      database.close();
    }
    for (const one of Object.values({ ...localStorage, ...sessionStorage })) tell(one);
    return said.join("\n");
  });
}

/** How many rows a table has. */
export function rowsOf(page: Page, table: string): Promise<number> {
  return page.evaluate(
    (wanted) =>
      new Promise<number>((good, bad) => {
        const opened = indexedDB.open("segin");
        opened.onerror = () => bad(opened.error);
        opened.onsuccess = () => {
          const count = opened.result.transaction(wanted).objectStore(wanted).count();
          count.onerror = () => bad(count.error);
          count.onsuccess = () => {
            opened.result.close();
            good(count.result);
          };
        };
      }),
    table,
  );
}

/**
 * Overwrites the value of every row of a table whose key ends so, as a bad sector of the disk would: to be called on a
 * page of the hub that is not the app. @throws Error when there is no such row.
 */
export async function damage(page: Page, table: string, keyEnd: string): Promise<void> {
  const count = await page.evaluate(
    ([wanted, end]) =>
      new Promise<number>((good, bad) => {
        const opened = indexedDB.open("segin");
        opened.onerror = () => bad(opened.error);
        opened.onsuccess = () => {
          const work = opened.result.transaction(wanted, "readwrite");
          const store = work.objectStore(wanted);
          let damaged = 0;
          store.getAllKeys().onsuccess = ({ target }) => {
            const keys: unknown[] = target instanceof IDBRequest && Array.isArray(target.result) ? target.result : [];
            for (const key of keys) {
              if (typeof key !== "string" || !key.endsWith(end)) continue;
              store.put(new Uint8Array(64).fill(0xa5), key);
              damaged += 1;
            }
          };
          work.onerror = () => bad(work.error);
          work.oncomplete = () => {
            opened.result.close();
            good(damaged);
          };
        };
      }),
    [table, keyEnd] as const,
  );
  if (count === 0) throw new Error(`no row of ${table} ends with ${keyEnd}`);
}

/** What a search of a profile found. */
export interface Searched {
  /** Bytes of all files. */
  readonly bytes: number;
  /** Which word stands in which file. */
  readonly found: readonly string[];
}

/** Searches every file of a profile for words, as UTF-8 and as UTF-16; the browser must be closed. */
export async function search(folder: string, words: readonly string[]): Promise<Searched> {
  const found: string[] = [];
  let bytes = 0;
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const content = await readFile(join(file.parentPath, file.name));
    bytes += content.length;
    for (const word of words) {
      if (content.includes(word) || content.includes(Buffer.from(word, "utf16le"))) found.push(`${word} in ${file.name}`);
    }
  }
  return { bytes, found };
}
