//! A road between a site and the hub: a small TCP proxy that can be down, or cut a connection after so many bytes.
//!
//! Knows no HTTP: it cuts where it is told to, inside a request or inside an answer. After a cut it stays down until
//! somebody opens it, as a network that is gone. What passed is counted, so that the story can wait for a moment.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes that are carried at once.
const CHUNK_BYTES: usize = 4 * 1024;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the device to the hub.
    Request,
    /// From the hub to the device.
    Answer,
}

/// How a road is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Condition {
    /// The hub, while it runs.
    hub: Option<SocketAddr>,
    is_up: bool,
    /// Cut the connection that first carries so many bytes this way.
    cut: Option<(Way, u64)>,
    /// Carry nothing more from the hub once so many bytes came from it in all.
    hold: Option<u64>,
}

struct Inner {
    condition: watch::Sender<Condition>,
    /// Bytes carried from the hub.
    answered: watch::Sender<u64>,
    cuts: AtomicU64,
}

/// A road; its listener ends with the runtime.
pub struct Road {
    address: SocketAddr,
    inner: Arc<Inner>,
}

impl Road {
    /// Builds a road that is down.
    ///
    /// # Errors
    /// When this machine gives no port.
    pub async fn build() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let condition = Condition { hub: None, is_up: false, cut: None, hold: None };
        let inner = Arc::new(Inner {
            condition: watch::Sender::new(condition),
            answered: watch::Sender::new(0),
            cuts: AtomicU64::new(0),
        });
        let shared = Arc::clone(&inner);
        tokio::spawn(async move {
            while let Ok((device, _)) = listener.accept().await {
                tokio::spawn(carry(device, Arc::clone(&shared)));
            }
        });
        Ok(Self { address, inner })
    }

    /// The address that devices know.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads to this hub from now on; `None` while there is none.
    pub fn lead_to(&self, hub: Option<SocketAddr>) {
        self.inner.condition.send_modify(|condition| *condition = Condition { hub, hold: None, ..*condition });
    }

    /// Answers stand still on the way once so many bytes came from the hub in all, until the road leads elsewhere.
    pub fn hold_after(&self, bytes: u64) {
        self.inner.condition.send_modify(|condition| condition.hold = Some(bytes));
    }

    /// Up or down. Going down breaks every connection.
    pub fn set_up(&self, is_up: bool) {
        self.inner.condition.send_modify(|condition| *condition = Condition { is_up, cut: None, ..*condition });
    }

    /// Up, and cuts the first connection that carries so many bytes this way; it is down afterwards.
    pub fn cut_after(&self, way: Way, bytes: u64) {
        let cut = Some((way, bytes));
        self.inner.condition.send_modify(|condition| *condition = Condition { is_up: true, cut, ..*condition });
    }

    /// How often it has cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.inner.cuts.load(Ordering::SeqCst)
    }

    /// Follows how many bytes came from the hub.
    #[must_use]
    pub fn answered(&self) -> watch::Receiver<u64> {
        self.inner.answered.subscribe()
    }
}

/// One connection, until either side, a cut or the road's state ends it.
async fn carry(device: TcpStream, road: Arc<Inner>) {
    let now = *road.condition.borrow();
    let (true, Some(hub)) = (now.is_up, now.hub) else { return };
    let Ok(hub_side) = TcpStream::connect(hub).await else { return };
    if device.set_nodelay(true).and(hub_side.set_nodelay(true)).is_err() {
        return;
    }
    let (from_device, to_device) = device.into_split();
    let (from_hub, to_hub) = hub_side.into_split();
    let mut state = road.condition.subscribe();
    tokio::select! {
        () = pass(from_device, to_hub, Way::Request, &road) => {}
        () = pass(from_hub, to_device, Way::Answer, &road) => {}
        _ = state.wait_for(|condition| !condition.is_up || condition.hub != Some(hub)) => {}
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, way: Way, road: &Inner) {
    let mut passed = 0;
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        let Ok(read @ 1..) = from.read(&mut chunk).await else { return };
        let bytes = read as u64;
        let cut_at = road.condition.borrow().cut.filter(|(cut_way, _)| *cut_way == way).map(|(_, at)| at);
        if let Some(at) = cut_at.filter(|at| passed + bytes >= *at) {
            let last = usize::try_from(at.saturating_sub(passed)).unwrap_or(read).min(read);
            // What got through before the cut did get through.
            let _ = to.write_all(&chunk[..last]).await;
            let _ = to.flush().await;
            road.cuts.fetch_add(1, Ordering::SeqCst);
            road.condition.send_modify(|condition| *condition = Condition { is_up: false, cut: None, ..*condition });
            return;
        }
        if way == Way::Answer {
            let mut sum = 0;
            road.answered.send_modify(|answered| {
                *answered += bytes;
                sum = *answered;
            });
            let is_held = |condition: &Condition| condition.hold.is_some_and(|hold| sum >= hold);
            let mut state = road.condition.subscribe();
            if is_held(&state.borrow_and_update()) {
                // What was held never arrives: the connection ends with the hub that it led to.
                let _ = state.wait_for(|condition| !is_held(condition)).await;
                return;
            }
        }
        if to.write_all(&chunk[..read]).await.is_err() {
            return;
        }
        passed += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hub of one sort: says back what it hears.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    /// What comes back of ten bytes.
    async fn ask(road: &Road) -> Vec<u8> {
        let mut back = Vec::new();
        if let Ok(mut stream) = TcpStream::connect(road.address).await {
            let _ = stream.write_all(b"0123456789").await;
            let mut byte = [0];
            while back.len() < 10 && matches!(stream.read(&mut byte).await, Ok(1)) {
                back.push(byte[0]);
            }
        }
        back
    }

    #[tokio::test]
    async fn a_road_carries_cuts_at_the_byte_and_stays_down() {
        let road = Road::build().await.unwrap();
        assert_eq!(ask(&road).await, b"");
        road.lead_to(Some(echo().await));
        assert_eq!(ask(&road).await, b"", "it is still down");
        road.set_up(true);
        assert_eq!(ask(&road).await, b"0123456789");
        road.cut_after(Way::Answer, 4);
        assert_eq!(ask(&road).await, b"0123");
        assert_eq!((ask(&road).await, road.cuts()), (Vec::new(), 1));
        road.cut_after(Way::Request, 4);
        assert!(ask(&road).await.len() <= 4);
        assert_eq!(road.cuts(), 2);
        road.set_up(true);
        road.lead_to(None);
        assert_eq!(ask(&road).await, b"");
        assert_eq!(*road.answered().borrow(), 10, "what was cut off is not counted");
    }

    #[tokio::test]
    async fn an_answer_that_is_held_ends_when_the_hub_is_gone() {
        let road = Road::build().await.unwrap();
        road.lead_to(Some(echo().await));
        road.set_up(true);
        road.hold_after(1);
        let mut answered = road.answered();
        let (back, ()) = tokio::join!(ask(&road), async {
            answered.wait_for(|sum| *sum > 0).await.unwrap();
            road.lead_to(None);
        });
        assert_eq!(back, b"");
    }
}
