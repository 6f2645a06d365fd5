/**
 * Reading what came from elsewhere: what Rust says with `Result` is an exception here, and only those that say something
 * of the message are caught; a mistake of this program goes on upwards.
 */
import { CryptoError } from "../crypto.js";
import { ConfigurationError } from "../documents/config.js";
import { AnswerError } from "../wire/answer.js";
import { CodecError } from "../wire/codec.js";

/** Why a step ended early, in words for the person. What was marked until then stays. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

function isAboutTheMessage(error: unknown): error is Error {
  return (
    error instanceof CodecError ||
    error instanceof CryptoError ||
    error instanceof AnswerError ||
    error instanceof ConfigurationError
  );
}

/** What was read; null when it is not what belongs there, or not signed by whom it should be. */
export function orNull<T>(step: () => T): T | null {
  try {
    return step();
  } catch (error) {
    if (isAboutTheMessage(error)) return null;
    throw error;
  }
}

/** What was read; throws {@link Stopped} with the reason when it is not what belongs there. */
export function orStop<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (isAboutTheMessage(error)) throw new Stopped(error.message);
    throw error;
  }
}
