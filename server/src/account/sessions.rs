//! Console sessions: who is signed in, in memory, until when.
//!
//! The browser has 256 random bits, the table their hash: whoever reads the hub's memory or a core file cannot sign in
//! with it. A session names its user and nothing of what the user may do: roles and scope are looked up at every request.
//! It carries a stamp of what let the user in (password, roles, standing); where the stamp is no longer the user's, the
//! session is over. A restart of the hub ends all of them: people sign in again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use sync_protocol::ids::{Hash, Millis, UserId};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::labelled;
use crate::limits::{SESSION_IDLE_MS, SESSION_MS_MAX, SESSIONS_MAX, SESSIONS_PER_USER_MAX};
use crate::random::{Random, draw};

/// Bytes of a session's id.
const KEY_BYTES: usize = 32;

/// What the browser holds.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey([u8; KEY_BYTES]);

impl SessionKey {
    /// From a cookie.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// For the cookie, and nothing else.
    #[must_use]
    pub fn reveal(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    fn hash(&self) -> Hash {
        labelled(b"segin/1 session\0", &[&self.0])
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// What let a user in, as one hash: each part by itself, so that none runs into the next.
#[must_use]
pub fn stamp(parts: &[&[u8]]) -> Hash {
    let hashes: Vec<Hash> = parts.iter().map(|part| labelled(b"segin/1 session stamp part\0", &[part])).collect();
    let all: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect();
    labelled(b"segin/1 session stamp\0", &all)
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who signed in.
    pub user: UserId,
    /// What let them in.
    pub stamp: Hash,
    /// When.
    pub started: Millis,
    /// Hub time of the last request of the person.
    pub seen: Millis,
}

impl Session {
    /// When it ends if nothing more is asked.
    #[must_use]
    pub fn until(&self) -> Millis {
        self.seen.plus(SESSION_IDLE_MS).min(self.started.plus(SESSION_MS_MAX))
    }

    /// The hub's clock may be set back a little; a session that seems to come from far ahead is over.
    fn is_open(&self, now: Millis) -> bool {
        now < self.until() && self.seen.0.saturating_sub(now.0) < SESSION_IDLE_MS
    }
}

/// Whether a request is the person's, or one that an open page makes on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It keeps the session open.
    Person,
    /// It does not.
    Page,
}

/// The table.
#[derive(Debug, Default)]
pub struct Sessions {
    table: Mutex<HashMap<Hash, Session>>,
}

impl Sessions {
    /// Opens a session under a new id. The oldest of a user with too many ends, and the one idle longest of all when the
    /// table is full.
    pub fn open(&self, user: UserId, stamp: Hash, now: Millis, random: &mut dyn Random) -> SessionKey {
        let key = SessionKey(draw(random));
        let mut table = self.table();
        table.retain(|_, session| session.is_open(now));
        let own = |table: &HashMap<Hash, Session>| table.values().filter(|session| session.user == user).count();
        while own(&table) >= SESSIONS_PER_USER_MAX {
            remove_first(&mut table, |session| (session.user == user).then_some(session.started));
        }
        while table.len() >= SESSIONS_MAX {
            remove_first(&mut table, |session| Some(session.seen));
        }
        table.insert(key.hash(), Session { user, stamp, started: now, seen: now });
        key
    }

    /// The session of this id, if it is open and its stamp is still the user's; it ends otherwise.
    pub fn resume(
        &self,
        key: &SessionKey,
        now: Millis,
        activity: Activity,
        stamp_of: impl FnOnce(UserId) -> Option<Hash>,
    ) -> Option<Session> {
        let hash = key.hash();
        let mut session = self.table().get(&hash).cloned()?;
        if !session.is_open(now) || stamp_of(session.user) != Some(session.stamp) {
            self.table().remove(&hash);
            return None;
        }
        if activity == Activity::Person {
            session.seen = now;
            // It may have been ended meanwhile: then it stays ended.
            if let Some(kept) = self.table().get_mut(&hash) {
                kept.seen = now;
            }
        }
        Some(session)
    }

    /// Ends a session: the person signs out.
    pub fn end(&self, key: &SessionKey) {
        self.table().remove(&key.hash());
    }

    /// Ends all sessions of a user.
    pub fn end_all(&self, user: UserId) {
        self.table().retain(|_, session| session.user != user);
    }

    /// How many are open, those that nobody has asked for since they ended included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table().len()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Hash, Session>> {
        // Nothing in here panics half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the session with the smallest moment.
fn remove_first(table: &mut HashMap<Hash, Session>, moment: impl Fn(&Session) -> Option<Millis>) {
    let first = table.iter().filter_map(|(hash, session)| Some((moment(session)?, *hash))).min();
    if let Some((_, hash)) = first {
        table.remove(&hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    const AWA: UserId = UserId::new([1; 16]);
    const START: Millis = Millis(1_714_480_000_000);
    const MINUTE: i64 = 60_000;

    fn stamp(byte: u8) -> Hash {
        super::stamp(&[&[byte]])
    }

    fn after(minutes: i64) -> Millis {
        START.plus(minutes * MINUTE)
    }

    fn open(sessions: &Sessions, key: &SessionKey, now: Millis) -> bool {
        sessions.resume(key, now, Activity::Person, |_| Some(stamp(1))).is_some()
    }

    #[test]
    fn a_session_ends_after_a_quarter_of_an_hour_without_the_person() {
        let (sessions, random) = (Sessions::default(), &mut SeededRandom::new(1));
        let key = sessions.open(AWA, stamp(1), START, random);
        assert!(open(&sessions, &key, after(14)));
        assert!(open(&sessions, &key, after(28)), "each request opens another quarter");
        let page = sessions.resume(&key, after(42), Activity::Page, |_| Some(stamp(1))).unwrap();
        assert_eq!(page.until(), after(43), "what a page asks on its own does not");
        assert!(!open(&sessions, &key, after(43)));
        assert!(!open(&sessions, &key, after(29)), "ended is ended, whatever the clock says");
        assert_eq!(sessions.count(), 0);
    }

    #[test]
    fn a_session_ends_after_eight_hours_in_any_case() {
        let (sessions, random) = (Sessions::default(), &mut SeededRandom::new(1));
        let key = sessions.open(AWA, stamp(1), START, random);
        for minutes in (10..480).step_by(10) {
            assert!(open(&sessions, &key, after(minutes)), "{minutes}");
        }
        assert!(!open(&sessions, &key, after(480)));
    }

    #[test]
    fn a_clock_set_back_far_ends_it_too() {
        let (sessions, random) = (Sessions::default(), &mut SeededRandom::new(1));
        let key = sessions.open(AWA, stamp(1), START, random);
        assert!(open(&sessions, &key, after(-1)));
        assert!(!open(&sessions, &key, after(-60)));
    }

    #[test]
    fn another_stamp_an_end_and_another_key_open_nothing() {
        let (sessions, random) = (Sessions::default(), &mut SeededRandom::new(1));
        let key = sessions.open(AWA, stamp(1), START, random);
        let again = sessions.open(AWA, stamp(1), START, random);
        assert_ne!(key, again, "each sign-in has an id of its own");
        assert!(sessions.resume(&key, START, Activity::Person, |_| Some(stamp(2))).is_none());
        assert!(!open(&sessions, &key, START), "the changed stamp has ended it");
        assert!(open(&sessions, &again, START));
        sessions.end(&again);
        assert!(!open(&sessions, &again, START));
        let key = sessions.open(AWA, stamp(1), START, random);
        sessions.end_all(AWA);
        assert!(!open(&sessions, &key, START));
        assert!(sessions.resume(&key, START, Activity::Person, |_| None).is_none());
        assert!(!open(&sessions, &SessionKey([0; 32]), START));
        assert_eq!(SessionKey::parse(&key.reveal()), Some(key.clone()));
        assert_eq!(SessionKey::parse("short"), None);
        assert_eq!(format!("{key:?}"), "SessionKey(…)");
    }

    #[test]
    fn a_stamp_keeps_its_parts_apart() {
        assert_eq!(super::stamp(&[b"ab", b"c"]), super::stamp(&[b"ab", b"c"]));
        assert_ne!(super::stamp(&[b"ab", b"c"]), super::stamp(&[b"a", b"bc"]));
        assert_ne!(super::stamp(&[b"ab"]), super::stamp(&[b"ab", b""]));
    }

    #[test]
    fn the_table_is_bounded_for_each_user_and_in_all() {
        let (sessions, random) = (Sessions::default(), &mut SeededRandom::new(1));
        let mut own = Vec::new();
        for minute in 0..=SESSIONS_PER_USER_MAX {
            own.push(sessions.open(AWA, stamp(1), START.plus(i64::try_from(minute).unwrap()), random));
        }
        assert_eq!(sessions.count(), SESSIONS_PER_USER_MAX);
        assert!(!open(&sessions, &own[0], START), "the oldest went");
        for number in 0..u64::try_from(SESSIONS_MAX).unwrap() {
            let mut user = [9; 16];
            user[..8].copy_from_slice(&number.to_be_bytes());
            sessions.open(UserId::new(user), stamp(1), after(1), random);
        }
        assert_eq!(sessions.count(), SESSIONS_MAX);
        assert!(own.iter().all(|key| !open(&sessions, key, after(1))), "who was idle longest went first");
    }
}
