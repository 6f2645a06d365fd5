/** Types of `fixture.mjs`. */

/** Resolves with the address of the app and how to stop. */
export function serveFixture(): Promise<{ readonly url: string; stop(): Promise<void> }>;
