//! Whom a device or a tool believes to be its hub.

use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{CertificateError as Refusal, ClientConfig, Error as TlsError, RootCertStore};

use super::certificate::{self, HTTP1};

/// Why nobody can be believed.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The authority's file cannot be read.
    #[error("the authority's certificate file {path} could not be read: {source}")]
    Read {
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It holds no certificate of an authority.
    #[error("no certificate of an authority was given: wanted is a PEM file")]
    NoAuthority,
    /// The system knows no authorities.
    #[error("this machine knows no certificate authorities: install them, or name the hub's own one with --ca FILE")]
    NoSystem,
    /// The library refuses its own defaults.
    #[error("TLS cannot be used: {0}")]
    Library(String),
}

/// Why a hub was not believed, or did not speak.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// Signed by somebody else.
    #[error(
        "the hub at {0} shows a certificate of an authority that is not known here: nothing was sent; if the hub has an \
         authority of its own, name its certificate with --ca FILE"
    )]
    Authority(String),
    /// In force at another time.
    #[error(
        "the certificate of the hub at {0} is not in force now: nothing was sent; look whether this machine's clock is \
         right, else the hub's certificate must be renewed"
    )]
    Time(String),
    /// Of another name.
    #[error(
        "the hub at {0} shows a certificate of another name: nothing was sent; use the address that it was issued for"
    )]
    Name(String),
    /// Anything else.
    #[error("no secure connection to the hub at {address}: {reason}")]
    Other {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
}

/// Authorities that are believed, and what was resumed with them.
#[derive(Clone)]
pub struct Trust(TlsConnector);

impl Trust {
    /// The system's authorities.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn system() -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 { Err(TrustError::NoSystem) } else { Self::of(roots) }
    }

    /// One authority, or a few, and nobody else.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn authority(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificate::chain(pem).ok_or(TrustError::NoAuthority)? {
            roots.add(certificate).map_err(|_| TrustError::NoAuthority)?;
        }
        Self::of(roots)
    }

    /// The authority that was named, else the system's.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn named(pem: Option<&[u8]>) -> Result<Self, TrustError> {
        pem.map_or_else(Self::system, Self::authority)
    }

    fn of(roots: RootCertStore) -> Result<Self, TrustError> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Library(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![HTTP1.to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands over a stream with the hub of this name or address.
    ///
    /// # Errors
    /// [`HandshakeError`]: nothing of what was to be said has been sent.
    pub async fn connect<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let other = |reason: String| HandshakeError::Other { address: host.to_owned(), reason };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| other(error.to_string()))?;
        self.0.connect(name, stream).await.map_err(|error| {
            let refused = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
            match refused {
                Some(TlsError::InvalidCertificate(refusal)) => refused_by(host, refusal),
                _ => other(error.to_string()),
            }
        })
    }
}

/// Reads the file of an authority.
///
/// # Errors
/// [`TrustError`]; also when there is no authority in it.
pub fn read_authority(path: &Path) -> Result<Vec<u8>, TrustError> {
    let wrong = |source| TrustError::Read { path: path.display().to_string(), source };
    let pem = certificate::read(path).map_err(wrong)?;
    Trust::authority(&pem)?;
    Ok(pem)
}

fn refused_by(host: &str, refusal: &Refusal) -> HandshakeError {
    let host = host.to_owned();
    match refusal {
        Refusal::UnknownIssuer | Refusal::BadSignature => HandshakeError::Authority(host),
        Refusal::Expired
        | Refusal::ExpiredContext { .. }
        | Refusal::NotValidYet
        | Refusal::NotValidYetContext { .. } => HandshakeError::Time(host),
        Refusal::NotValidForName | Refusal::NotValidForNameContext { .. } => HandshakeError::Name(host),
        other => HandshakeError::Other { address: host, reason: format!("its certificate is refused ({other:?})") },
    }
}
