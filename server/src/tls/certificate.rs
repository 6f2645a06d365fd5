//! The hub's certificate and key: read from PEM, checked, and taken anew when their files change.
//!
//! A start with files that no client could accept is refused with the reason. Newer files that cannot be used are
//! refused, too, while the hub goes on with what it has: whoever renews writes two files, and not at once.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use sync_protocol::ids::Millis;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{CertificateError as Refusal, Error as TlsError, RootCertStore, ServerConfig};

use crate::limits::{TLS_CHAIN_MAX, TLS_FILE_BYTES_MAX, TLS_LOOK_SECONDS};

/// The one protocol that is spoken under TLS.
pub(super) const HTTP1: &[u8] = b"http/1.1";

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM: the hub's own certificate first, then those that lead to an authority.
    pub certificate: PathBuf,
    /// PEM: the key of the first one.
    pub key: PathBuf,
    /// Between two looks for newer ones.
    pub look_every: Duration,
}

impl CertificateFiles {
    /// Looked at in the usual interval.
    #[must_use]
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        let look_every = Duration::from_secs(TLS_LOOK_SECONDS);
        Self { certificate: certificate.into(), key: key.into(), look_every }
    }
}

/// Why a certificate or its key cannot be used.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("the TLS file {path} could not be read: {source}")]
    Read {
        /// Which.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no certificate in it.
    #[error(
        "{0} holds no certificate: it must be a PEM file with the hub's own certificate first, then those that signed it"
    )]
    NoCertificate(String),
    /// There is no key in it.
    #[error("{0} holds no private key: it must be a PEM file with the key of the hub's certificate, not encrypted")]
    NoKey(String),
    /// The key is of another certificate.
    #[error(
        "the key in {key} does not belong to the first certificate in {certificate}: name the two that belong together"
    )]
    Mismatch {
        /// The certificate's file.
        certificate: String,
        /// The key's file.
        key: String,
    },
    /// It is too late.
    #[error("the certificate in {path} has expired on {when}: renew it")]
    Expired {
        /// Which.
        path: String,
        /// When, in words.
        when: String,
    },
    /// It is too early.
    #[error("the certificate in {path} is not valid before {when}: wait, or set this machine's clock right")]
    NotYet {
        /// Which.
        path: String,
        /// From when on, in words.
        when: String,
    },
    /// Something else is wrong with it.
    #[error("the certificate in {path} cannot be used: {reason}")]
    Unusable {
        /// Which.
        path: String,
        /// What the library said.
        reason: String,
    },
}

impl CertificateError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "tls-file",
            Self::NoCertificate(_) => "tls-no-certificate",
            Self::NoKey(_) => "tls-no-key",
            Self::Mismatch { .. } => "tls-key-mismatch",
            Self::Expired { .. } => "tls-expired",
            Self::NotYet { .. } => "tls-not-yet",
            Self::Unusable { .. } => "tls-unusable",
        }
    }
}

/// The certificate in use.
pub struct Certificate {
    files: CertificateFiles,
    current: Arc<Current>,
    seen: Stamp,
}

/// Which state of the files was looked at.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn load(files: CertificateFiles, now: Millis) -> Result<Self, CertificateError> {
        let seen = stamp(&files);
        let current = Arc::new(Current(RwLock::new(Arc::new(load(&files, now)?))));
        Ok(Self { files, current, seen })
    }

    /// Accepts connections with whatever certificate is current at that moment.
    ///
    /// # Errors
    /// [`CertificateError::Unusable`] when the library refuses its own defaults.
    pub fn acceptor(&self) -> Result<TlsAcceptor, CertificateError> {
        let wrong = |error: TlsError| unusable(&self.files.certificate, &error);
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![HTTP1.to_vec()];
        // A device that comes back resumes: one ticket is enough, each costs bytes on a slow link.
        config.ticketer = ring::Ticketer::new().map_err(wrong)?;
        config.send_tls13_tickets = 1;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// How often the files are to be looked at.
    #[must_use]
    pub const fn look_every(&self) -> Duration {
        self.files.look_every
    }

    /// Takes newer files into use; whether there were any. Each state of the files is tried once.
    ///
    /// # Errors
    /// [`CertificateError`] when they cannot be used: the one before stays.
    pub fn look(&mut self, now: Millis) -> Result<bool, CertificateError> {
        let stamp = stamp(&self.files);
        if stamp == self.seen {
            return Ok(false);
        }
        self.seen = stamp;
        let newer = Arc::new(load(&self.files, now)?);
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = newer;
        Ok(true)
    }
}

