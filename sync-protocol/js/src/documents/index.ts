/**
 * What a document may hold, how it is edited, and how it reads. The schema is in `schema.ts`, typed edits in `edit.ts` and
 * `write.ts`; `am.ts` alone knows Automerge. Who may write is decided elsewhere (gate, hub).
 */
export * from "./am.js";
export * from "./birth.js";
export * from "./code.js";
export { ConfigurationError, SignedConfiguration, codeOf, itemOf, placesNamed } from "./config.js";
export { CONSTANT_ACTOR_PREFIX, blank, constantHashes, constants } from "./constant.js";
export type { Constant } from "./constant.js";
export { conflicts } from "./conflict.js";
export * from "./date.js";
export { barsReferralTo, consentsOf, isEntries, isWithdrawn, outcomeOf, referralStatus } from "./derived.js";
export type { Derived } from "./derived.js";
export * from "./edit.js";
export * from "./project.js";
export type { ConsentStanding, OutcomeStanding } from "./rules.js";
export * as schema from "./schema.js";
export type { Field, Group, Rule, Shape, Stage } from "./schema.js";
export { STATES, WHEN_SOURCES, isEntryId, wanted } from "./shape.js";
export { summary } from "./summary.js";
export type { Summary } from "./summary.js";
export * from "./types.js";
export { checkEdit, validate } from "./validate.js";
export { entryText, informs, isState, placeText, sameAnswer, textOf, valueOf, whenText } from "./value.js";
export * from "./write.js";
