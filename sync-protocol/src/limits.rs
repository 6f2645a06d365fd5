//! Every limit of the protocol: a name, a unit and a reason. The hub's own limits stand in the server crate.

/// Bytes of one uncompressed Automerge change. A note of 20,480 characters is about 90 KB; four times that.
pub const CHANGE_BYTES_MAX: usize = 384 * 1024;

/// Bytes of one message (request or answer) before compression: what a hub worker may hold in memory for one device.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// CBOR data items of one message: eight bytes each where a message is full. The smallest honest entries (a document
/// and its sum in a repair) take eleven for each item; an empty string takes one, and two dozen in memory.
pub const MESSAGE_ITEMS_MAX: usize = 1024 * 1024;

/// Bytes to a multiple of which contents are padded before they are sealed to the hub: a change of one field and one of
/// ten look the same, and the padding of a whole intake is a tenth of it.
pub const SEALED_STEP_BYTES: usize = 256;

/// Bytes of sealed contents: they travel within one message.
pub const SEALED_BYTES_MAX: usize = MESSAGE_BYTES_MAX;

/// Bytes of changes in one parcel that is sealed to the hub when they are recorded: it travels as it is, so it must pass
/// within the ten seconds that a bad link (32 kbit/s) lasts. At least one change.
pub const SEALED_PARCEL_BYTES: usize = 16 * 1024;

/// Documents named in one manifest. A batch of four seconds at 1 Mbit/s holds about as many new cases.
pub const MANIFEST_DOCUMENTS_MAX: usize = 2_048;

/// Statements in one manifest.
pub const MANIFEST_STATEMENTS_MAX: usize = 256;

/// Changes of one document in one parcel; the rest follows in the next.
pub const DOCUMENT_CHANGES_MAX: usize = 512;

/// Parcels in one request.
pub const REQUEST_PARCELS_MAX: usize = 64;

/// Documents that a device may ask for by name in one request.
pub const WANTS_DOCUMENTS_MAX: usize = 1_024;

/// Operations in one change. A text of 20,480 characters is 20,481 operations; browsers were measured up to this.
pub const CHANGE_OPERATIONS_MAX: u64 = 65_536;

/// Predecessors in one change, all operations together: replacing such a text twice over.
pub const CHANGE_PREDECESSORS_MAX: u64 = 131_072;

/// Dependencies of one change: as many as there can be concurrent heads of honest work on one case.
pub const CHANGE_DEPENDENCIES_MAX: usize = 256;

/// Other actors named in one change: as many as may have written what it replaces.
pub const CHANGE_ACTORS_MAX: usize = 256;

/// Bytes of a change's message. Ours are empty; a browser library may set one.
pub const CHANGE_MESSAGE_BYTES_MAX: usize = 1_024;

/// Bytes after a change's columns: the author footer of the browser library.
pub const CHANGE_FOOTER_BYTES_MAX: usize = 64;

/// Nesting of maps in a document: the schemas need four, a newer version may need a few more; 300 end a process.
pub const DOCUMENT_DEPTH_MAX: usize = 8;

/// Keys that a schema does not know, in one document: room for a newer version's fields, not for a file store.
pub const UNKNOWN_KEYS_MAX: usize = 512;

/// Bytes of one document's saved form. An honest case of five years stays below a tenth.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Characters of one note.
pub const NOTE_CHARACTERS_MAX: usize = 20_480;

/// Characters of one plain text field: a name, a place, a reason.
pub const FIELD_CHARACTERS_MAX: usize = 500;

/// Bytes of the configuration blob: places and lists of one country; a phone fetches it over a slow link.
pub const CONFIGURATION_BYTES_MAX: usize = 1024 * 1024;

/// Edits in one change: every person of a convoy of 300 ticked three times.
pub const EDITS_MAX: usize = 1_024;

/// Entries or members of one group: a movement of 3,000 people in a month on one corridor, with room.
pub const GROUP_ITEMS_MAX: usize = 4_096;

/// Steps of one outcome: a person who returns, moves and leaves has a few a year.
pub const OUTCOME_STEPS_MAX: usize = 256;

/// Ids that one field may list: what one consent supersedes.
pub const LIST_ITEMS_MAX: usize = 64;

/// Largest integer kept exactly by every client: 2^53 − 1.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// Receipts of one device kept without a second copy at the hub, in bytes of sealed parcels, oldest given up first.
pub const RETAINED_PARCEL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Bytes of what proves others' work to a hub that may lose it, kept by a device while no second copy exists, oldest given
/// up first: some 100 bytes for each document that was fed.
pub const FED_PROOF_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Documents that a device reads from its store at once to give something of them back; more than a slow link carries.
pub const RETURN_LOADED_MAX: usize = 64;

/// Marks of earlier receipts that a device keeps and shows: each about twice as far back as the one before, for years.
pub const MARKS_MAX: usize = 24;

/// Documents that go back to the hub in one request, all proofs together: as many as one manifest names.
pub const RETURN_DOCUMENTS_MAX: usize = MANIFEST_DOCUMENTS_MAX;

/// Buckets of document ids that a repair compares.
pub const REPAIR_BUCKETS: usize = 256;

