/** The package's public face. Where things are: `documents/` what is recorded, `wire/` what travels, `device/` who does it. */
export * from "./bytes.js";
export * from "./crypto.js";
export * from "./device/index.js";
export * from "./documents/index.js";
export * from "./ids.js";
export * as limits from "./limits.js";
export { SealingError, SealingKey, SealingPublic } from "./sealing.js";
export * as wire from "./wire/index.js";
