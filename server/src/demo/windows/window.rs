//! A phone's road to the hub: a proxy on a port of its own, with a switch for airplane mode.
//!
//! A browser keeps what an app stores by origin, so each port is a phone of its own. Changes nothing of what passes but
//! one word: the app may stand in a frame of the control page. While the switch is on, or no hub answers, connections
//! break, as they do on a road without a network.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the hub says of frames around its pages.
const NO_FRAMES: &str = "frame-ancestors 'none'";

/// The road; its listener ends with the runtime.
pub struct Window {
    address: SocketAddr,
    airplane: watch::Sender<bool>,
}

/// What each connection knows.
struct Road {
    hub: SocketAddr,
    /// In the place of [`NO_FRAMES`].
    frames: String,
}

/// Why a request was not answered: its connection breaks.
#[derive(Debug, thiserror::Error)]
enum Gone {
    #[error("the hub is gone: {0}")]
    Connect(#[from] io::Error),
    #[error("the hub has hung up: {0}")]
    Carry(#[from] hyper::Error),
}

impl Window {
    /// Opens it: a road to this hub, whose pages may stand in frames of `control`.
    ///
    /// # Errors
    /// When this machine gives no port.
    pub async fn open(hub: SocketAddr, control: &str, airplane: watch::Sender<bool>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let road = Arc::new(Road { hub, frames: format!("frame-ancestors {control}") });
        let switch = airplane.subscribe();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&road), switch.clone()));
            }
        });
        Ok(Self { address, airplane })
    }

    /// `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether the switch is on: no network.
    #[must_use]
    pub fn is_airplane(&self) -> bool {
        *self.airplane.borrow()
    }

    /// Puts the switch; going on breaks every connection.
    pub fn set_airplane(&self, is_on: bool) {
        self.airplane.send_replace(is_on);
    }
}

/// One connection, until it ends or the switch goes on.
async fn serve(stream: TcpStream, road: Arc<Road>, mut switch: watch::Receiver<bool>) {
    if *switch.borrow() {
        return;
    }
    let service = service_fn(|request| carry(request, Arc::clone(&road)));
    tokio::select! {
        // An error is a broken connection, which is what it must be.
        _ = server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service) => {}
        _ = switch.wait_for(|is_on| *is_on) => {}
    }
}

async fn carry(request: Request<Incoming>, road: Arc<Road>) -> Result<Response<Incoming>, Gone> {
    let stream = TcpStream::connect(road.hub).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        let _ = connection.await;
        Ok::<(), Infallible>(())
    });
    let mut response = sender.send_request(request).await?;
    if let Some(policy) = response.headers_mut().get_mut(CONTENT_SECURITY_POLICY)
        && let Some(framed) = framed(policy, &road.frames)
    {
        *policy = framed;
    }
    Ok(response)
}

fn framed(policy: &HeaderValue, frames: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&policy.to_str().ok()?.replace(NO_FRAMES, frames)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_about_frames_changes() {
        let policy = HeaderValue::from_static(crate::web::POLICY);
        let changed = framed(&policy, "frame-ancestors http://127.0.0.1:1").unwrap();
        let expected = crate::web::POLICY.replace("ancestors 'none'", "ancestors http://127.0.0.1:1");
        assert_eq!(changed.to_str().unwrap(), expected);
        assert_ne!(changed, policy);
    }
}
