/** English: complete by type. */
import type { Dictionary } from "./dictionary.js";
import { arrival } from "./en.arrival.js";
import { cases } from "./en.cases.js";
import { common } from "./en.common.js";
import { doors } from "./en.doors.js";
import { find } from "./en.find.js";
import { home } from "./en.home.js";
import { intake } from "./en.intake.js";
import { sent } from "./en.sent.js";
import { settings } from "./en.settings.js";

export const en: Dictionary = { common, doors, home, sent, settings, arrival, intake, find, cases };
