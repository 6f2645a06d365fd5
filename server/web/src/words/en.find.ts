/** English words of the find screens. */
import type { Dictionary } from "./dictionary.js";

export const find: Dictionary["find"] = {};
