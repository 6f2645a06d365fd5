//! Permanent faults of the harness: each makes the system under test wrong from outside, so that a test can show that
//! the oracle would notice. None of them is in the product.

/// One way of being wrong, for a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mutation {
    /// The hub's disk says that it synced, and did not: answers leave before anything is durable.
    AckBeforeSync,
    /// The hub says that a second copy exists and makes none.
    SkipCopyButClaim,
    /// Every batch counts its channels' changes twice, as if they had been applied again.
    DoubleApply,
    /// The hub takes the time of the device for its own.
    TrustDeviceClock,
    /// The hub signs for each of two devices what is for the other.
    MixUpAnswers,
    /// Requests lose their cursor: every exchange starts again from zero.
    ForgetCursor,
    /// A device that loses a channel drops the unsent work of its documents.
    DropOnScopeLoss,
    /// A device that starts again without a receipt takes what it had sent for saved.
    ForgetOutboxOnReceiptlessRestart,
    /// A device says that something is recorded before its store is durable.
    RecordBeforeSync,
    /// A device draws the same actor again after its store was restored.
    ReuseActorAfterRestore,
    /// A device edits on its newest heads, whatever was on the screen.
    EditAtNewestHeads,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Mutation; 11] = [
        Self::AckBeforeSync,
        Self::SkipCopyButClaim,
        Self::DoubleApply,
        Self::TrustDeviceClock,
        Self::MixUpAnswers,
        Self::ForgetCursor,
        Self::DropOnScopeLoss,
        Self::ForgetOutboxOnReceiptlessRestart,
        Self::RecordBeforeSync,
        Self::ReuseActorAfterRestore,
        Self::EditAtNewestHeads,
    ];
}
