/** Every limit of the field app, with its unit and its reason. */

/** Characters: the least of a passphrase. Argon2id makes each guess slow; below eight, no work factor helps. */
export const PASSPHRASE_CHARACTERS_MIN = 8;

/** Characters: the most that a passphrase takes, so that a pasted page does not stall Argon2id. */
export const PASSPHRASE_CHARACTERS_MAX = 200;

/** Digits of a PIN: short enough for a thumb, long enough for {@link PIN_TRIES_MAX} tries. */
export const PIN_DIGITS = 6;

/** Wrong PINs after which the passphrase is wanted: one in 200,000 guesses is right. */
export const PIN_TRIES_MAX = 5;

/**
 * KiB of memory that Argon2id takes: half of what a browser tab of a 2 GB phone can still get in one piece when two
 * other apps are open, and above the 19 MiB that OWASP asks for at two passes.
 */
export const ARGON_MEMORY_KIB = 32 * 1024;

/** Passes of Argon2id over its memory: with 32 MiB about a second on such a phone. */
export const ARGON_PASSES = 3;

/** Lanes of Argon2id: WebAssembly computes one after the other, so more would help only who guesses. */
export const ARGON_LANES = 1;

/** KiB of memory for a PIN: it stands in memory only, and unlocking with it must not be felt. */
export const PIN_ARGON_MEMORY_KIB = 8 * 1024;

/** Bytes of a salt, as RFC 9106 recommends. */
export const SALT_BYTES = 16;

/** Intakes for which room is kept (what is promised to a post). */
export const RESERVE_INTAKES = 300;

/** Bytes that one intake takes in the database: copy, edits, work, sealed parcel, line of the list, and indexes, twice over. */
export const INTAKE_BYTES = 16 * 1024;

/** Bytes of one block of the reserve: released one by one, so that the rest still stands for what follows. */
export const RESERVE_BLOCK_BYTES = 600 * 1024;

/** Bytes that must be free beside the reserve before it is filled again: else it would take the room it has just given. */
export const RESERVE_MARGIN_BYTES = 8 * 1024 * 1024;

/** Readable receipted copies evicted at once when the store is full: a few hundred kilobytes, a second of work. */
export const EVICTED_AT_ONCE = 100;

/** Tries of one transaction while room is made for it: every block of the reserve and as many evictions again. */
export const ROOM_TRIES_MAX = 20;

/** Milliseconds that what colleagues recorded waits for the others of the device to unlock: a week of nights. */
export const TONIGHT_MILLIS = 7 * 24 * 60 * 60 * 1000;

/** Documents that colleagues recorded, handed in at once: one turn of the device stays within a few frames. */
export const NEIGHBOURS_AT_ONCE = 50;

/** Milliseconds after the last keystroke when a draft becomes a change: a minute, as people are told. */
export const DRAFT_COMMIT_MILLIS = 60 * 1000;

/** Milliseconds without contact after which old cases are locked for reading: two weeks, the longest time at a post. */
export const READING_LOCK_MILLIS = 14 * 24 * 60 * 60 * 1000;

/**
 * Milliseconds for a whole answer. Batches are sized to four seconds each way; ten times that and more, so that a link
 * that died without a word does not hold up the next window of signal.
 */
export const ANSWER_MILLIS_MAX = 45_000;

/** How many times smaller the next batch is after no answer came in that time: the link may have become a hundredth. */
export const TIMEOUT_SHRINKS = 8;

/** Bytes of one answer: the largest message (8 MiB) and its frame. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024 + 1024;

/** Bytes of an error's body that are read: the hub writes a sentence. */
export const ERROR_BYTES_MAX = 4096;

/** Milliseconds that one batch should take on the link, each way. */
export const BATCH_MILLIS = 4_000;

/** Bytes that a link of unknown speed is first asked to carry, each way: four seconds at 128 kbit/s. */
export const FIRST_BUDGET_BYTES = 64 * 1024;

/** Bytes below which an answer says nothing about how fast a link is. */
export const MEASURED_FROM_BYTES = 8 * 1024;

/** Bytes of headers that a browser and the hub add to each request, reckoned: they cannot be counted from here. */
export const HEADER_BYTES_UP = 500;
/** The same for each answer. */
export const HEADER_BYTES_DOWN = 300;

/** Reads of the store that follow one event: one for each document whose work is written again. */
export const LOADS_PER_EVENT_MAX = 100_000;

/** Milliseconds of the first pause after an exchange failed. */
export const RETRY_FIRST_MILLIS = 5_000;

/** Milliseconds of the longest pause: a post that gets signal for five minutes does not miss it. */
export const RETRY_LAST_MILLIS = 2 * 60 * 1000;

/** Milliseconds after contact when it is sought again, while the app is looked at: a colleague's work is seen soon. */
export const CONTACT_MILLIS = 60 * 1000;

/** Milliseconds between something recorded and the try to send it: the next family member comes first. */
export const SEND_AFTER_MILLIS = 2_000;

/** Notices kept: older ones are in the state of each record anyway. */
export const NOTICES_MAX = 30;

/** Documents named in one notice: more push what is being done off a small screen. */
export const NOTICE_NAMES = 3;

/** Lines of lists made again at once: a few frames of a slow phone. */
export const LINES_AT_ONCE = 10;

/** Milliseconds between two looks at the state while an exchange runs: a bar that moves, without drawing each document. */
export const STATE_MILLIS = 200;

/** Changes whose paths are told in a history, the newest first: more is not read on a phone. */
export const HISTORY_CHANGES_MAX = 100;

/** Bytes of sealed work in one courier file: what the sync protocol takes, the rest goes with the next file. */
export const COURIER_ROOM_BYTES = 6 * 1024 * 1024;

/** Bytes of a return file that are read: more is none of ours. */
export const RETURN_FILE_BYTES_MAX = 9 * 1024 * 1024;

/** Words of one name that are looked at; longer ones are typed by mistake or to do harm. */
export const NAME_WORDS_MAX = 8;

/** Letters of a word that two spellings are compared by; the longest name known here has 16. */
export const NAME_LETTERS_MAX = 24;

/** Letters of a search that are looked at; nobody types more. */
export const QUERY_LETTERS_MAX = 120;

/** Hits shown at once: more is not read at a gate, one more word tells better. */
export const HITS_SHOWN = 10;

/** Hits that a list holds when it is scrolled: rows of one screen many times over. */
export const HITS_MAX = 200;

/** Places offered for a typed word: one screen of a small phone. */
export const PLACES_SHOWN = 6;

/** Milliseconds without a touch or a key after which the app locks itself: a phone left on a table is not read. */
export const IDLE_LOCK_MILLIS = 10 * 60 * 1000;

/** Rows drawn of a long list before "show more": a phone draws them within a frame or two. */
export const LIST_ROWS = 30;

/** Children alone shown on the home screen before "more": the buttons of the night stay in sight on a small phone. */
export const HOME_CHILDREN = 2;

/** Drafts and recent records shown on the home screen. */
export const HOME_ROWS = 6;

/** Changes shown of a history before "more": the last night's. */
export const HISTORY_SHOWN = 6;
