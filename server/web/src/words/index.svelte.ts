/**
 * The language on the screen: chosen by the person, French first, kept on the device. Screens read `t()`; sentences that
 * come with both languages (from the engine, the schema or the lists) go through `tell`. A further language is one more
 * line in `LANGUAGES` and one more file, loaded only when it is chosen.
 */
import type { Dictionary } from "./dictionary.js";
import { fr } from "./fr.js";
import { setFrench } from "./typeset.js";

interface Language {
  /** In itself, as it stands on the switch. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  readonly load: () => Promise<Dictionary>;
}

/** Languages that can be chosen, first one first. */
export const LANGUAGES = {
  fr: { name: "Français", direction: "ltr", load: () => Promise.resolve<Dictionary>(fr) },
  en: { name: "English", direction: "ltr", load: async () => (await import("./en.js")).en },
} as const satisfies Readonly<Record<string, Language>>;

export type LanguageCode = keyof typeof LANGUAGES;

const KEPT_AS = "segin-language";

let code = $state<LanguageCode>("fr");
let dictionary = $state.raw<Dictionary>(fr);

/** The words on the screen. */
export function t(): Dictionary {
  return dictionary;
}

/** The language on the screen. */
export function language(): LanguageCode {
  return code;
}

/** Whether a text names a language that can be chosen. */
export function isLanguage(text: string): text is LanguageCode {
  return Object.hasOwn(LANGUAGES, text);
}

/** A sentence that comes with both languages; languages without it read the French one. */
export function tell(words: { readonly fr: string; readonly en: string }): string {
  return code === "en" ? words.en : setFrench(words.fr);
}

/** Puts a language on the screen and keeps the choice. */
export async function speak(chosen: LanguageCode): Promise<void> {
  const loaded = await LANGUAGES[chosen].load();
  dictionary = loaded;
  code = chosen;
  document.documentElement.lang = chosen;
  document.documentElement.dir = LANGUAGES[chosen].direction;
  try {
    localStorage.setItem(KEPT_AS, chosen);
  } catch {
    // Private windows keep nothing; the choice then holds until the app is closed.
  }
}

/** The language chosen before, French when none was. */
export function keptLanguage(): LanguageCode {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    return kept !== null && isLanguage(kept) ? kept : "fr";
  } catch {
    return "fr";
  }
}
