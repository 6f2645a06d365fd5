/** Limits of the browser tests: each with its unit and its reason. */

/** Tests at the same time: a hub, a browser and Node each want half a processor, and small machines have two. */
export const WORKERS = 2;

/** Milliseconds of one test, a slow link included. What hangs, hangs for ever: this only ends it. */
export const TEST_MS = 120_000;

/** Milliseconds until something awaited is given up: a hub that starts and a first wasm on a busy machine take five. */
export const EXPECT_MS = 30_000;

/** Milliseconds of a whole exchange: a first one of 500 people at 32 kbit a second takes less than one minute. */
export const EXCHANGE_MS = 120_000;

/** Milliseconds of all tests together: three times what they take. */
export const ALL_TESTS_MS = 900_000;

/** Milliseconds in which a hub must say that it listens. */
export const HUB_STARTS_MS = 30_000;

/** Bytes that a slow link carries at once: a network packet. */
export const PACKET_BYTES = 1_400;

/** Characters of a hub's log that are kept for the report of a failure. */
export const LOG_CHARACTERS_MAX = 20_000;

/** Bytes of `segin verify`'s report, at most: 200 differences and their words are far below. */
export const REPORT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Milliseconds after which a phone that synced first must have heard of what another brought: it asks once a minute,
 * and then has to exchange and draw.
 */
export const HEARD_OF_MS = 90_000;
