/** Short words for the edits that the flows make; their meaning stands in `@segin/sync-protocol`. */
import type { Answer, Edit, When } from "@segin/sync-protocol";

export const set = (field: string, value: Answer): Edit => ({ edit: "set", field, value });

export const include = (set: string, member: string, value?: Answer): Edit =>
  value === undefined ? { edit: "include", set, member } : { edit: "include", set, member, value };

export const exclude = (set: string, member: string): Edit => ({ edit: "exclude", set, member });

export const amend = (group: string, entry: string, field: string, value: Answer): Edit => ({ edit: "amend", group, entry, field, value });

export const voided = (group: string, entry: string, reason: string): Edit => ({ edit: "void", group, entry, reason });

/** An entry; answers that are undefined are left out. */
export function add(group: string, entry: string, values: Readonly<Record<string, Answer | undefined>>, at?: When): Edit {
  const given: Record<string, Answer> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined && value !== "") given[key] = value;
  return at === undefined ? { edit: "add", group, entry, values: given } : { edit: "add", group, entry, values: given, at };
}

/** A moment by this device's clock, to the minute, UTC. */
export function clock(now: number): When {
  return { at: new Date(now).toISOString().slice(0, 16), source: "clock" };
}
