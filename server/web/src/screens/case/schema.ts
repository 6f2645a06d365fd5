/** What screens ask of the schema's tables: groups with their labels, and the field at the end of a path. */
import { schema } from "@segin/sync-protocol";
import type { Field, Group, Kind, Shape } from "@segin/sync-protocol";

/** The groups of a kind. */
export function groupsOf(kind: Kind): readonly Group[] {
  return schema.groups(kind);
}

/** The group and the field of a path; of an entry's field too. */
export function schemaAt(kind: Kind, path: string): { readonly group: Group; readonly field: Field | undefined } | null {
  const [name = "", second = "", third] = path.split(".");
  const group = schema.groupOf(kind, name);
  return group ? { group, field: schema.fieldOf(group, third ?? second) } : null;
}

/** What a set's members are. */
export function memberShape(group: Group): Shape | undefined {
  return group.rule.is === "set" ? group.rule.member : undefined;
}

/** Groups that the case screen tells in its own words, or that are not for people. */
export const NOT_LISTED: ReadonlySet<string> = new Set(["card", "sources", "import"]);
