/** PINs that somebody who picks up the device tries first. */

/** Distinct digits below which a PIN is a repetition. */
const DISTINCT_MIN = 3;

/** Whether a PIN is a repetition (`112211`) or a run (`123456`, `987654`). */
export function isEasy(pin: string): boolean {
  if (new Set(pin).size < DISTINCT_MIN) return true;
  const steps = new Set([...pin].slice(1).map((digit, at) => Number(digit) - Number(pin[at])));
  return steps.size === 1;
}
