//! The stage: the hub's process, the roads, the devices and the clock of the night.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sync_protocol::documents::Edit;
use sync_protocol::ids::{DocumentId, Millis, Position};
use tokio::task::JoinSet;

use super::cast::{Phone, ROLES, Role, SITES, codes};
use super::road::Road;
use super::tell::Teller;
use super::{DemoError, expect};
use crate::clock::{Clock, FakeClock};
use crate::field::{FieldDevice, FieldError, Recorded, SyncReport};
use crate::hub_process::{HubCommand, HubProcess};
use crate::random::{Random, SeededRandom, SystemRandom};
use crate::routes::status::Status as HubStatus;
use crate::sample::People;
use crate::serve::ConsoleToken;

/// Midnight before the story: 30 April 2024, UTC.
const DAY: i64 = 1_714_435_200_000;
const MINUTE: i64 = 60_000;
/// The year from which ages count.
const YEAR: u16 = 2024;

/// Which byte of the log the fault changes: inside its first entries.
const DAMAGED_BYTE: usize = 1_500;

/// What is broken on purpose, for tests of the demo itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// A byte of the log is changed while the hub is down.
    LogDamagedWhileDown,
    /// The log is exchanged for an older copy before everything is checked.
    LogOlderAtTheEnd,
}

/// Everything that plays.
pub struct Stage {
    /// Tells it.
    pub tell: Teller,
    /// Everything lies in here.
    pub folder: PathBuf,
    /// The devices' clock.
    pub clock: FakeClock,
    /// Draws the story.
    pub random: SeededRandom,
    /// Draws the people.
    pub people: People,
    /// In the order of [`ROLES`]; later ones behind.
    pub phones: Vec<Phone>,
    /// By site.
    pub roads: BTreeMap<&'static str, Road>,
    /// Two cases that two clerks correct at the same time.
    pub disputed: Vec<DocumentId>,
    /// The annex of a child, and the device on which it was written.
    pub annex: Option<(usize, DocumentId)>,
    /// The bus to Kayes and who boarded it.
    pub bus: Option<(DocumentId, Vec<DocumentId>)>,
    /// Both waves, as movements.
    pub movements: Vec<DocumentId>,
    /// How often the hub was killed.
    pub hub_kills: u64,
    /// How often its documents were built again from the log.
    pub rebuilds: u64,
    /// How often a device was switched off and on.
    pub restarts: u64,
    /// What is broken on purpose.
    pub fault: Option<Fault>,
    seed: u64,
    command: HubCommand,
    hub: Option<HubProcess>,
}

