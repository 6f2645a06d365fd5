/** Who wrote something: by the change or the actor, from the history; this user as "you". */
import type { Opened, Past } from "../../engine/contract.js";
import { t } from "../../words/index.svelte.js";
import { siteName } from "../record/lists.js";

export function whoOf(past: Past): string {
  const who = past.mine ? t().cases.you : past.who;
  return past.site === null ? who : `${who} (${siteName(past.site)})`;
}

/** Who made a change; empty where the history does not say. */
export function whoMade(opened: Opened, change: string): string {
  const past = opened.history.find((one) => one.change === change);
  return past ? whoOf(past) : "";
}

/** Who entered an entry, by its actor: the history tells whose changes were made then. */
export function whoEntered(opened: Opened, by: string, at: number, prefix: string): string {
  if (by.startsWith(prefix)) return t().cases.you;
  const past = opened.history.find((one) => !one.mine && Math.abs(one.at - at) < 1000);
  return past ? whoOf(past) : "";
}
