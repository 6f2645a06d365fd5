//! `segin demo --browser`: two phones in browser windows, a hub that can be killed, and somebody who tries.
//!
//! Nothing is played here: the visitor does it. Each phone ([`window`]) has an origin of its own, and so a store of its
//! own in the browser, and a switch for airplane mode. The hub is a real process ([`stand`]), killed and started by
//! buttons of one page ([`control`]), which shows both phones side by side and says what `segin verify` finds.

pub mod control;
mod page;
pub mod stand;
pub mod window;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use self::control::Control;
use self::stand::Stand;
use self::window::Window;
use super::DemoError;

/// Both phones: name in addresses, site, its code, the other site, who holds it.
const PHONES: [(&str, &str, &str, &str, &str); 2] =
    [("gogui", "Gogui", "GOG", "KAY", "Awa Diarra"), ("kayes", "Kayes", "KAY", "GOG", "Moussa Camara")];

/// A phone: its window, and with what it is enrolled.
pub struct Phone {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its site.
    pub site: &'static str,
    /// Who holds it.
    pub owner: &'static str,
    /// Twelve characters, good once.
    pub invitation: String,
    /// The road to the hub.
    pub window: Window,
}

impl Phone {
    /// The app with the invitation.
    #[must_use]
    pub fn link(&self) -> String {
        format!("{}/app/#i={}", self.window.url(), self.invitation)
    }
}

/// Everything that was set up.
pub struct Windows {
    /// The page with the switches.
    pub control: Control,
    /// Both phones.
    pub phones: Arc<Vec<Phone>>,
    /// The hub's process.
    pub stand: Arc<Stand>,
}

/// Where everything is, for programs.
#[derive(Debug, Serialize)]
pub struct Addresses {
    /// The page with the switches.
    pub control: String,
    /// The hub's page, with its token.
    pub hub: String,
    /// Each phone's app, with its invitation.
    pub phones: Vec<String>,
}

impl Windows {
    /// Starts a hub in this folder, enrols nobody yet, and opens the addresses.
    ///
    /// # Errors
    /// [`DemoError`] when the folder is not empty or this machine gives no ports.
    pub async fn open(binary: &Path, folder: &Path) -> Result<Self, DemoError> {
        let stand = Arc::new(Stand::set(binary, folder).await?);
        let port = |error| DemoError::Machine("a port of this machine", error);
        let hub = stand.address();
        // The control page shows the phones in frames: it must be known before they are.
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(port)?;
        let own = format!("http://{}", listener.local_addr().map_err(port)?);
        let mut phones = Vec::new();
        for (name, site, home, other, owner) in PHONES {
            let invitation = stand.invite(owner, &[home, other]).await?;
            let window = Window::open(hub, &own, watch::Sender::new(false)).await.map_err(port)?;
            phones.push(Phone { name, site, owner, invitation, window });
        }
        let phones = Arc::new(phones);
        let control = Control::open(listener, own, Arc::clone(&phones), Arc::clone(&stand));
        Ok(Self { control, phones, stand })
    }

    /// Where everything is.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        Addresses {
            control: self.control.url().to_owned(),
            hub: self.stand.link().to_owned(),
            phones: self.phones.iter().map(Phone::link).collect(),
        }
    }
}
