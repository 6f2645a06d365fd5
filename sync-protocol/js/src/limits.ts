/**
 * Every limit of the protocol that a device meets: a name, a unit and a reason. The same numbers as in the Rust crate's
 * `src/limits.rs`, which a test compares; limits that only the hub meets stand there alone.
 */

/** Bytes of one uncompressed Automerge change. A note of 20,480 characters is about 90 KB; four times that. */
export const CHANGE_BYTES_MAX = 384 * 1024;

/** Bytes of one message (request or answer) before compression: what may be held in memory for one exchange. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

/** CBOR data items of one message: eight bytes each where a message is full. */
export const MESSAGE_ITEMS_MAX = 1024 * 1024;

/** Bytes to a multiple of which contents are padded before they are sealed: a change of one field looks like one of ten. */
export const SEALED_STEP_BYTES = 256;

/** Bytes of sealed contents: they travel within one message. */
export const SEALED_BYTES_MAX = MESSAGE_BYTES_MAX;

/** Bytes of changes in one sealed parcel: it must pass within the ten seconds that a bad link (32 kbit/s) lasts. */
export const SEALED_PARCEL_BYTES = 16 * 1024;

/** Documents named in one manifest. A batch of four seconds at 1 Mbit/s holds about as many new cases. */
export const MANIFEST_DOCUMENTS_MAX = 2_048;

/** Statements in one manifest. */
export const MANIFEST_STATEMENTS_MAX = 256;

/** Changes of one document in one parcel; the rest follows in the next. */
export const DOCUMENT_CHANGES_MAX = 512;

/** Parcels in one request. */
export const REQUEST_PARCELS_MAX = 64;

/** Documents that a device may ask for by name in one request. */
export const WANTS_DOCUMENTS_MAX = 1_024;

/** Operations in one change. A text of 20,480 characters is 20,481 operations; browsers were measured up to this. */
export const CHANGE_OPERATIONS_MAX = 65_536;

/** Nesting of maps in a document: the schemas need four, a newer version may need a few more. */
export const DOCUMENT_DEPTH_MAX = 8;

/** Keys that a schema does not know, in one document: room for a newer version's fields, not for a file store. */
export const UNKNOWN_KEYS_MAX = 512;

/** Bytes of one document's saved form. An honest case of five years stays below a tenth. */
export const DOCUMENT_BYTES_MAX = 4 * 1024 * 1024;

/** Characters of one note. */
export const NOTE_CHARACTERS_MAX = 20_480;

/** Characters of one plain text field: a name, a place, a reason. */
export const FIELD_CHARACTERS_MAX = 500;

/** Bytes of the configuration blob: places and lists of one country; a phone fetches it over a slow link. */
export const CONFIGURATION_BYTES_MAX = 1024 * 1024;

/** Edits in one change: every person of a convoy of 300 ticked three times. */
export const EDITS_MAX = 1_024;

/** Entries or members of one group: a movement of 3,000 people in a month on one corridor, with room. */
export const GROUP_ITEMS_MAX = 4_096;

/** Steps of one outcome: a person who returns, moves and leaves has a few a year. */
export const OUTCOME_STEPS_MAX = 256;

/** Ids that one field may list: what one consent supersedes. */
export const LIST_ITEMS_MAX = 64;

/** Largest integer kept exactly by every client: 2^53 − 1. */
export const INTEGER_MAX = 9_007_199_254_740_991;

/** Buckets of document ids that a repair compares. */
export const REPAIR_BUCKETS = 256;

/** Milliseconds from 1970 in a date value, either way: what a JavaScript date can hold. */
export const DATE_MILLIS_MAX = 8_640_000_000_000_000;

/** Events that wait while a device reads its store: a person's taps within the milliseconds that reading takes. */
export const DEVICE_EVENTS_WAITING_MAX = 64;

/** Exchanges within one sync: 50,000 cases at two kilobytes, eight kilobytes at a time, and again as much. */
export const SYNC_EXCHANGES_MAX = 25_000;

/** Times that one change's edits are written again before they wait for a person: what fails then fails for what it says. */
export const REPLAYS_MAX = 1;

/** Documents that a device takes from a colleague at once: what is read of its store for one event. */
export const NEIGHBOURS_MAX = 256;

/**
 * Syncs in which a change may wait for what a colleague recorded on the same device before it is written again on what the
 * hub has: some days of a device that syncs a few times a day.
 */
export const NEIGHBOUR_WAITS_MAX = 16;

/** Times within one sync that work of one document may come back unsettled before it waits for the next sync. */
export const UNSETTLED_MAX = 3;

/** Bytes that a document and a change add to a parcel beside the change itself: ids, salt, commitment, lengths. */
export const PARCEL_DOCUMENT_BYTES = 96;

/** Bytes of the smallest batch, both ways: one new case with its frame. Below it a link carries nothing whole. */
export const BATCH_BYTES_MIN = 2 * 1024;

/** Bytes of the largest batch, both ways: half of what one message may have, the rest is for what stands beside. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes of sealed or packed parcels of which a device keeps its own copy until a second one exists, oldest given up first. */
export const RETAINED_PARCEL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Bytes of what proves others' work to a hub that may lose it, kept by a device while no second copy exists, oldest given up
 * first: some 100 bytes for each document that was fed.
 */
export const FED_PROOF_BYTES_MAX = 16 * 1024 * 1024;

/** Documents that a device reads from its store at once to give something of them back; more than a slow link carries. */
export const RETURN_LOADED_MAX = 64;

/** Marks of earlier receipts that a device keeps and shows: each about twice as far back as the one before, for years. */
export const MARKS_MAX = 24;

/** Counters back from the last for which a device keeps receipts of own parcels, at some 400 bytes each. */
export const RECEIPTS_KEPT_MAX = 16_384;

/** Documents whose reading a device has not yet told the hub of, the oldest given up first: more than a phone holds. */
export const READS_KEPT_MAX = 8_192;

/** Bytes that one statement of a reading adds to a parcel: salt, document, time, commitment. */
export const READ_STATEMENT_BYTES = 112;

/** Keys that a device vouches for and has not yet told the hub of: the devices of a large training day. */
export const VOUCHES_KEPT_MAX = 64;

/** Bytes to a multiple of which a file that is carried is padded. */
export const CARRIED_STEP_BYTES = 4 * 1024;

/** Bytes of a file that is carried: the largest message, with what stands before and behind it. */
export const CARRIED_BYTES_MAX = 9 * 1024 * 1024;

/** Parts of a courier file, one for each lease: more than one device has users. */
export const COURIER_PARTS_MAX = 64;

/** Parcels in a courier file, all parts together. */
export const COURIER_PARCELS_MAX = 2_048;

/** Bytes of parcels that a device puts into one courier file: what stands beside them fits into the same message. */
export const COURIER_PARCEL_BYTES_MAX = 6 * 1024 * 1024;

/** Bytes of the feed in a return file, before compression, all parts together. */
export const COURIER_FEED_BYTES_MAX = 2 * 1024 * 1024;

/** Runs of missing numbers that a hub remembers of one series and tells. */
export const COURIER_MISSING_MAX = 16;

/** Courier files of which a device remembers what it asked for: their return files are taken, older ones are not. */
export const COURIER_SENT_KEPT_MAX = 16;
