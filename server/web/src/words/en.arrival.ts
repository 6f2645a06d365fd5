/** English words of the arrival screens. */
import type { Dictionary } from "./dictionary.js";

export const arrival: Dictionary["arrival"] = {};
