//! Connections: accepted up to a bound, served, and finished when the hub stops.
//!
//! HTTP/1.1 without the headers that devices do not need: over a slow link each byte counts, and hub time stands, signed,
//! in every answer.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::app::App;
use super::error::StartError;
use crate::limits::{CONNECTION_BUFFER_BYTES, HEAD_SECONDS_MAX, STOP_SECONDS_MAX};

/// Pause after the system gave no connection (too many open files): it will not be better at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes the address, for this machine alone.
///
/// # Errors
/// [`StartError::NotLoopback`], [`StartError::AddressInUse`], [`StartError::Address`].
pub fn bind(address: SocketAddr) -> Result<StdListener, StartError> {
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    let listener = StdListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => StartError::AddressInUse(address),
        _ => StartError::Address { address, source },
    })
}

/// Serves until the hub stops, then finishes what is in hand.
pub async fn serve(listener: TcpListener, app: Arc<App>, router: Router, mut stopping: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = asked_to_stop(&mut stopping) => break,
            accepted = accept(&listener, &app) => accepted,
        };
        if let Some((stream, room)) = accepted {
            let (router, stopping) = (router.clone(), stopping.clone());
            connections.spawn(async move {
                connection(stream, router, stopping).await;
                drop(room);
            });
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), finished).await.is_err() {
        tracing::warn!(connections = connections.len(), "some requests did not end in time and are cut off");
        connections.shutdown().await;
    }
}

/// Returns when the hub is to stop.
pub async fn asked_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error means that whoever could ask is gone: that too is the end.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

async fn accept(listener: &TcpListener, app: &App) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let room = Arc::clone(&app.connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Small answers should not wait for more; where the system refuses, they only come later.
            let _ = stream.set_nodelay(true);
            Some((stream, room))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, router: Router, mut stopping: watch::Receiver<bool>) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_SECONDS_MAX))
        .max_buf_size(CONNECTION_BUFFER_BYTES)
        .auto_date_header(false);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = asked_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
