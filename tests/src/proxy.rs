//! A link that is cut after any byte, between a device and a hub; counts what passes, both ways.
//!
//! Its threads end with the test's process.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// No cut is set.
const NEVER: u64 = u64::MAX;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the hub.
    Up,
    /// To the device.
    Down,
}

/// One way of the link.
#[derive(Debug)]
struct Lane {
    passed: AtomicU64,
    left: AtomicU64,
}

impl Lane {
    const fn new() -> Self {
        Self { passed: AtomicU64::new(0), left: AtomicU64::new(NEVER) }
    }
}

#[derive(Debug)]
struct State {
    target: Mutex<String>,
    up: Lane,
    down: Lane,
}

/// A link.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

impl Proxy {
    /// Leads to this `host:port`.
    ///
    /// # Panics
    /// When the system gives no port.
    #[must_use]
    pub fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the system gives a port");
        let address = listener.local_addr().expect("a listener has an address");
        let state = State { target: Mutex::new(target.to_owned()), up: Lane::new(), down: Lane::new() };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for device in listener.incoming().flatten() {
                let target = shared.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Ok(hub) = TcpStream::connect(target) {
                    join(&device, &hub, &shared);
                }
            }
        });
        Self { address, state }
    }

    /// The link's own address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads elsewhere from the next connection on.
    pub fn lead_to(&self, target: &str) {
        target.clone_into(&mut self.state.target.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// After so many more bytes this way, the connection breaks; once.
    pub fn cut(&self, way: Way, after: u64) {
        self.lane(way).left.store(after, Ordering::SeqCst);
    }

    /// No cut any more.
    pub fn whole(&self) {
        self.state.up.left.store(NEVER, Ordering::SeqCst);
        self.state.down.left.store(NEVER, Ordering::SeqCst);
    }

    /// Bytes that have passed this way.
    #[must_use]
    pub fn passed(&self, way: Way) -> u64 {
        self.lane(way).passed.load(Ordering::SeqCst)
    }

    fn lane(&self, way: Way) -> &Lane {
        match way {
            Way::Up => &self.state.up,
            Way::Down => &self.state.down,
        }
    }
}

fn join(device: &TcpStream, hub: &TcpStream, state: &Arc<State>) {
    for way in [Way::Up, Way::Down] {
        let (Ok(device), Ok(hub)) = (device.try_clone(), hub.try_clone()) else { return };
        let _ = device.set_nodelay(true);
        let _ = hub.set_nodelay(true);
        let state = Arc::clone(state);
        thread::spawn(move || match way {
            Way::Up => pump(&device, &hub, &state.up),
            Way::Down => pump(&hub, &device, &state.down),
        });
    }
}

/// Carries bytes until one end closes or the cut is reached; then both ends are closed.
fn pump(mut from: &TcpStream, mut to: &TcpStream, lane: &Lane) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let left = lane.left.load(Ordering::SeqCst);
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(read);
        // Counted first: who has received them may ask at once how many there were.
        lane.passed.fetch_add(room as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..room]).is_err() {
            break;
        }
        if left != NEVER {
            lane.left.store(left - room as u64, Ordering::SeqCst);
            if room < read {
                break;
            }
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
