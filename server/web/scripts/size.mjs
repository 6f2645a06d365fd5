/**
 * Prints what the built app weighs without its wasm: each file and their sum, compressed with brotli as the hub sends
 * them. Run `npm run build -w server/web` before it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const names = readdirSync(dist, { recursive: true, encoding: "utf8" });
const files = names.filter((name) => /\.(js|css|html|svg|webmanifest)$/.test(name)).sort();
let sum = 0;
for (const name of files) {
  const bytes = brotliCompressSync(readFileSync(join(dist, name))).length;
  sum += bytes;
  console.log(`${String(bytes).padStart(7)}  ${name}`);
}
console.log(`${String(sum).padStart(7)}  bytes without the wasm`);
