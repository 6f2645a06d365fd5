/** English words of the intake screens. */
import type { Dictionary } from "./dictionary.js";

export const intake: Dictionary["intake"] = {};
