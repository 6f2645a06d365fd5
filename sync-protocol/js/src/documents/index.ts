/**
 * What a document may hold, how it is edited, and how it reads. The schema is in `schema.ts`, typed edits in `edit.ts` and
 * `write.ts`; `am.ts` alone knows Automerge. Who may write is decided elsewhere (gate, hub).
 */
export * from "./am.js";
export * from "./birth.js";
export * from "./code.js";
export { CONSTANT_ACTOR_PREFIX, blank, constantHashes, constants } from "./constant.js";
export type { Constant } from "./constant.js";
export * from "./date.js";
export * from "./edit.js";
export * as schema from "./schema.js";
export type { Field, Group, Rule, Shape, Stage } from "./schema.js";
export { STATES, WHEN_SOURCES, isEntryId, wanted } from "./shape.js";
export * from "./types.js";
export { checkEdit } from "./validate.js";
export { entryText, informs, isState, placeText, sameAnswer, textOf, valueOf, whenText } from "./value.js";
export * from "./write.js";
