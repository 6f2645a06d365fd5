/**
 * Prints what the built app weighs without its wasm: every file that the service worker keeps on the device, and itself,
 * compressed with brotli as the hub sends it, and their sum. Run `npm run build -w server/web` before it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const names = readdirSync(dist, { recursive: true, encoding: "utf8" });
const files = names.filter((name) => /\.\w+$/.test(name) && !name.endsWith(".wasm")).sort();
let sum = 0;
for (const name of files) {
  const plain = readFileSync(join(dist, name));
  // Pictures are compressed already and are sent as they are.
  const bytes = Math.min(brotliCompressSync(plain).length, plain.length);
  sum += bytes;
  console.log(`${String(bytes).padStart(7)}  ${name}`);
}
console.log(`${String(sum).padStart(7)}  bytes without the wasm`);
