/**
 * What travels, and the codec that turns it into bytes.
 *
 * `manifest` and `parcel` go up, `answer` comes down, `exchange` and `enrolment` are the two requests, `courier` is an
 * exchange in files that are carried (`carried`), `lease` says who may write under which actor, `digest` what a channel
 * holds, `order` what the hub asks, `fingerprint` and `voucher` are how people compare and show keys, `returning` what goes
 * back to a hub that has lost it. Structures are CBOR arrays in field order; a field added later stands at the end and
 * older readers pass it over. Each type has a companion of the same name: its codec, and what can be done with it.
 */
export * from "./answer.js";
export * as cbor from "./cbor.js";
export * from "./codec.js";
export * from "./courier.js";
export * from "./digest.js";
export * from "./enrolment.js";
export * from "./exchange.js";
export { Fingerprint, FingerprintError, fingerprint } from "./fingerprint.js";
export * from "./lease.js";
export * from "./manifest.js";
export * from "./parcel.js";
export * from "./returning.js";
export * from "./voucher.js";
