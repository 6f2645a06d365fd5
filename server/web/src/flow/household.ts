/** The household document of a family: who belongs together, each with the relation to the head. By UUID only. */
import type { Edit } from "@segin/sync-protocol";
import { exclude, include, set } from "./edits.js";

/** Relation codes offered first at a gate; the configuration has the others. */
export const NEAR_RELATIONS = ["spouse", "child", "parent", "sibling", "other_relative", "not_related"] as const;

/** Begins a household with its head. */
export function beginHousehold(head: string, site: string): Edit[] {
  return [set("unit.head", head), set("unit.site", site), include("members", head, "head")];
}

/** Adds a member; a relation that nobody said is left out. */
export function addMember(member: string, relation?: string): Edit {
  return relation === undefined ? include("members", member) : include("members", member, relation);
}

export function removeMember(member: string): Edit {
  return exclude("members", member);
}