/// Milliseconds (or seconds: browsers write those) from 1970 in a change's time, either way: what a JavaScript date can
/// hold. Beyond it, the differences between two times of one document no longer fit 64 bits.
pub const CHANGE_TIME_MAX: i64 = DATE_MILLIS_MAX;

/// Milliseconds from 1970 in a date value, either way: what a JavaScript date can hold; further is not a finite date there.
pub const DATE_MILLIS_MAX: i64 = 8_640_000_000_000_000;

/// Sequence number of one actor's change. An actor is drawn afresh whenever a store is opened; a million is years of work.
pub const SEQUENCE_MAX: u64 = 1_000_000;

/// Counter of a document's operations: half of the 32 bits that Automerge gives it, so that honest work never meets the end.
pub const OPERATION_COUNTER_MAX: u64 = 1 << 31;

/// Changes in one document's history: a dozen a day for three years.
pub const DOCUMENT_HISTORY_MAX: usize = 16_384;

/// Operations in one document's history: twelve of the longest notes, or a thousand ordinary ones. A hundred bytes can hold
/// 65,536, so bytes alone do not bound the work: this many take half a second to merge, save and load.
pub const DOCUMENT_OPERATIONS_MAX: u64 = 1 << 18;

/// Trials of one document for one parcel. A change that fails costs at most ten (half of what is left each time); beyond six
/// of them, what is left is held untried.
pub const TRIALS_MAX: usize = 64;

/// Operations in the documents of all trials for one parcel and document; when they are spent, what is left is held untried.
/// About two seconds; an ordinary document has 500, and every document has its first trial.
pub const TRIAL_OPERATIONS_MAX: u64 = 1 << 20;

/// Events that wait while a device reads its store: a person's taps within the milliseconds that reading takes.
pub const DEVICE_EVENTS_WAITING_MAX: usize = 64;

/// Exchanges within one sync of a device: 50,000 cases at two kilobytes, eight kilobytes at a time, and again as much.
pub const SYNC_EXCHANGES_MAX: u32 = 25_000;

/// Times that one change's edits are written again before they wait for a person: once for a fresh actor or other
/// heads; what fails then fails for what it says.
pub const REPLAYS_MAX: u8 = 1;

/// Documents that a device takes from a colleague at once: what is read of its store for one event.
pub const NEIGHBOURS_MAX: usize = 256;

/// Syncs in which a change may wait for what a colleague recorded on the same device before it is written again on what the
/// hub has: some days of a device that syncs a few times a day.
pub const NEIGHBOUR_WAITS_MAX: u8 = 16;

/// Times within one sync that work of one document may come back unsettled before it waits for the next sync.
pub const UNSETTLED_MAX: u8 = 3;

/// Bytes that a document and a change add to a parcel beside the change itself: ids, salt, commitment, lengths.
pub const PARCEL_DOCUMENT_BYTES: usize = 96;

/// Bytes of the smallest batch, both ways: one new case with its frame. Below it a link carries nothing whole.
pub const BATCH_BYTES_MIN: u32 = 2 * 1024;

/// Bytes of the largest batch, both ways: half of what one message may have, the rest is for what stands beside.
pub const BATCH_BYTES_MAX: u32 = 4 * 1024 * 1024;

/// Counters back from the last for which a device keeps receipts of own parcels, at some 400 bytes each. With one sealed
/// parcel for everything recorded, a year of a busy device.
pub const RECEIPTS_KEPT_MAX: u64 = 16_384;

/// Documents whose reading a device has not yet told the hub of, the oldest given up first: more than a phone holds.
pub const READS_KEPT_MAX: usize = 8_192;

/// Bytes that one statement of a reading adds to a parcel: salt, document, time, commitment.
pub const READ_STATEMENT_BYTES: u32 = 112;

/// Keys that a device vouches for and has not yet told the hub of: the devices of a large training day.
pub const VOUCHES_KEPT_MAX: usize = 64;

/// Bytes to a multiple of which a file that is carried is padded: one that holds one intake and one that holds three have
/// the same size.
pub const CARRIED_STEP_BYTES: usize = 4 * 1024;

/// Bytes of a file that is carried: the largest message, with what stands before and behind it.
pub const CARRIED_BYTES_MAX: usize = 9 * 1024 * 1024;

/// Parts of a courier file, one for each lease: more than one device has users.
pub const COURIER_PARTS_MAX: usize = 64;

/// Parcels in a courier file, all parts together: months of intakes, each sealed by itself. The rest goes with the next.
pub const COURIER_PARCELS_MAX: usize = 2_048;

/// Bytes of parcels that a device puts into one courier file: what stands beside them fits into the same message.
pub const COURIER_PARCEL_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Bytes of the feed in a return file, before compression, all parts together: half of what a message may hold is for what
/// may follow the document that reaches it.
pub const COURIER_FEED_BYTES_MAX: u32 = 2 * 1024 * 1024;

/// Runs of missing numbers that a hub remembers of one series and tells: more than anybody looks for.
pub const COURIER_MISSING_MAX: usize = 16;

/// Courier files of which a device remembers what it asked for: their return files are taken, older ones are not.
pub const COURIER_SENT_KEPT_MAX: usize = 16;
