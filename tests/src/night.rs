//! A hub process with three sites, and real devices at them: what the stories begin with.

use std::future::Future;
use std::path::PathBuf;

use segin::field::FieldDevice;
use segin::hub_process::HubProcess;
use sync_protocol::ids::{SiteCode, UserId};
use tokio::runtime::Runtime;

use crate::http::Http;
use crate::process::Place;
use crate::raw::RawDevice;

/// The sites: code, name, region.
const SITES: &[(&str, &str, &str)] =
    &[("GOG", "Gogui", "Kayes"), ("KAY", "Kayes", "Kayes"), ("BAM", "Bamako", "Bamako")];

/// A hub and what runs its devices.
pub struct Night {
    /// The hub's folder.
    pub place: Place,
    hub: Option<HubProcess>,
    runtime: Runtime,
    devices: u64,
}

/// A device and where it is kept.
pub struct Phone {
    /// The device; none while it is switched off.
    device: Option<FieldDevice>,
    /// Its folder.
    pub dir: PathBuf,
    /// Its key file.
    pub key_file: PathBuf,
}

impl std::ops::Deref for Phone {
    type Target = FieldDevice;
    fn deref(&self) -> &FieldDevice {
        self.device.as_ref().expect("the device is on")
    }
}

impl std::ops::DerefMut for Phone {
    fn deref_mut(&mut self) -> &mut FieldDevice {
        self.device.as_mut().expect("the device is on")
    }
}

impl Phone {
    /// Closes the device, as a phone that dies; its folder may then be copied or exchanged.
    pub fn off(&mut self) {
        self.device = None;
    }

    /// Opens it again.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn on(&mut self) {
        self.device = None;
        self.device = Some(FieldDevice::open(&self.dir, &self.key_file).expect("the device opens"));
    }

    /// A copy of its folder as another device with the same key file; switched on.
    ///
    /// # Panics
    /// When this one is on, or the folder cannot be copied.
    #[must_use]
    pub fn copy(&self, name: &str) -> Phone {
        assert!(self.device.is_none(), "a device that is on is not copied");
        let dir = self.dir.with_file_name(name);
        std::fs::create_dir(&dir).expect("there is room");
        for entry in std::fs::read_dir(&self.dir).expect("the folder is readable") {
            let entry = entry.expect("the entry is readable");
            std::fs::copy(entry.path(), dir.join(entry.file_name())).expect("there is room");
        }
        let mut phone = Phone { device: None, dir, key_file: self.key_file.clone() };
        phone.on();
        phone
    }
}

impl Night {
    /// Starts a hub in an empty folder and adds the sites.
    ///
    /// # Panics
    /// When the hub does not do it.
    #[must_use]
    pub fn begin() -> Self {
        Self::at(Place::new())
    }

    /// The same at a place that was prepared.
    ///
    /// # Panics
    /// When the hub does not do it.
    #[must_use]
    pub fn at(place: Place) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the system gives a runtime");
        let hub = place.start();
        for (code, name, region) in SITES {
            runtime.block_on(hub.add_site(code, name, region)).expect("the hub takes a site");
        }
        Self { place, hub: Some(hub), runtime, devices: 0 }
    }

    /// The running hub.
    ///
    /// # Panics
    /// When none runs.
    #[must_use]
    pub fn hub(&self) -> &HubProcess {
        self.hub.as_ref().expect("the hub runs")
    }

    /// Waits for something of a device.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Adds a user of these sites, the first one home.
    ///
    /// # Panics
    /// When the hub does not do it.
    pub fn user(&mut self, sites: &[&str]) -> UserId {
        self.devices += 1;
        let sites: Vec<SiteCode> = sites.iter().map(|site| SiteCode::new(site).expect("a site's code")).collect();
        let name = format!("Agent {}", self.devices);
        self.run(self.hub().add_user(&name, &sites)).expect("the hub takes a user")
    }

    /// Invites a device.
    ///
    /// # Panics
    /// When the hub does not do it.
    #[must_use]
    pub fn invite(&self, user: UserId) -> String {
        self.run(self.hub().invite(user)).expect("the hub invites")
    }

    /// A new device that is not enrolled.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn blank_device(&mut self) -> Phone {
        self.devices += 1;
        let dir = self.place.beside(&format!("device-{}", self.devices));
        let key_file = self.place.beside(&format!("device-{}.key", self.devices));
        let device = FieldDevice::create(&dir, &key_file).expect("a device is made");
        Phone { device: Some(device), dir, key_file }
    }

    /// A device of a new user at these sites.
    ///
    /// # Panics
    /// When it cannot be enrolled.
    pub fn device(&mut self, sites: &[&str]) -> Phone {
        let user = self.user(sites);
        let mut phone = self.blank_device();
        let (url, invitation) = (self.hub().url().to_owned(), self.invite(user));
        self.run(phone.enrol(&url, &invitation)).expect("the hub enrols");
        phone
    }

    /// A device of a new user that says exactly what a test wants, and its link.
    ///
    /// # Panics
    /// When it cannot be enrolled.
    pub fn raw_device(&mut self, sites: &[&str]) -> (RawDevice, Http) {
        let user = self.user(sites);
        let invitation = self.invite(user);
        let mut http = Http::to(self.hub().address());
        let device = RawDevice::enrol(&mut http, &invitation, self.devices).expect("the hub enrols");
        (device, http)
    }

    /// Exchanges until nothing is left to say.
    ///
    /// # Panics
    /// When the exchange ends early.
    pub fn sync(&self, phone: &mut Phone) -> segin::field::SyncReport {
        self.run(phone.sync()).expect("the hub answers")
    }

    /// Takes the hub away to be killed, stopped or waited for.
    ///
    /// # Panics
    /// When none runs.
    pub fn take_hub(&mut self) -> HubProcess {
        self.hub.take().expect("the hub runs")
    }

    /// Starts the hub again on the same folder, at another address.
    pub fn start_again(&mut self) {
        self.hub = Some(self.place.start());
    }

    /// Asks the hub's console.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn console(&self, path: &str) -> serde_json::Value {
        let client = self.hub().console().expect("the address is one");
        self.run(client.get(path)).expect("the console answers")
    }

    /// The conflicts that the hub shows of everything that it has taken so far.
    ///
    /// # Panics
    /// When the console does not answer, or its lists do not come up to the log.
    #[must_use]
    pub fn conflicts_at_the_hub(&self) -> serde_json::Value {
        /// Questions until the lists have followed: each is a request of its own.
        const QUESTIONS_MAX: usize = 10_000;
        let position = self.console("/v1/status")["position"].as_u64();
        let mut pages = std::iter::repeat_with(|| self.console("/v1/conflicts")).take(QUESTIONS_MAX);
        pages.find(|page| page["as_of"].as_u64() >= position).expect("the lists follow the log")
    }

    /// Stops the hub as promised and gives back its folder.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn end(mut self) -> Place {
        let (code, words) = self.take_hub().stop().expect("the hub is a process");
        assert_eq!(code, Some(0), "{words}");
        self.place
    }
}
