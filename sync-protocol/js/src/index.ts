/** The package's public face. Where things are: `documents/` what is recorded, `wire/` what travels, `device/` who does it. */
export * from "./documents/types.js";
