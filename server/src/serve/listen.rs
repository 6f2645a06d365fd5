//! Connections: accepted up to a bound, under TLS where there is a certificate, served, and finished when the hub stops.
//!
//! HTTP/1.1 without the headers that devices do not need: over a slow link each byte counts, and hub time stands, signed,
//! in every answer. What may be asked of whom, and how often: `routes::door`.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::app::App;
use super::connections::Place;
use super::error::StartError;
use super::options::Door;
use super::patience::Patience;
use super::peer::Ends;
use super::rate::Network;
use crate::limits::{CONNECTION_BUFFER_BYTES, HEADERS_MAX, STOP_SECONDS_MAX};
use crate::tls::Certificate;

/// Pause after the system gave no connection (too many open files): it will not be better at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What somebody hears who finds no room, where the hub speaks plain HTTP.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Takes the address: plain HTTP for this machine alone, unless something else was named that protects the way.
///
/// # Errors
/// [`StartError::NotLoopback`], [`StartError::AddressInUse`], [`StartError::Address`].
pub fn bind(address: SocketAddr, door: &Door) -> Result<StdListener, StartError> {
    if !address.ip().is_loopback() && !door.is_tls() {
        match &door.plain_http_is_protected_by {
            Some(words) if !words.trim().is_empty() => {
                tracing::warn!(protected_by = words, "plain HTTP to other machines, as it was asked for");
            }
            _ => return Err(StartError::NotLoopback(address)),
        }
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
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    router: Router,
    tls: Option<(TlsAcceptor, Certificate)>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let acceptor = tls.map(|(acceptor, certificate)| {
        tokio::spawn(follow(certificate, Arc::clone(&app), stopping.clone()));
        acceptor
    });
    loop {
        let accepted = tokio::select! {
            biased;
            () = asked_to_stop(&mut stopping) => break,
            accepted = accept(&listener, &app, acceptor.is_some()) => accepted,
        };
        if let Some((stream, ends, room)) = accepted {
            let (app, router, acceptor) = (Arc::clone(&app), router.clone(), acceptor.clone());
            let stopping = stopping.clone();
            connections.spawn(async move {
                match acceptor {
                    Some(acceptor) => {
                        if let Some(stream) = shake_hands(&acceptor, stream, &app, stopping.clone()).await {
                            connection(stream, ends, app, router, stopping).await;
                        }
                    }
                    None => connection(stream, ends, app, router, stopping).await,
                }
                drop(room);
            });
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(Duration::from_secs(STOP_SECONDS_MAX), finished).await.is_err() {
        tracing::warn!(connections = connections.len(), "some requests did not end in time and are cut off");
        connections.shutdown().await;
    }
}

/// Returns when the hub is to stop.
pub async fn asked_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error means that whoever could ask is gone: that too is the end.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

async fn accept(listener: &TcpListener, app: &App, is_tls: bool) -> Option<(TcpStream, Ends, Place)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            let peer: IpAddr = peer.ip().to_canonical();
            let own = stream.local_addr().map_or(app.address.ip(), |own| own.ip().to_canonical());
            let Some(room) = app.connections.admit(Network::of(peer), app.door.proxies.trusts(peer)) else {
                app.metrics.turned_away.inc();
                if !is_tls {
                    // What does not go out at once is not said.
                    let _ = stream.try_write(NO_ROOM);
                }
                return None;
            };
            // Small answers should not wait for more; where the system refuses, they only come later.
            let _ = stream.set_nodelay(true);
            Some((stream, Ends { peer, own }, room))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn shake_hands(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    app: &App,
    mut stopping: watch::Receiver<bool>,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let shaken = tokio::select! {
        shaken = timeout(app.bounds.handshake, acceptor.accept(stream)) => shaken,
        () = asked_to_stop(&mut stopping) => return None,
    };
    match shaken {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
    app.metrics.handshakes_failed.inc();
    None
}

/// Looks for newer certificate files until the hub stops.
async fn follow(mut certificate: Certificate, app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let pause = certificate.look_every();
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = asked_to_stop(&mut stopping) => return,
        }
        let now = app.clock.now();
        let looked = tokio::task::spawn_blocking(move || {
            let found = certificate.look(now);
            (certificate, found)
        });
        let Ok((back, found)) = looked.await else { return };
        certificate = back;
        match found {
            Ok(false) => {}
            Ok(true) => {
                app.metrics.tls_reloads.inc();
                tracing::info!("the newer certificate is in use");
            }
            Err(error) => {
                app.metrics.tls_reloads_refused.inc();
                tracing::error!(code = error.code(), %error, "the newer certificate is not used, the one before stays");
            }
        }
    }
}

async fn connection<S>(stream: S, ends: Ends, app: Arc<App>, router: Router, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(app.bounds.head)
        .max_headers(HEADERS_MAX)
        .max_buf_size(CONNECTION_BUFFER_BYTES)
        .auto_date_header(false);
    let stream = Patience::new(stream, app.bounds.answer);
    let connections = Arc::clone(&app.connections);
    drop(app);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ends);
        let (answer, connections) = (router.call(request), Arc::clone(&connections));
        async move {
            let mut answer = answer.await?;
            if connections.is_crowded() {
                // Others wait for the place; whoever has more to say connects anew.
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
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
