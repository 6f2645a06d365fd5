//! Who takes part: sites, people, and the devices in their hands.
//!
//! A [`Phone`] is a real device: its store on disk, its key file, its session while it is switched on. Switching it off
//! drops everything that is not in the store.

use std::path::{Path, PathBuf};

use sync_protocol::ids::SiteCode;

use super::DemoError;
use crate::clock::FakeClock;
use crate::field::client::Traffic;
use crate::field::{FieldDevice, SqliteStore};
use crate::random::SeededRandom;

/// Code, name, region.
pub const SITES: [(&str, &str, &str); 3] =
    [("GOG", "Gogui", "Kayes"), ("KAY", "Kayes, centre de transit", "Kayes"), ("BKO", "Bamako", "Bamako")];

/// Who carries a device, and the sites of their scope, home first.
pub struct Role {
    /// The name under which colleagues know the person.
    pub name: &'static str,
    /// The scope.
    pub sites: &'static [&'static str],
}

const fn role(name: &'static str, sites: &'static [&'static str]) -> Role {
    Role { name, sites }
}

/// Everybody with a device from the start; the places in this list are named below.
pub const ROLES: [Role; 7] = [
    role("Awa Diarra", &["GOG"]),
    role("Boubacar Koné", &["GOG"]),
    role("Salif Traoré", &["GOG"]),
    role("Mariam Cissé", &["GOG", "KAY"]),
    role("Kadiatou Sissoko", &["KAY"]),
    role("Moussa Camara", &["KAY"]),
    role("Oumou Keïta", &["BKO"]),
];
/// Leads the post at Gogui.
pub const AWA: usize = 0;
/// Clerk at Gogui.
pub const BOUBACAR: usize = 1;
/// Clerk at Gogui; his phone restarts.
pub const SALIF: usize = 2;
/// Supervisor of both sites; decides.
pub const MARIAM: usize = 3;
/// Receives the convoy at Kayes.
pub const KADIATOU: usize = 4;
/// Clerk at Kayes.
pub const MOUSSA: usize = 5;
/// Receives at Bamako.
pub const OUMOU: usize = 6;
/// The three clerks at the gate.
pub const GATE: [usize; 3] = [AWA, BOUBACAR, SALIF];
/// Gets a new device in the morning.
pub const LATE: Role = role("Direction, Bamako", &["BKO", "KAY", "GOG"]);

/// Whoever tries the field app after the night.
pub const VISITOR: &str = "Fatoumata Dembélé";

/// A device in somebody's hand.
pub struct Phone {
    /// Whose.
    pub owner: &'static str,
    /// Home site.
    pub site: &'static str,
    /// The folder of its store.
    pub folder: PathBuf,
    /// Its key file, beside the folder.
    pub key: PathBuf,
    seed: u64,
    clock: FakeClock,
    on: Option<FieldDevice>,
    before: Traffic,
}

impl Phone {
    /// A new device, switched on.
    ///
    /// # Errors
    /// When its store cannot be made.
    pub fn new(role: &Role, folder: &Path, number: usize, seed: u64, clock: &FakeClock) -> Result<Self, DemoError> {
        let mut phone = Self {
            owner: role.name,
            site: role.sites[0],
            folder: folder.join(format!("device-{number}")),
            key: folder.join(format!("device-{number}.key")),
            seed: seed.wrapping_mul(1_000).wrapping_add(number as u64 * 100),
            clock: clock.clone(),
            on: None,
            before: Traffic::default(),
        };
        let store = SqliteStore::create(&phone.folder, &phone.key).map_err(|error| phone.trouble(error))?;
        phone.start(store)?;
        Ok(phone)
    }

    fn start(&mut self, store: SqliteStore) -> Result<(), DemoError> {
        // Another stream of random bytes each time, as from an operating system.
        self.seed += 1;
        let (clock, random) = (Box::new(self.clock.clone()), Box::new(SeededRandom::new(self.seed)));
        self.on = Some(FieldDevice::with(store, clock, random).map_err(|error| self.trouble(error))?);
        Ok(())
    }

    /// Drops everything but the store.
    pub fn switch_off(&mut self) {
        if let Some(device) = self.on.take() {
            self.before = sum(self.before, device.traffic());
        }
    }

    /// Opens the store again.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn switch_on(&mut self) -> Result<(), DemoError> {
        self.switch_off();
        let store = SqliteStore::open(&self.folder, &self.key).map_err(|error| self.trouble(error))?;
        self.start(store)
    }

    /// The session.
    ///
    /// # Errors
    /// When it is switched off.
    pub fn on(&mut self) -> Result<&mut FieldDevice, DemoError> {
        self.on.as_mut().ok_or_else(|| DemoError::Device(self.owner, "it is switched off".to_owned()))
    }

    /// Takes the session away for work beside others, and back.
    pub fn lend(&mut self) -> Option<FieldDevice> {
        self.on.take()
    }

    /// See [`Phone::lend`].
    pub fn give_back(&mut self, device: FieldDevice) {
        self.on = Some(device);
    }

    /// What its link has carried so far, counted at the socket.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.on.as_ref().map_or(self.before, |device| sum(self.before, device.traffic()))
    }

    /// An error of this device.
    pub fn trouble(&self, error: impl ToString) -> DemoError {
        DemoError::Device(self.owner, error.to_string())
    }
}

/// Both together.
#[must_use]
pub fn sum(one: Traffic, other: Traffic) -> Traffic {
    Traffic {
        bytes_up: one.bytes_up + other.bytes_up,
        bytes_down: one.bytes_down + other.bytes_down,
        exchanges: one.exchanges + other.exchanges,
        connections: one.connections + other.connections,
    }
}

/// The codes of a scope.
///
/// # Panics
/// Never: the codes are written above.
#[must_use]
pub fn codes(sites: &[&str]) -> Vec<SiteCode> {
    sites.iter().map(|code| SiteCode::new(code).expect("the codes of the demo's sites are capitals")).collect()
}
