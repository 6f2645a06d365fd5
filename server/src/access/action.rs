//! Actions, and which roles have them. The table that the tests compare with: `tests/data/access.txt`.

use sync_protocol::documents::Kind;
use sync_protocol::ids::Channel;

use super::{Principal, Role, Setup};

/// Something that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Push changes of a document.
    Write,
    /// Get the feed of a channel.
    Feed,
    /// See how the hub is, and who oneself is.
    ReadStatus,
    /// Read counters of the process.
    ReadMetrics,
    /// List cases of the scope.
    ListCases,
    /// Open a document.
    ReadDocument,
    /// See fields with several values.
    ReadConflicts,
    /// Read figures, without names.
    ReadFigures,
    /// Read rows without names.
    ReadRows,
    /// List receipts and verify them.
    ReadReceipts,
    /// List held work, without its content.
    ReadHeld,
    /// Approve or reject held work.
    DecideHeld,
    /// Look for a person beyond the scope.
    LookUp,
    /// Open a case outside of the scope, with a reason.
    BreakGlass,
    /// Hand a case to another site.
    Transfer,
    /// Give a case to a user, or take it back.
    Assign,
    /// List tasks and say that one is done.
    DoTasks,
    /// List devices.
    ReadDevices,
    /// Confirm, move or revoke a device.
    ManageDevices,
    /// List sites, regions and partners.
    ReadPlaces,
    /// Add, change and close sites and partners.
    ManagePlaces,
    /// List users.
    ReadUsers,
    /// Add, change and deactivate users, their roles and their accounts.
    ManageUsers,
    /// Invite a user to enrol a device.
    Invite,
    /// Read who did what.
    ReadAudit,
    /// Be told who opened a case outside of the scope.
    ReadNotices,
}

impl Action {
    /// All actions, in the order in which tables show them.
    pub const ALL: [Action; 26] = [
        Self::Write,
        Self::Feed,
        Self::ReadStatus,
        Self::ReadMetrics,
        Self::ListCases,
        Self::ReadDocument,
        Self::ReadConflicts,
        Self::ReadFigures,
        Self::ReadRows,
        Self::ReadReceipts,
        Self::ReadHeld,
        Self::DecideHeld,
        Self::LookUp,
        Self::BreakGlass,
        Self::Transfer,
        Self::Assign,
        Self::DoTasks,
        Self::ReadDevices,
        Self::ManageDevices,
        Self::ReadPlaces,
        Self::ManagePlaces,
        Self::ReadUsers,
        Self::ManageUsers,
        Self::Invite,
        Self::ReadAudit,
        Self::ReadNotices,
    ];

    /// The name in tables and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Feed => "feed",
            Self::ReadStatus => "read-status",
            Self::ReadMetrics => "read-metrics",
            Self::ListCases => "list-cases",
            Self::ReadDocument => "read-document",
            Self::ReadConflicts => "read-conflicts",
            Self::ReadFigures => "read-figures",
            Self::ReadRows => "read-rows",
            Self::ReadReceipts => "read-receipts",
            Self::ReadHeld => "read-held",
            Self::DecideHeld => "decide-held",
            Self::LookUp => "look-up",
            Self::BreakGlass => "break-glass",
            Self::Transfer => "transfer",
            Self::Assign => "assign",
            Self::DoTasks => "do-tasks",
            Self::ReadDevices => "read-devices",
            Self::ManageDevices => "manage-devices",
            Self::ReadPlaces => "read-places",
            Self::ManagePlaces => "manage-places",
            Self::ReadUsers => "read-users",
            Self::ManageUsers => "manage-users",
            Self::Invite => "invite",
            Self::ReadAudit => "read-audit",
            Self::ReadNotices => "read-notices",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// Whether a principal may do this at all, with something.
#[must_use]
pub fn has(principal: &Principal, action: Action) -> bool {
    match principal.setup {
        Some(Setup::Everything) => !matches!(action, Action::Write | Action::Feed),
        Some(Setup::Administration) => {
            // What administrators do, and who did what; the reasons in notices are content.
            is_administration(action) || action == Action::ReadAudit
        }
        None => principal.roles.iter().any(|role| has_role(*role, action)),
    }
}

fn has_role(role: Role, action: Action) -> bool {
    use Action as A;
    if action == A::ReadStatus {
        return true;
    }
    match role {
        Role::Caseworker => is_field_work(action),
        Role::SiteLead | Role::RegionalLead => is_field_work(action) || is_leading(action),
        Role::CaseManager => is_field_work(action) || is_case_work(action),
        Role::Analyst => matches!(action, A::ReadFigures | A::ReadRows | A::ReadPlaces),
        Role::Protection | Role::Health => {
            matches!(
                action,
                A::Write
                    | A::Feed
                    | A::ListCases
                    | A::ReadDocument
                    | A::ReadConflicts
                    | A::LookUp
                    | A::BreakGlass
                    | A::ReadPlaces
            )
        }
        Role::Partner => matches!(action, A::Write | A::Feed | A::ReadDocument),
        Role::Administrator => is_administration(action),
        Role::Auditor => is_audit(action),
    }
}

/// What everybody does who works with people.
fn is_field_work(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Write
            | A::Feed
            | A::ListCases
            | A::ReadDocument
            | A::ReadConflicts
            | A::ReadFigures
            | A::ReadReceipts
            | A::LookUp
            | A::BreakGlass
            | A::ReadPlaces
    )
}

/// What somebody does who looks after sites.
fn is_leading(action: Action) -> bool {
    use Action as A;
    matches!(action, A::ReadDevices | A::ManageDevices | A::ReadUsers | A::Invite) || is_case_work(action)
}

/// What moves cases and decides about work.
pub(super) fn is_case_work(action: Action) -> bool {
    use Action as A;
    matches!(action, A::ReadHeld | A::DecideHeld | A::Transfer | A::Assign | A::DoTasks | A::ReadRows | A::ReadNotices)
}

/// What keeps a hub running: no content.
pub(super) fn is_administration(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::ReadStatus
            | A::ReadMetrics
            | A::ReadReceipts
            | A::ReadHeld
            | A::ReadDevices
            | A::ManageDevices
            | A::ReadPlaces
            | A::ManagePlaces
            | A::ReadUsers
            | A::ManageUsers
            | A::Invite
    )
}

/// What says who did what: no content.
pub(super) fn is_audit(action: Action) -> bool {
    use Action as A;
    matches!(action, A::ReadAudit | A::ReadNotices | A::ReadReceipts | A::ReadDevices | A::ReadUsers | A::ReadPlaces)
}

/// Whether one of the roles may begin a document of this kind.
pub(super) fn begins(roles: &[Role], kind: Kind) -> bool {
    let any = |allowed: &[Role]| roles.iter().any(|role| allowed.contains(role));
    match kind {
        Kind::Case | Kind::Movement | Kind::Household | Kind::Referral => {
            any(&[Role::Caseworker, Role::SiteLead, Role::RegionalLead, Role::CaseManager])
        }
        Kind::Annex => any(&[
            Role::Caseworker,
            Role::SiteLead,
            Role::RegionalLead,
            Role::CaseManager,
            Role::Protection,
            Role::Health,
        ]),
        Kind::Link => any(&[Role::Caseworker, Role::SiteLead, Role::RegionalLead, Role::CaseManager]),
    }
}

/// Whether one of the roles reads the annexes of this channel.
pub(super) fn reads_annexes(roles: &[Role], channel: &Channel) -> bool {
    (*channel == Channel::protection() && roles.contains(&Role::Protection))
        || (*channel == Channel::health() && roles.contains(&Role::Health))
}
