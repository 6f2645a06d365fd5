/**
 * A part of the build: the service worker (`src/worker.ts`) becomes `sw.js` at the app's top and is told which files this
 * version has, those of `public/` included. Owns the names by which the worker tells versions apart.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const WORKER = "sw";
/** What stands in the worker's code for the list. */
const PLACE = "__SHELL__";
/** Where names hold a hash of the content. */
const HASHED = "assets/";
/** Of the version's hash, so many hexadecimal digits name its cache. */
const NAME_DIGITS = 16;

const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes);

/** Builds the worker beside the app. */
export function shell(): Plugin {
  let folder = "public";
  return {
    name: "segin-shell",
    enforce: "post",
    apply: "build",
    config: () => ({
      build: {
        rolldownOptions: {
          input: { index: "index.html", [WORKER]: "src/worker.ts" },
          output: { entryFileNames: ({ name }) => (name === WORKER ? "sw.js" : `${HASHED}[name]-[hash].js`) },
        },
      },
    }),
    configResolved: ({ publicDir }) => void (folder = publicDir),
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const worker = bundle["sw.js"];
        if (worker?.type !== "chunk" || worker.imports.length > 0) this.error("src/worker.ts must be one file without imports");
        const files = new Map<string, string | Uint8Array>();
        for (const name of readdirSync(folder)) files.set(name, readFileSync(join(folder, name)));
        for (const file of Object.values(bundle)) files.set(file.fileName, file.type === "chunk" ? file.code : file.source);
        files.delete("sw.js");
        // The smallest first: a broken link then gets on, and the wasm is the last.
        const sorted = [...files].sort(([a, one], [b, other]) => one.length - other.length || (a < b ? -1 : 1));
        const list = sorted.map(([name, bytes]) =>
          name.startsWith(HASHED) ? [name] : [name, `sha256-${sha256(bytes).digest("base64")}`],
        );
        const name = `segin-${sha256(JSON.stringify(list)).digest("hex").slice(0, NAME_DIGITS)}`;
        if (worker.code.split(PLACE).length !== 2) this.error(`src/worker.ts must name ${PLACE} once`);
        worker.code = worker.code.replace(PLACE, () => JSON.stringify({ name, files: list }));
      },
    },
  };
}
