/**
 * The type of dictionaries. French (`fr.ts`) is the source of keys: another language that lacks one, or whose function
 * takes something else, does not compile. Owns no words.
 */
import type { fr } from "./fr.js";

/** The same keys with any text, and functions of the same arguments. */
export type Shape<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Shape<T[K]> };

/** A complete language. */
export type Dictionary = Shape<typeof fr>;
