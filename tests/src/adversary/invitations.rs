//! Invitations: used, too old, altered, guessed; and enrolments that are none.

use segin::limits::INVITATION_DAYS;
use sync_protocol::crypto::{PublicKey, SecretKey, Signature};
use sync_protocol::ids::{InstallationId, Millis};
use sync_protocol::wire::codec::{Message, frame};
use sync_protocol::wire::enrolment::{EnrolRequest, Invitation};

use super::{Outcome, SMALL, Siege, refused};

/// Invitations that are guessed: below what one address may try in a minute.
const GUESSES: u8 = 30;

/// Runs them.
pub fn run(siege: &mut Siege) {
    let used = siege.invite("Kadidia");
    let key = SecretKey::from_bytes(&[21; 32]).expect("a number below the order");
    let first = request(&used, 21, &key);
    assert_eq!(enrol(siege, &first), Outcome::Open);
    let open = siege.invite("Oumou");
    siege.settled("an honest enrolment and an invitation that waits");
    used_before(siege, &used, &first);
    altered(siege, &open);
    too_old(siege, &open);
}

fn request(invitation: &str, installation: u8, key: &SecretKey) -> EnrolRequest {
    let invitation = Invitation::parse(invitation).expect("the hub gives invitations");
    EnrolRequest::sign(&invitation, InstallationId::new([installation; 16]), key)
}

fn enrol(siege: &Siege, request: &EnrolRequest) -> Outcome {
    siege.post("/v1/enrol", &frame(Message::EnrolRequest, request))
}

fn fails(siege: &mut Siege, name: &str, code: &str, request: &EnrolRequest) {
    siege.withstands(name, &refused(403, code), SMALL, |siege| enrol(siege, request));
}

fn used_before(siege: &mut Siege, used: &str, first: &EnrolRequest) {
    let other = SecretKey::from_bytes(&[22; 32]).expect("a number below the order");
    fails(siege, "used, another device", "enrol-used", &request(used, 22, &other));
    fails(siege, "used, the same device with another key", "enrol-used", &request(used, 21, &other));
    let key = SecretKey::from_bytes(&[21; 32]).expect("a number below the order");
    fails(siege, "used, the same key on another device", "enrol-used", &request(used, 23, &key));
    let stolen = EnrolRequest { key: other.public(), ..first.clone() };
    fails(siege, "seen on its way, sent with another key", "enrol-proof", &stolen);
    let moved = EnrolRequest { installation: InstallationId::new([24; 16]), ..first.clone() };
    fails(siege, "seen on its way, sent for another device", "enrol-proof", &moved);
}

fn altered(siege: &mut Siege, open: &str) {
    let key = SecretKey::from_bytes(&[25; 32]).expect("a number below the order");
    let good = request(open, 25, &key);
    let text = |invitation: &str| EnrolRequest { invitation: invitation.to_owned(), ..good.clone() };
    for wrong in ["", "7K3Q", "words of many letters", "7K3Q-M2XP-9WTU-7K3Q", "ÀÉÎ7-K3QM-2XP9"] {
        fails(siege, &format!("no invitation: {wrong:?}"), "enrol-unknown", &text(wrong));
    }
    let long = "7".repeat(100_000);
    fails(siege, "an invitation of 100,000 characters", "enrol-unknown", &text(&long));
    // One character is another one; with the proof that was made for the right one, and with one of its own.
    for at in [0, 7, 13] {
        let mut letters: Vec<char> = open.chars().collect();
        letters[at] = if letters[at] == '7' { '8' } else { '7' };
        let wrong: String = letters.into_iter().collect();
        fails(siege, &format!("altered at {at}"), "enrol-proof", &text(&wrong));
        fails(siege, &format!("altered at {at}, proof made anew"), "enrol-unknown", &request(&wrong, 25, &key));
    }
    for guess in 0..GUESSES {
        let invitation = Invitation::from_random([guess; 12]);
        let guessed = EnrolRequest::sign(&invitation, InstallationId::new([26; 16]), &key);
        fails(siege, &format!("guess {guess}"), "enrol-unknown", &guessed);
    }
    let mut proof = *good.proof.as_bytes();
    proof[5] ^= 1;
    let garbled = EnrolRequest { proof: Signature::new(proof), ..good.clone() };
    fails(siege, "the proof garbled", "enrol-proof", &garbled);
    for (name, bytes) in [("zeros", [0; 33]), ("no point of the curve", [5; 33])] {
        let no_key = EnrolRequest { key: PublicKey::new(bytes), ..good.clone() };
        fails(siege, &format!("a key of {name}"), "enrol-proof", &no_key);
    }
}

fn too_old(siege: &mut Siege, open: &str) {
    let key = SecretKey::from_bytes(&[25; 32]).expect("a number below the order");
    siege.clock.advance(INVITATION_DAYS * Millis::DAY);
    siege.settled("fourteen days");
    fails(siege, "fourteen days old", "enrol-expired", &request(open, 25, &key));
}
