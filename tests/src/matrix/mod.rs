//! Who may see and do what, asked over HTTP: one hub, everybody, and something of everything.
//!
//! [`World`] prepares; [`spec`] says how each route is asked, so that no cell changes what another one shows; [`table`]
//! asks and writes the table; [`devices`] is about the feed and what is pushed.

pub mod decided;
pub mod devices;
pub mod spec;
pub mod table;
mod world;

pub use world::{Asker, Device, How, World};

/// What a route can be asked about; the columns of its part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Nothing in particular.
    Nothing,
    /// Cases, annexes, referrals.
    Documents,
    /// Devices by where they stand.
    Devices,
    /// Users by where they work.
    Users,
    /// Sites.
    Sites,
    /// Parcels by the site that sent them.
    Receipts,
    /// Held work by where its device stands.
    Held,
    /// Tasks by the site that they are about.
    Tasks,
    /// What people are called, by the site of their case.
    Names,
}

/// The site where everybody works, but for one.
pub const HOME: &str = "GOG";
/// The sites: the own one, another one of the region, one of another region.
pub const SITES: [&str; 3] = [HOME, "KAY", "BAM"];

/// Documents, in the order of the table.
pub const DOCUMENTS: [&str; 12] =
    ["GOG", "KAY", "BAM", "assigned", "unassigned", "opened", "protection", "health", "OIM", "CICR", "erased", NONE];

/// The column of what is not there.
pub const NONE: &str = "none";

impl Family {
    /// The names of its columns.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Documents => &DOCUMENTS,
            Self::Devices | Self::Users | Self::Sites | Self::Receipts | Self::Held | Self::Tasks | Self::Names => {
                &["GOG", "KAY", "BAM", NONE]
            }
        }
    }
}
