/** The device's state machine: `device.ts` is where to begin, `event.ts` and `rows.ts` are its words. */
export { Device } from "./device.js";
export { EditRequest } from "./event.js";
export type { Effect, Endpoint, Event, Inputs, Neighbour, Report, Synced } from "./event.js";
export { Locked } from "./locked.js";
export type { SealedFate } from "./locked.js";
export type { LeaseStanding } from "./progress.js";
export { Stopped } from "./reading.js";
export { Key, KeptReceipt, RowError } from "./rows.js";
export type { Aside, Entry, ParcelInfo, Rows, Standing, Wiped, Work, WorkState, Write } from "./rows.js";
export { changes, view } from "./view.js";
export type { View } from "./view.js";
