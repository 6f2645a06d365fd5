/**
 * French spacing before `: ; ? !` and inside « »: the space must not break, else a line begins with a colon; where it is
 * missing it is put in. Words are written with plain spaces and set here, once, so that nobody types characters that
 * nobody sees.
 */

const NO_BREAK = "\u{a0}";

/** One text with its French spaces made unbreakable. */
export function setFrench(text: string): string {
  return text
    .replace(/ +(?=»)/g, NO_BREAK)
    .replace(/(?<=[^\s:;?!…]) *(?=[:;?!]+(?:\s|$))/g, NO_BREAK)
    .replaceAll("« ", `«${NO_BREAK}`);
}

/** A whole dictionary so: texts now, functions when they are called. */
export function setAll<T>(words: T): T;
export function setAll(words: unknown): unknown {
  if (typeof words === "string") return setFrench(words);
  if (typeof words === "function") {
    return (...given: readonly unknown[]) => {
      const said: unknown = Reflect.apply(words, undefined, [...given]);
      return typeof said === "string" ? setFrench(said) : said;
    };
  }
  if (Array.isArray(words)) return words.map((word: unknown) => setAll(word));
  if (typeof words === "object" && words !== null) {
    return Object.fromEntries(Object.entries(words).map(([key, value]) => [key, setAll(value)]));
  }
  return words;
}
