/**
 * The reading lock: after two weeks without contact, old cases are not shown on a device that may be in wrong hands.
 * A hindrance only, by the highest time that this device's clock has shown since the last contact, so that turning the
 * clock back opens nothing and a clock that is a year off locks nobody out. Recording never locks.
 */
import { READING_LOCK_MILLIS } from "../limits.js";

/** By this device's clock. */
export interface Seen {
  readonly contactSeen: number;
  readonly highestSeen: number;
}

/** Contact now. */
export function contact(now: number): Seen {
  return { contactSeen: now, highestSeen: now };
}

/** The clock shows this time. */
export function seen(before: Seen, now: number): Seen {
  return now > before.highestSeen ? { ...before, highestSeen: now } : before;
}

/** Whether old cases are locked. */
export function isReadingLocked(of: Seen): boolean {
  return of.highestSeen - of.contactSeen > READING_LOCK_MILLIS;
}
