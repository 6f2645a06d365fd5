//! Facts: everything that the log says beside parcels and decisions on held work.
//!
//! Owns [`FactEntry`], which is sealed whole under the log key, and who did it ([`By`]). A fact is checked before it is
//! written (by `routes`, `enrolling`, `moving`); the fold ([`super::directory`]) takes it as it is.

use minicbor::{Decode, Encode};
use sync_protocol::crypto::PublicKey;
use sync_protocol::ids::{
    ActorPrefix, ChangeHash, DocumentId, Hash, InstallationId, LogId, Millis, PartnerCode, Position, Salt, SiteCode,
    UserId,
};
use sync_protocol::wire::codec::Raw;
use sync_protocol::wire::lease::SignedLease;

mod parts;

pub use parts::{Credentials, Ground, Placement, Profile, Task};

/// Something other than a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FactEntry {
    /// Hub time.
    #[n(0)]
    pub at: Millis,
    /// What.
    #[n(1)]
    pub fact: Fact,
    /// Who did it.
    #[n(2)]
    pub by: By,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum By {
    /// The hub itself, by a rule.
    #[n(0)]
    Hub,
    /// Whoever has the console token that is printed when the hub starts.
    #[n(1)]
    Setup,
    /// A user in a session of the console.
    #[n(2)]
    User(#[n(0)] UserId),
    /// A lease, by what it signed.
    #[n(3)]
    Lease(#[n(0)] ActorPrefix),
    /// Nobody who was known: before a sign-in.
    #[n(4)]
    Nobody,
}

/// What can be said in the log beside parcels and decisions.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Fact {
    /// The first entry of a log.
    #[n(0)]
    Begun {
        /// Signs everything the hub says.
        #[n(0)]
        hub: PublicKey,
        /// The log that this one continues, and the last shared position.
        #[n(1)]
        parent: Option<(LogId, Position)>,
    },
    /// A site, new or changed.
    #[n(1)]
    Site {
        /// Its code.
        #[n(0)]
        code: SiteCode,
        /// Its name.
        #[n(1)]
        name: String,
        /// Its region.
        #[n(2)]
        region: String,
        /// The site that took over its people, once it is closed.
        #[n(3)]
        closed_into: Option<SiteCode>,
    },
    /// A user, new or changed.
    #[n(2)]
    User {
        /// Who.
        #[n(0)]
        user: UserId,
        /// All that is known of the person.
        #[n(1)]
        profile: Profile,
    },
    /// An invitation, as its hash.
    #[n(3)]
    Invited {
        /// Of the invitation.
        #[n(0)]
        invitation: Hash,
        /// For whom.
        #[n(1)]
        user: UserId,
        /// Not usable from then on.
        #[n(2)]
        expires: Millis,
        /// The device is handed over in person: it needs no confirmation.
        #[n(3)]
        confirmed: bool,
    },
    /// A device was enrolled for a user.
    #[n(4)]
    Enrolled {
        /// By which invitation.
        #[n(0)]
        invitation: Hash,
        /// What the hub certified.
        #[n(1)]
        lease: SignedLease,
        /// Hash of the token it was given.
        #[n(2)]
        token: Hash,
        /// Who stands for it; none: it waits for confirmation.
        #[n(3)]
        confirmed: Option<By>,
    },
    /// A lease was given a new token; the one before is void.
    #[n(5)]
    TokenIssued {
        /// Which lease.
        #[n(0)]
        lease: ActorPrefix,
        /// Hash of the token.
        #[n(1)]
        token: Hash,
    },
    /// The signed configuration, new or changed.
    #[n(6)]
    Configured {
        /// Grows with every change.
        #[n(0)]
        version: u32,
        /// As devices get it.
        #[n(1)]
        signed: Raw,
    },
    /// A partner, new or changed.
    #[n(7)]
    Partner {
        /// Its code.
        #[n(0)]
        code: PartnerCode,
        /// Its name.
        #[n(1)]
        name: String,
        /// Whether referrals can be made to it.
        #[n(2)]
        open: bool,
    },
    /// A pending lease is whose it says: a person compared the fingerprints.
    #[n(8)]
    Confirmed {
        /// Which lease.
        #[n(0)]
        lease: ActorPrefix,
    },
    /// A lease lost its rights: its tokens die, what it pushes is held.
    #[n(9)]
    Revoked {
        /// Which lease.
        #[n(0)]
        lease: ActorPrefix,
        /// Lost or stolen: it erases itself at once, without waiting for receipts.
        #[n(1)]
        lost: bool,
        /// Why, for people.
        #[n(2)]
        reason: String,
    },
    /// A device says that it has erased itself.
    #[n(10)]
    Wiped {
        /// Which lease said so.
        #[n(0)]
        lease: ActorPrefix,
    },
    /// A device stands at another site from now on: who is there looks after it.
    #[n(11)]
    DeviceMoved {
        /// Which device.
        #[n(0)]
        installation: InstallationId,
        /// Where.
        #[n(1)]
        site: SiteCode,
    },
    /// A site lead vouches for a key that is not enrolled yet.
    #[n(12)]
    Vouched {
        /// The key.
        #[n(0)]
        key: PublicKey,
    },
    /// Documents entered or left channels by a person's act or a rule.
    #[n(13)]
    Placed {
        /// Which, and where.
        #[n(0)]
        documents: Vec<Placement>,
        /// On what ground.
        #[n(1)]
        ground: Ground,
        /// Why, for people.
        #[n(2)]
        reason: String,
    },
    /// How a user signs in; none: no longer.
    #[n(14)]
    Credentials {
        /// Who.
        #[n(0)]
        user: UserId,
        /// With what.
        #[n(1)]
        credentials: Option<Credentials>,
    },
    /// A user may choose how to sign in, once, by a code.
    #[n(15)]
    SetupIssued {
        /// Who.
        #[n(0)]
        user: UserId,
        /// Hash of the code.
        #[n(1)]
        code: Hash,
        /// Not usable from then on.
        #[n(2)]
        expires: Millis,
    },
    /// A user signed in.
    #[n(16)]
    SignedIn {
        /// Who.
        #[n(0)]
        user: UserId,
        /// The step of the one-time code: none before it is accepted again.
        #[n(1)]
        step: Option<u64>,
        /// The recovery code that was used up instead.
        #[n(2)]
        recovery: Option<Hash>,
    },
    /// Somebody did not get in as this user.
    #[n(17)]
    SignInFailed {
        /// As whom; none where the name is unknown.
        #[n(0)]
        user: Option<UserId>,
    },
    /// A user opened a case outside of the scope, with a reason and for a time.
    #[n(18)]
    BrokeGlass {
        /// Who.
        #[n(0)]
        user: UserId,
        /// Which document.
        #[n(1)]
        document: DocumentId,
        /// Until when.
        #[n(2)]
        until: Millis,
        /// Why, for people.
        #[n(3)]
        reason: String,
    },
    /// Somebody looked at a document.
    #[n(19)]
    Read {
        /// Which.
        #[n(0)]
        document: DocumentId,
        /// The code of its kind.
        #[n(1)]
        kind: u8,
        /// On what ground it was open.
        #[n(2)]
        ground: Ground,
    },
    /// Somebody looked beyond the scope.
    #[n(20)]
    LookedUp {
        /// Why, for people.
        #[n(0)]
        reason: String,
        /// What was shown of.
        #[n(1)]
        found: Vec<DocumentId>,
    },
    /// Something was asked for and denied.
    #[n(21)]
    Denied {
        /// The name of the action.
        #[n(0)]
        action: String,
        /// On which document, where it was about one; it may not exist.
        #[n(1)]
        document: Option<DocumentId>,
    },
    /// Data left the hub in a file or a list made to be taken away.
    #[n(22)]
    Exported {
        /// What, by its name.
        #[n(0)]
        what: String,
        /// How many rows.
        #[n(1)]
        rows: u32,
    },
    /// A document names cases: when they move, it moves with them.
    #[n(23)]
    Related {
        /// Which document.
        #[n(0)]
        document: DocumentId,
        /// The code of its kind.
        #[n(1)]
        kind: u8,
        /// All cases that it names now.
        #[n(2)]
        cases: Vec<DocumentId>,
    },
    /// Something that a person must do.
    #[n(24)]
    TaskOpened {
        /// About what.
        #[n(0)]
        task: Task,
    },
    /// A task is done.
    #[n(25)]
    TaskDone {
        /// The entry that opened it.
        #[n(0)]
        opened: Position,
        /// What was done, for people.
        #[n(1)]
        note: String,
    },
    /// A device wrote the edits of a held change again: the old one can no longer be let in.
    #[n(26)]
    Superseded {
        /// Which document.
        #[n(0)]
        document: DocumentId,
        /// The old change.
        #[n(1)]
        change: ChangeHash,
    },
    /// This hub came back from an older copy of its folder, or exists twice: from here on its log has another id, and all
    /// is held until an administrator confirms.
    #[n(27)]
    Continued {
        /// The id from here on.
        #[n(0)]
        log: LogId,
        /// The log until here, and up to where others are known to have had the same.
        #[n(1)]
        parent: (LogId, Position),
        /// The other log, where a receipt of it was shown.
        #[n(2)]
        sibling: Option<LogId>,
    },
    /// An administrator has looked at what may have been lost: what was held since is tried again.
    #[n(28)]
    ContinuedConfirmed,
    /// A lease that this hub had signed and lost: it waits for confirmation.
    #[n(29)]
    Readmitted {
        /// As the hub once certified it.
        #[n(0)]
        lease: SignedLease,
    },
    /// A courier file has come.
    #[n(31)]
    Couriered {
        /// Whose part of it.
        #[n(0)]
        lease: ActorPrefix,
        /// The device's series.
        #[n(1)]
        series: Salt,
        /// The number in it.
        #[n(2)]
        number: u64,
        /// The hash of the part.
        #[n(3)]
        part: Hash,
    },
}
