/** English words of the cases screens. */
import type { Dictionary } from "./dictionary.js";

export const cases: Dictionary["cases"] = {};
