/** Reading JSON of which only the form is hoped for: every field is asked for, and a wrong one says where it stood. */

/** An object of JSON. */
export type Fields = { readonly [name: string]: unknown };

/** @throws Error when it is none. */
export function fields(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what}: not an object`);
  return Object.fromEntries(Object.entries(value));
}

/** @throws Error when there is no such text. */
export function text(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value !== "string") throw new Error(`${name}: not a text in ${JSON.stringify(from)}`);
  return value;
}

/** @throws Error when there is no such number. */
export function number(from: Fields, name: string): number {
  const value = from[name];
  if (typeof value !== "number") throw new Error(`${name}: not a number in ${JSON.stringify(from)}`);
  return value;
}

/** @throws Error when there is no such list. */
export function list(from: Fields, name: string): readonly Fields[] {
  const value = from[name];
  if (!Array.isArray(value)) throw new Error(`${name}: not a list in ${JSON.stringify(from)}`);
  return value.map((item: unknown) => fields(item, name));
}
