/**
 * Argon2id (RFC 9106): the package argon2id, whose two small wasm files come when they are first needed, the slower one
 * only where the processor has no vectors. Its memory goes with each call. Parameters are chosen in `passphrase.ts`.
 */
import slow from "argon2id/dist/no-simd.wasm?init";
import fast from "argon2id/dist/simd.wasm?init";
import setUp from "argon2id/lib/setup.js";
import type { Bytes } from "./bytes.js";

/** Bytes of what comes out: an AES-256 key. */
const KEY_BYTES = 32;

/** How a key is derived. */
export interface Derivation {
  readonly salt: Bytes;
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** {@link KEY_BYTES} bytes made of a secret. Blocks the page for about a second on a phone, as it should. */
export async function argon2(password: Bytes, { salt, memoryKib, passes, lanes }: Derivation): Promise<Uint8Array> {
  const started = (init: typeof fast) => async (imports: WebAssembly.Imports) => {
    // Of what its types name the package reads the instance alone.
    return { instance: await init(imports) } as WebAssembly.WebAssemblyInstantiatedSource;
  };
  const hash = await setUp(started(fast), started(slow));
  return hash({ password, salt, memorySize: memoryKib, passes, parallelism: lanes, tagLength: KEY_BYTES });
}
