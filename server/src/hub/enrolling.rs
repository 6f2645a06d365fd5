//! Enrolling: from an invitation to a lease.
//!
//! Plans the entry and the answer; the writer appends. The same device may repeat its request (answers get lost) until
//! it has sent work, and gets its lease again with a new token; anybody else finds the invitation used.

use sync_protocol::ids::{ActorPrefix, Millis, Salt};
use sync_protocol::sealing::SealingKey;
use sync_protocol::wire::codec::Raw;
use sync_protocol::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation, token_hash};
use sync_protocol::wire::lease::{Lease, SignedLease};
use thiserror::Error;

use super::directory::{Directory, InvitationState};
use super::fact::{By, Fact};
use crate::limits::VOUCHER_DAYS;
use crate::random::{Random, draw};
use crate::store::keyring::Keyring;
use sync_protocol::documents::{CONSTANT_ACTOR_PREFIX, DeviceLetters};

/// Why a device was not enrolled. Unknown, used and expired are told apart only to whoever holds the invitation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnrolError {
    /// Not twelve characters, or none that this hub issued.
    #[error("this invitation is not known here: check the twelve characters, or ask for a new one")]
    Unknown,
    /// It became another device's lease.
    #[error("this invitation was used already: ask for a new one")]
    Used,
    /// Fourteen days are over.
    #[error("this invitation has expired: ask for a new one")]
    Expired,
    /// The sender does not hold the key.
    #[error("the proof does not fit the key: the request was changed on its way")]
    Proof,
    /// A site has given out all its device letters for the year.
    #[error("the site has no device letters left this year: ask the administrator to open another site code")]
    Letters,
    /// The user has no site, or the hub no configuration.
    #[error("the user is not ready for enrolment: the administrator must give a site first")]
    NotReady,
    /// The hub came back from an older copy: invitations used since would be good again.
    #[error("this hub was restored and waits for an administrator to confirm it: try again afterwards")]
    Restored,
}

impl EnrolError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "enrol-unknown",
            Self::Used => "enrol-used",
            Self::Expired => "enrol-expired",
            Self::Proof => "enrol-proof",
            Self::Letters => "enrol-letters",
            Self::NotReady => "enrol-not-ready",
            Self::Restored => "enrol-hub-restored",
        }
    }
}

/// What enrolling this device would write, and answer once it is written.
///
/// # Errors
/// [`EnrolError`]; nothing is then written.
pub fn plan(
    directory: &Directory,
    keyring: &Keyring,
    request: &EnrolRequest,
    now: Millis,
    random: &mut dyn Random,
) -> Result<(Fact, EnrolAnswer), EnrolError> {
    let invitation = Invitation::parse(&request.invitation).map_err(|_| EnrolError::Unknown)?;
    request.verify(&invitation).map_err(|_| EnrolError::Proof)?;
    if directory.restored.is_some() {
        return Err(EnrolError::Restored);
    }
    let hash = invitation.hash();
    let state = directory.invitations.get(&hash).ok_or(EnrolError::Unknown)?;
    let token = Salt::new(draw(random));
    let (_, configuration) = directory.configuration.clone().ok_or(EnrolError::NotReady)?;
    if let Some(used) = state.used {
        let known = directory.leases.get(&used).ok_or(EnrolError::Used)?;
        if known.lease.installation != request.installation || known.lease.key != request.key {
            return Err(EnrolError::Used);
        }
        // Whoever sees the request on its way can send it again, and the answer opens the feed: only until the device has
        // work here or the invitation is over. From then on the key proves itself against a challenge.
        if !known.counters.is_empty() || now >= state.expires {
            return Err(EnrolError::Used);
        }
        let fact = Fact::TokenIssued { lease: used, token: token_hash(&token) };
        return Ok((fact, answer(directory, keyring, known.signed.clone(), token, configuration)));
    }
    if now >= state.expires {
        return Err(EnrolError::Expired);
    }
    let user = directory.users.get(&state.user).filter(|user| user.active).ok_or(EnrolError::NotReady)?;
    let site = directory.site_now(user.sites.first().ok_or(EnrolError::NotReady)?);
    let year = year_of(now);
    let given = directory.leases.values().filter(|state| state.lease.site == site && state.lease.year == year).count();
    let lease = Lease {
        installation: request.installation,
        user: state.user,
        key: request.key,
        prefix: fresh_prefix(directory, random),
        letters: DeviceLetters::nth(given).ok_or(EnrolError::Letters)?.to_string(),
        year,
        site,
        name: user.name.clone(),
        issued: now,
    };
    let signed = SignedLease::sign(&lease, keyring.hub_key());
    let confirmed = confirmed(directory, state, &lease, now);
    let fact = Fact::Enrolled { invitation: hash, lease: signed.clone(), token: token_hash(&token), confirmed };
    Ok((fact, answer(directory, keyring, signed, token, configuration)))
}

/// Who stands for the new lease: whoever hands the device over in person, or a site lead who vouched for its key.
fn confirmed(directory: &Directory, invitation: &InvitationState, lease: &Lease, now: Millis) -> Option<By> {
    if invitation.confirmed {
        return Some(invitation.by);
    }
    let voucher = directory.vouchers.get(&lease.key)?;
    let stands = now.0 <= voucher.at.0.saturating_add(VOUCHER_DAYS * Millis::DAY)
        && directory.lease_leads(voucher.by, &lease.site, now);
    stands.then_some(By::Lease(voucher.by))
}

fn answer(
    directory: &Directory,
    keyring: &Keyring,
    lease: SignedLease,
    token: Salt,
    configuration: Raw,
) -> EnrolAnswer {
    let (hub, sealing) = (keyring.hub_key().public(), keyring.sealing_key().map(SealingKey::public));
    EnrolAnswer { lease, token, hub, log: directory.log, configuration, sealing }
}

fn fresh_prefix(directory: &Directory, random: &mut dyn Random) -> ActorPrefix {
    loop {
        let prefix = ActorPrefix::new(draw(random));
        if prefix != CONSTANT_ACTOR_PREFIX && !directory.leases.contains_key(&prefix) {
            return prefix;
        }
    }
}

/// The last two digits of the year (UTC).
fn year_of(now: Millis) -> u8 {
    let year = jiff::Timestamp::from_millisecond(now.0)
        .map_or(1970, |moment| moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).year());
    u8::try_from(year.rem_euclid(100)).unwrap_or(0)
}
