//! Enrolment: an invitation becomes a lease. The key is stored before it is shown to the hub, so that a lost answer
//! is asked for again under the same key.

use super::event::{Endpoint, Inputs, Report};
use super::progress::{Enrolled, Identity};
use super::record::uuid_v4;
use super::rows::Key;
use super::turn::Turn;
use super::{Device, Session};
use crate::crypto::SecretKey;
use crate::documents::config::SignedConfiguration;
use crate::ids::{Actor, InstallationId};
use crate::wire::codec::{CodecError, Message, Raw, frame, read};
use crate::wire::enrolment::{EnrolAnswer, EnrolRequest, Invitation};

impl Device {
    pub(super) fn enrol(&mut self, invitation: &Invitation, turn: &mut Turn) {
        if self.session.is_some() {
            turn.report(Report::NotEnrolled { reason: "this device is enrolled already".to_owned() });
            return;
        }
        if self.identity.is_none() {
            let installation = InstallationId::new(uuid_v4(turn.draw.bytes()));
            let secret = turn.draw.bytes();
            self.identity = Some(Identity { installation, secret, enrolled: None });
            turn.mark(Key::Identity);
        }
        let Some(identity) = &self.identity else { return };
        let Ok(key) = SecretKey::from_bytes(&identity.secret) else {
            // Two draws in 2^32: the next try draws again.
            self.identity = None;
            turn.report(Report::NotEnrolled { reason: "no key could be made; please try again".to_owned() });
            return;
        };
        let request = EnrolRequest::sign(invitation, identity.installation, &key);
        self.number += 1;
        self.enrolling = Some(self.number);
        turn.send(self.number, Endpoint::Enrol, frame(Message::EnrolRequest, &request));
    }

    pub(super) fn enrol_answer(&mut self, bytes: &[u8], turn: &mut Turn) {
        self.enrolling = None;
        if let Err(reason) = self.take_lease(bytes, turn) {
            turn.report(Report::NotEnrolled { reason });
        }
    }

    fn take_lease(&mut self, bytes: &[u8], turn: &mut Turn) -> Result<(), String> {
        let answer: EnrolAnswer = read(Message::EnrolAnswer, bytes).map_err(|error| error.to_string())?;
        let lease = answer.lease.verify(&answer.hub).map_err(|error| error.to_string())?;
        let identity = self.identity.as_mut().ok_or("no invitation was tried")?;
        let key = SecretKey::from_bytes(&identity.secret).map_err(|error| error.to_string())?;
        if lease.installation != identity.installation || lease.key != key.public() {
            return Err("the hub answered with the lease of another device".to_owned());
        }
        if let Some(sealing) = &answer.sealing {
            sealing.check().map_err(|error| format!("the key that work is to be sealed to: {error}"))?;
        }
        let (token, sealing) = (Some(answer.token), answer.sealing);
        identity.enrolled = Some(Enrolled { lease: answer.lease, token, hub: answer.hub, log: answer.log, sealing });
        turn.mark(Key::Identity);
        self.take_configuration(&answer.configuration, turn);
        turn.report(Report::Enrolled {
            name: lease.name.clone(),
            site: lease.site.to_string(),
            letters: lease.letters.clone(),
        });
        let actor = Actor::from_parts(lease.prefix, turn.draw.bytes());
        self.session = Some(Session { lease, key, hub: answer.hub, actor });
        Ok(())
    }

    /// Keeps a configuration that the hub signed and this version can read; another is passed over, and comes again.
    pub(super) fn take_configuration(&mut self, signed: &Raw, turn: &mut Turn) {
        let hub = self.identity.as_ref().and_then(|identity| identity.enrolled.as_ref()).map(|enrolled| enrolled.hub);
        let read = signed.read::<SignedConfiguration>().ok();
        if let Some((hub, read)) = hub.zip(read)
            && let Ok(configuration) = read.verify(&hub)
        {
            self.progress.configuration = u32::try_from(configuration.version).unwrap_or(u32::MAX);
            turn.progress();
            turn.put(Key::Configuration, signed.0.clone());
        }
    }

    /// Checks the stored lease and draws this session's actor.
    pub(super) fn start_session(&mut self, inputs: &Inputs) -> Result<(), CodecError> {
        let Some(identity) = &self.identity else { return Ok(()) };
        let Some(enrolled) = &identity.enrolled else { return Ok(()) };
        let wrong = |what: &str| CodecError::Body(what.to_owned());
        let lease = enrolled.lease.verify(&enrolled.hub).map_err(|_| wrong("the lease is not signed by the hub"))?;
        let key = SecretKey::from_bytes(&identity.secret).map_err(|_| wrong("the key is no key"))?;
        let actor = Actor::from_parts(lease.prefix, Turn::new(inputs).draw.bytes());
        self.session = Some(Session { lease, key, hub: enrolled.hub, actor });
        Ok(())
    }
}
