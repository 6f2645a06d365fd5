/** French, the source of keys: one file for each area of the app, so that areas grow apart. */
import { arrival } from "./fr.arrival.js";
import { cases } from "./fr.cases.js";
import { common } from "./fr.common.js";
import { doors } from "./fr.doors.js";
import { find } from "./fr.find.js";
import { home } from "./fr.home.js";
import { intake } from "./fr.intake.js";
import { sent } from "./fr.sent.js";
import { settings } from "./fr.settings.js";
import { setAll } from "./typeset.js";

export const fr = setAll({ common, doors, home, sent, settings, arrival, intake, find, cases } as const);
