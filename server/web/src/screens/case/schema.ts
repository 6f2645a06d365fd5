/**
 * The schema's tables, asked for when the first case is shown: they stand in the engine's part of the app, which screens do not
 * load themselves.
 */
import type { Field, Group, Kind, Shape } from "@segin/sync-protocol";

/** What screens ask of the schema. */
export interface Schema {
  readonly groups: (kind: Kind) => readonly Group[];
  /** The group and the field of a path; of an entry's field too. */
  readonly at: (kind: Kind, path: string) => { readonly group: Group; readonly field: Field | undefined } | null;
}

let loading: Promise<Schema> | undefined;

export function loadSchema(): Promise<Schema> {
  loading ??= import("@segin/sync-protocol").then(({ schema }) => ({
    groups: schema.groups,
    at: (kind, path) => {
      const [name = "", second = "", third] = path.split(".");
      const group = schema.groupOf(kind, name);
      return group ? { group, field: schema.fieldOf(group, third ?? second) } : null;
    },
  }));
  return loading;
}

/** What a set's members are. */
export function memberShape(group: Group): Shape | undefined {
  return group.rule.is === "set" ? group.rule.member : undefined;
}

/** Groups that the case screen tells in its own words, or that are not for people. */
export const NOT_LISTED: ReadonlySet<string> = new Set(["card", "sources", "import"]);
