/** The line that a list of cases shows for one of them. */
import { birthEnglish, birthFrench } from "./birth.js";
import { outcomeOf } from "./derived.js";
import { textAt, valueAt } from "./project.js";
import type { Birth, Label, Projection } from "./types.js";

/** A line of a list of cases. */
export interface Summary {
  /** The human code. */
  readonly code: string | null;
  /** Given and family name, else what the person is called; empty when none is known. */
  readonly name: string;
  /** `f`, `m` or `unknown`. */
  readonly sex: string | null;
  /** The birth as known, and in words. */
  readonly birth: Birth | null;
  readonly birth_words: Label | null;
  readonly site: string | null;
  /** The step of the outcome that holds. */
  readonly status: string | null;
}

/** The line of a list; for a case. */
export function summary(projection: Projection): Summary {
  const text = (path: string): string | null => textAt(projection, path) ?? null;
  const names = [text("identity.given"), text("identity.family")].filter((name) => name !== null);
  const value = valueAt(projection, "birth.date");
  const birth = typeof value === "object" && "precision" in value ? value : null;
  return {
    code: text("card.code"),
    name: names.join(" ") || (text("identity.called") ?? text("identity.on_paper") ?? ""),
    sex: text("identity.sex"),
    birth,
    birth_words: birth === null ? null : { fr: birthFrench(birth), en: birthEnglish(birth) },
    site: text("card.site"),
    status: outcomeOf(projection)?.step ?? null,
  };
}
