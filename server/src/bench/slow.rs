//! A slow link between a device and a hub: so many bits a second each way, so much delay each way, perhaps up for
//! moments only.
//!
//! Bytes are carried one after the other at the link's rate and arrive after the delay; both ways are independent; making a
//! connection takes one round trip. When the link goes down every connection breaks and what was under way is lost; none
//! can be made until it is up again. Headers of TCP and IP are not counted. For measurements only.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::field::client::{Dial, Dialling, Stream};

/// Bytes of one packet.
const PACKET_BYTES: usize = 1_024;
/// Packets under way on the link at once: more than any rate and delay that is measured here needs.
const PACKETS_MAX: usize = 4_096;

/// Up for a while, down for a while, in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// How long it is up.
    pub up: Duration,
    /// How long it is down then.
    pub down: Duration,
}

impl Windows {
    /// For how long it is up yet, so long after the first window opened.
    ///
    /// # Errors
    /// For how long it is down yet.
    pub fn at(&self, since: Duration) -> Result<Duration, Duration> {
        let whole = self.up + self.down;
        let into = Duration::from_nanos((since.as_nanos() % whole.as_nanos().max(1)) as u64);
        if into < self.up { Ok(self.up - into) } else { Err(whole - into) }
    }
}

/// Dials over the link.
#[derive(Debug, Clone)]
pub struct SlowDial {
    kbit: u32,
    delay: Duration,
    windows: Option<Windows>,
    began: Instant,
    /// When each way is free for the next packet: all connections share the link.
    free: Arc<[Mutex<Instant>; 2]>,
}

impl SlowDial {
    /// A link of so many thousand bits a second, and so much delay, each way.
    #[must_use]
    pub fn new(kbit: u32, delay: Duration, windows: Option<Windows>) -> Self {
        let now = Instant::now();
        let free = Arc::new([Mutex::new(now), Mutex::new(now)]);
        Self { kbit: kbit.max(1), delay, windows, began: now, free }
    }

    /// Returns when the link is up.
    pub async fn up(&self) {
        if let Some(Err(left)) = self.windows.map(|windows| windows.at(self.began.elapsed())) {
            tokio::time::sleep(left).await;
        }
    }

    /// How many windows have begun so far; 0 for a link that is always up.
    #[must_use]
    pub fn windows_begun(&self) -> u64 {
        self.windows.map_or(0, |Windows { up, down }| {
            (self.began.elapsed().as_nanos() / (up + down).as_nanos().max(1)) as u64 + 1
        })
    }

    /// Milliseconds that so many bytes take one way.
    #[must_use]
    pub fn carries_ms(&self, bytes: u64) -> f64 {
        bytes as f64 * 8.0 / f64::from(self.kbit)
    }

    /// When a packet has left, if it is sent now.
    fn left_at(&self, way: usize, bytes: usize) -> Instant {
        let mut free = self.free[way].lock().unwrap_or_else(PoisonError::into_inner);
        let takes = Duration::from_secs_f64(self.carries_ms(bytes as u64) / 1_000.0);
        *free = (*free).max(Instant::now()) + takes;
        *free
    }
}

impl Dial for SlowDial {
    fn dial(&self, host: String, port: u16) -> Dialling {
        let link = self.clone();
        Box::pin(async move {
            let down = || io::Error::new(io::ErrorKind::NetworkUnreachable, "the link is down");
            let ends = match link.windows.map(|windows| windows.at(link.began.elapsed())) {
                Some(Err(_)) => return Err(down()),
                Some(Ok(left)) => Some(Instant::now() + left),
                None => None,
            };
            let connected = Instant::now() + link.delay * 2;
            if ends.is_some_and(|ends| ends < connected) {
                return Err(down());
            }
            sleep_until(connected).await;
            let hub = TcpStream::connect((host, port)).await?;
            hub.set_nodelay(true)?;
            let (near, far) = duplex(PACKET_BYTES);
            tokio::spawn(carry(link, far, hub, ends));
            Ok(Box::new(near) as Box<dyn Stream>)
        })
    }
}

/// Carries both ways until one end closes or the link goes down.
async fn carry(link: SlowDial, device: DuplexStream, hub: TcpStream, ends: Option<Instant>) {
    let (device_in, device_out) = split(device);
    let (hub_in, hub_out) = hub.into_split();
    let goes_down = async {
        match ends {
            Some(ends) => sleep_until(ends).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = one_way(&link, 0, device_in, hub_out) => {}
        () = one_way(&link, 1, hub_in, device_out) => {}
        () = goes_down => {}
    }
}

async fn one_way(link: &SlowDial, way: usize, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let (sent, mut arriving) = mpsc::channel::<(Vec<u8>, Instant)>(PACKETS_MAX);
    let sending = async move {
        let mut packet = vec![0; PACKET_BYTES];
        while let Ok(bytes @ 1..) = from.read(&mut packet).await {
            let left = link.left_at(way, bytes);
            sleep_until(left).await;
            if sent.send((packet[..bytes].to_vec(), left + link.delay)).await.is_err() {
                break;
            }
        }
    };
    let receiving = async move {
        while let Some((packet, arrives)) = arriving.recv().await {
            sleep_until(arrives).await;
            if to.write_all(&packet).await.is_err() {
                break;
            }
        }
    };
    // What was sent before the end was closed still arrives.
    tokio::join!(sending, receiving);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_up_and_down_in_turn() {
        let seconds = Duration::from_secs;
        let windows = Windows { up: seconds(10), down: seconds(5) };
        assert_eq!(windows.at(seconds(0)), Ok(seconds(10)));
        assert_eq!(windows.at(seconds(9)), Ok(seconds(1)));
        assert_eq!(windows.at(seconds(10)), Err(seconds(5)));
        assert_eq!(windows.at(seconds(14)), Err(seconds(1)));
        assert_eq!(windows.at(seconds(31)), Ok(seconds(9)));
    }

    #[test]
    fn packets_of_one_way_wait_for_each_other() {
        let link = SlowDial::new(32, Duration::from_millis(300), None);
        let first = link.left_at(0, 1_000);
        assert_eq!(link.left_at(0, 4_000) - first, Duration::from_secs(1), "4,000 bytes at 4,000 a second");
        assert!(link.left_at(1, 1) < first + Duration::from_secs(1), "the other way is free");
        assert_eq!(link.windows_begun(), 0);
    }
}