/// What handshakes are made with.
struct Current(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current(…)")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn stamp(files: &CertificateFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.modified().ok()?, found.len()))
    })
}

fn load(files: &CertificateFiles, now: Millis) -> Result<CertifiedKey, CertificateError> {
    let shown = |path: &Path| path.display().to_string();
    let read = |path: &Path| read(path).map_err(|source| CertificateError::Read { path: shown(path), source });
    let chain = chain(&read(&files.certificate)?);
    let chain = chain.ok_or_else(|| CertificateError::NoCertificate(shown(&files.certificate)))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?);
    let key = key.map_err(|_| CertificateError::NoKey(shown(&files.key)))?;
    let provider = Arc::new(ring::default_provider());
    in_force(&files.certificate, &chain, &provider, now)?;
    CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
        TlsError::InconsistentKeys(_) => {
            CertificateError::Mismatch { certificate: shown(&files.certificate), key: shown(&files.key) }
        }
        other => unusable(&files.certificate, &other),
    })
}

pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(TLS_FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The certificates of a PEM file; none when there is none, too many, or something unreadable.
pub(super) fn chain(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).take(TLS_CHAIN_MAX + 1).collect();
    chain.ok().filter(|chain| (1..=TLS_CHAIN_MAX).contains(&chain.len()))
}

/// Whether the first certificate is in force. The library checks that first of all, whoever signed it: every other
/// refusal of this trial is for the clients to judge by their own authorities.
fn in_force(
    path: &Path,
    chain: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
    now: Millis,
) -> Result<(), CertificateError> {
    let shown = path.display().to_string();
    let mut roots = RootCertStore::empty();
    let last = chain.last().cloned().ok_or_else(|| CertificateError::NoCertificate(shown.clone()))?;
    roots.add(last).map_err(|error| unusable(path, &error))?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| CertificateError::Unusable { path: shown.clone(), reason: error.to_string() })?;
    let seconds = u64::try_from(now.0 / 1000).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let name = ServerName::try_from("localhost")
        .map_err(|error| CertificateError::Unusable { path: shown.clone(), reason: error.to_string() })?;
    let verifier: Arc<dyn tokio_rustls::rustls::client::danger::ServerCertVerifier> = verifier;
    match verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], now) {
        Err(TlsError::InvalidCertificate(Refusal::ExpiredContext { not_after, .. })) => {
            Err(CertificateError::Expired { path: shown, when: words(not_after) })
        }
        Err(TlsError::InvalidCertificate(Refusal::NotValidYetContext { not_before, .. })) => {
            Err(CertificateError::NotYet { path: shown, when: words(not_before) })
        }
        Err(error @ TlsError::InvalidCertificate(Refusal::BadEncoding)) => Err(unusable(path, &error)),
        _ => Ok(()),
    }
}

fn words(moment: UnixTime) -> String {
    let seconds = i64::try_from(moment.as_secs()).unwrap_or(i64::MAX);
    let moment = jiff::Timestamp::from_second(seconds).ok();
    moment.map_or_else(|| "a day of no calendar".to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

fn unusable(path: &Path, error: &TlsError) -> CertificateError {
    CertificateError::Unusable { path: path.display().to_string(), reason: error.to_string() }
}