impl Stage {
    /// Sets the stage in this folder; `binary` is `segin` itself.
    ///
    /// # Errors
    /// [`DemoError`] when the folder cannot be used or this machine gives no ports.
    pub async fn set(
        binary: &Path,
        folder: &Path,
        seed: u64,
        tell: Teller,
        fault: Option<Fault>,
    ) -> Result<Self, DemoError> {
        if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(DemoError::NotEmpty(folder.to_owned()));
        }
        let machine = |error| DemoError::Machine("the demo's folder", error);
        std::fs::create_dir_all(folder).map_err(machine)?;
        // One token for every start of the hub: the page's link stays the same.
        let token = folder.join("console.token");
        std::fs::write(&token, ConsoleToken::draw(&mut SystemRandom).reveal()).map_err(machine)?;
        let mut command = HubCommand::in_folder(binary, folder);
        command.more = vec!["--console-token-file".to_owned(), token.display().to_string()];
        let mut roads = BTreeMap::new();
        for (code, ..) in SITES {
            let road = Road::build().await.map_err(|error| DemoError::Machine("a port of this machine", error))?;
            roads.insert(code, road);
        }
        Ok(Self {
            tell,
            folder: folder.to_owned(),
            clock: FakeClock::new(Millis(DAY)),
            random: SeededRandom::new(seed),
            people: People::new(seed, YEAR),
            phones: Vec::new(),
            roads,
            disputed: Vec::new(),
            annex: None,
            bus: None,
            movements: Vec::new(),
            hub_kills: 0,
            rebuilds: 0,
            restarts: 0,
            fault,
            seed,
            command,
            hub: None,
        })
    }

    /// It is this hour now; after midnight count on: 25:30 is half past one.
    pub fn hour(&self, hour: i64, minute: i64) {
        self.clock.set(Millis(DAY + (hour * 60 + minute) * MINUTE));
    }

    /// Some seconds later.
    pub fn later(&self, seconds: i64) {
        self.clock.advance(seconds * 1_000);
    }

    /// The hour of a moment of the night, as people write it.
    #[must_use]
    pub fn clock_of(at: Millis) -> String {
        let minutes = (at.0 - DAY).div_euclid(MINUTE).rem_euclid(24 * 60);
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// Tells what happens now.
    pub fn now(&self, french: &str, english: &str) {
        self.tell.at(&Self::clock_of(self.clock.now()), french, english);
    }

    /// Starts the hub; all roads lead to it.
    ///
    /// # Errors
    /// [`DemoError::Hub`] with the hub's own words.
    pub fn start_hub(&mut self) -> Result<(), DemoError> {
        let hub = self.command.start()?;
        // The page keeps its address while there is one.
        self.command.listen = hub.address().to_owned();
        let address = hub.address().parse().ok();
        self.roads.values().for_each(|road| road.lead_to(address));
        self.hub = Some(hub);
        Ok(())
    }

    /// Kills the hub (SIGKILL).
    ///
    /// # Errors
    /// [`DemoError::Hub`].
    pub fn kill_hub(&mut self) -> Result<(), DemoError> {
        if let Some(hub) = self.hub.take() {
            hub.kill()?;
            self.hub_kills += 1;
        }
        self.roads.values().for_each(|road| road.lead_to(None));
        Ok(())
    }

    /// The running hub.
    ///
    /// # Errors
    /// When there is none.
    pub fn hub(&self) -> Result<&HubProcess, DemoError> {
        self.hub.as_ref().ok_or_else(|| DemoError::Expected("the hub is not running".to_owned()))
    }

    /// Waits for the hub's end; it must run.
    pub fn take_hub(&mut self) -> Option<HubProcess> {
        self.hub.take()
    }

    /// What the hub says of itself.
    ///
    /// # Errors
    /// [`DemoError::Console`].
    pub async fn hub_status(&self) -> Result<HubStatus, DemoError> {
        Ok(self.hub()?.console()?.get("/v1/status").await?)
    }

    /// Where the hub's data lies.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.command.data
    }

    /// Where its master key lies.
    #[must_use]
    pub fn master_key(&self) -> &Path {
        &self.command.master_key
    }

    /// Adds a user and enrols a device with an invitation; its place in the list of devices.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn enrol(&mut self, role: &Role) -> Result<usize, DemoError> {
        let number = self.phones.len();
        let user = self.hub()?.add_user(role.name, &codes(role.sites)).await?;
        let invitation = self.hub()?.invite(user).await?;
        let mut phone = Phone::new(role, &self.folder, number, self.seed, &self.clock)?;
        let url = self.roads[role.sites[0]].url();
        let enrolled = phone.on()?.enrol(&url, &invitation).await;
        enrolled.map_err(|error| phone.trouble(error))?;
        self.phones.push(phone);
        Ok(number)
    }

    /// All of [`ROLES`], with the sites before.
    ///
    /// # Errors
    /// [`DemoError`].
    pub async fn enrol_everybody(&mut self) -> Result<(), DemoError> {
        for (code, name, region) in SITES {
            self.hub()?.add_site(code, name, region).await?;
        }
        for role in &ROLES {
            self.enrol(role).await?;
        }
        Ok(())
    }

    /// Everybody's road up or down.
    pub fn all_roads(&self, is_up: bool) {
        self.roads.values().for_each(|road| road.set_up(is_up));
    }

    /// Records on a device.
    ///
    /// # Errors
    /// [`DemoError::Device`] when the edits are refused or the store fails.
    pub fn do_on(
        &mut self,
        phone: usize,
        what: impl FnOnce(&mut FieldDevice) -> Result<Recorded, FieldError>,
    ) -> Result<Recorded, DemoError> {
        let phone = &mut self.phones[phone];
        let done = what(phone.on()?);
        done.map_err(|error| phone.trouble(error))
    }

    /// Edits a document on a device, as it is shown there.
    ///
    /// # Errors
    /// As [`Stage::do_on`].
    pub fn edit(&mut self, phone: usize, document: DocumentId, edits: Vec<Edit>) -> Result<Recorded, DemoError> {
        self.do_on(phone, |device| device.edit(document, None, edits))
    }

    /// One device exchanges everything.
    ///
    /// # Errors
    /// [`DemoError::Device`] when it ended early or something was not accepted.
    pub async fn sync(&mut self, phone: usize) -> Result<SyncReport, DemoError> {
        let phone = &mut self.phones[phone];
        let synced = phone.on()?.sync().await;
        let report = synced.map_err(|error| phone.trouble(error))?;
        let done = report.synced;
        let all_taken = done.held + done.refused + done.left == 0;
        expect(all_taken, || format!("work of {} was not taken: {done:?}", phone.owner))?;
        Ok(report)
    }

    /// These devices exchange everything, so often that all have all.
    ///
    /// # Errors
    /// As [`Stage::sync`].
    pub async fn sync_all(&mut self, phones: &[usize]) -> Result<(), DemoError> {
        for _ in 0..2 {
            for phone in phones {
                self.sync(*phone).await?;
            }
        }
        Ok(())
    }

    /// All at once, each in a task of its own, in small pieces; the outcomes come as they come.
    pub fn sync_together(&mut self, phones: &[usize], budget: u32) -> JoinSet<Outcome> {
        let mut set = JoinSet::new();
        for &phone in phones {
            if let Some(mut device) = self.phones[phone].lend() {
                set.spawn(async move {
                    device.set_budget(budget);
                    let result = device.sync().await;
                    (phone, device, result)
                });
            }
        }
        set
    }

    /// Changes on a device that are not at the hub.
    ///
    /// # Errors
    /// [`DemoError::Device`].
    pub fn unsent(&mut self, phone: usize) -> Result<usize, DemoError> {
        let phone = &mut self.phones[phone];
        let status = phone.on()?.status();
        Ok(status.map_err(|error| phone.trouble(error))?.unsent)
    }

    /// Switches every device off and stops the hub in good order.
    ///
    /// # Errors
    /// [`DemoError`] when the hub did not stop well.
    pub fn close(&mut self) -> Result<(), DemoError> {
        self.phones.iter_mut().for_each(Phone::switch_off);
        if let Some(hub) = self.hub.take() {
            let (code, words) = hub.stop()?;
            expect(code == Some(0), || format!("the hub did not stop well (exit code {code:?}): {}", words.trim()))?;
        }
        self.put_older_log_back()
    }

    /// The highest position for which a device holds a receipt.
    ///
    /// # Errors
    /// [`DemoError::Device`].
    pub fn highest_receipt(&mut self) -> Result<Position, DemoError> {
        let mut highest = Position::START;
        for phone in &mut self.phones {
            let parcels = phone.on()?.device().parcels().filter_map(|(_, info)| info.position);
            highest = parcels.max().unwrap_or(highest).max(highest);
        }
        Ok(highest)
    }

    /// Tells human codes, on one line.
    pub fn detail_codes<'a>(&self, codes: impl Iterator<Item = &'a str>) {
        self.tell.detail(&codes.collect::<Vec<_>>().join("   "));
    }

    /// With the fault that wants it: keeps a copy of the log as it is now.
    ///
    /// # Errors
    /// [`DemoError::Machine`].
    pub fn keep_older_log(&self) -> Result<(), DemoError> {
        if self.fault != Some(Fault::LogOlderAtTheEnd) {
            return Ok(());
        }
        self.copy_log(&self.data().join("log"), &self.older_log())
    }

    /// With that fault: puts the older log back.
    fn put_older_log_back(&self) -> Result<(), DemoError> {
        if self.fault != Some(Fault::LogOlderAtTheEnd) {
            return Ok(());
        }
        self.copy_log(&self.older_log(), &self.data().join("log"))
    }

    fn older_log(&self) -> PathBuf {
        self.folder.join("older-log")
    }

    fn copy_log(&self, from: &Path, to: &Path) -> Result<(), DemoError> {
        let copy = || {
            std::fs::create_dir_all(to)?;
            for entry in std::fs::read_dir(from)? {
                let entry = entry?;
                std::fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
            Ok(())
        };
        copy().map_err(|error| DemoError::Machine("the hub's log", error))
    }

    /// Changes one byte of the log, far from its end.
    ///
    /// # Errors
    /// [`DemoError::Machine`].
    pub fn damage_log(&self) -> Result<(), DemoError> {
        let segment = self.data().join("log/0000000001.seg");
        let change = || {
            let mut bytes = std::fs::read(&segment)?;
            if let Some(byte) = bytes.get_mut(DAMAGED_BYTE) {
                *byte ^= 1;
            }
            std::fs::write(&segment, bytes)
        };
        change().map_err(|error| DemoError::Machine("the hub's log", error))
    }

    /// Fresh random bytes of the story.
    pub fn draw(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    }
}

/// A device that was lent, and what its exchange came to.
pub type Outcome = (usize, FieldDevice, Result<SyncReport, FieldError>);
