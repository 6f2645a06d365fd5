//! Referrals: a partner sees what was chosen for it, as long as the consent stands, and nothing else.

use std::collections::BTreeMap as Map;

use sync_protocol::documents::EntryId;
use sync_protocol::ids::{DocumentId, PartnerCode, SiteCode};
use sync_protocol::wire::answer::FeedWhat;

use super::*;
use crate::access::Role;
use crate::hub::fact::Task;

fn set(field: &str, value: Value) -> Edit {
    Edit::Set { field: field.into(), value: value.into() }
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

impl TestHub {
    fn partner_device(&mut self, partner: &str, seed: u8) -> TestDevice {
        let code = PartnerCode::new(partner).unwrap();
        self.fact(Fact::Partner { code: code.clone(), name: partner.into(), open: true });
        let device = self.device("GOG", seed);
        let mut profile = Profile::caseworker("Conseiller", vec![SiteCode::new("GOG").unwrap()]);
        (profile.roles, profile.partner) = (vec![Role::Partner], Some(code));
        self.fact(Fact::User { user: device.lease.user, profile });
        device
    }

    /// A case, and its referral to a partner.
    fn referred(&mut self, by: &mut TestDevice, case: DocumentId, referral: DocumentId, partner: &str) {
        let mut parcels = Vec::new();
        if !by.documents.contains_key(&case) {
            let change = by.name(case, "Awa");
            parcels.push(by.parcel(case, &[change], None));
        }
        let edits = [
            set("referral.case", text(&case.to_string())),
            set("referral.partner", text(partner)),
            set("consent.given_by", text("self")),
        ];
        let change = by.edit(Kind::Referral, referral, &edits);
        parcels.push(by.parcel_of(Kind::Referral, referral, &[change], None));
        let (receipt, _) = by.sync(self, parcels);
        assert!(receipt.parcels.iter().all(|parcel| parcel.documents[0].runs[0].fate == Fate::Applied), "{receipt:?}");
    }
}

const CASE: DocumentId = DocumentId::new([9; 16]);
const REFERRAL: DocumentId = DocumentId::new([6; 16]);

#[test]
fn a_partner_sees_its_referrals_and_never_the_case() {
    let mut hub = TestHub::new();
    let (mut gogui, mut oim) = (hub.device("GOG", 1), hub.partner_device("OIM", 2));
    let mut other = hub.partner_device("CICR", 3);
    hub.referred(&mut gogui, CASE, REFERRAL, "OIM");
    oim.sync(&mut hub, Vec::new());
    assert_eq!(oim.documents.keys().copied().collect::<Vec<_>>(), [REFERRAL]);
    other.sync(&mut hub, Vec::new());
    assert!(other.documents.is_empty());

    let change = oim.name(CASE, "Haoua");
    let parcel = oim.parcel(CASE, &[change], None);
    let (receipt, _) = oim.sync(&mut hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-scope".into()));
    let mut values = Map::new();
    values.insert("text".into(), text("Formation commencée").into());
    let entry = EntryId::new([4; 8]);
    let edit = Edit::Add { group: "feedback".into(), entry, values, at: None, from: None };
    let change = oim.edit(Kind::Referral, REFERRAL, &[edit]);
    let parcel = oim.parcel_of(Kind::Referral, REFERRAL, &[change], None);
    let (receipt, _) = oim.sync(&mut hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Applied);
    gogui.sync(&mut hub, Vec::new());
    assert_eq!(gogui.documents[&REFERRAL].get_heads(), oim.documents[&REFERRAL].get_heads());
}

#[test]
fn a_withdrawal_on_the_referral_ends_it_at_the_next_request_and_opens_a_task() {
    let mut hub = TestHub::new();
    let (mut gogui, mut oim) = (hub.device("GOG", 1), hub.partner_device("OIM", 2));
    hub.referred(&mut gogui, CASE, REFERRAL, "OIM");
    oim.sync(&mut hub, Vec::new());
    let change = gogui.edit(Kind::Referral, REFERRAL, &[set("consent.withdrawn", text("2026-01-02"))]);
    let parcel = gogui.parcel_of(Kind::Referral, REFERRAL, &[change], None);
    gogui.sync(&mut hub, vec![parcel]);
    assert_ended(&mut hub, &mut gogui, &mut oim);
}

#[test]
fn a_withdrawal_on_the_case_ends_its_referrals_to_that_partner() {
    let mut hub = TestHub::new();
    let (mut gogui, mut oim) = (hub.device("GOG", 1), hub.partner_device("OIM", 2));
    let mut cicr = hub.partner_device("CICR", 3);
    hub.referred(&mut gogui, CASE, REFERRAL, "OIM");
    let other = DocumentId::new([7; 16]);
    hub.referred(&mut gogui, CASE, other, "CICR");
    oim.sync(&mut hub, Vec::new());
    let mut values = Map::new();
    for (field, value) in [("purpose", "referral"), ("to", "OIM"), ("decision", "withdrawn"), ("by", "self")] {
        values.insert(field.into(), text(value).into());
    }
    let entry = EntryId::new([5; 8]);
    let edit = Edit::Add { group: "consent".into(), entry, values, at: None, from: None };
    let change = gogui.edit(Kind::Case, CASE, &[edit]);
    let parcel = gogui.parcel(CASE, &[change], None);
    gogui.sync(&mut hub, vec![parcel]);
    assert_ended(&mut hub, &mut gogui, &mut oim);
    cicr.sync(&mut hub, Vec::new());
    assert!(cicr.documents.contains_key(&other), "the other partner's referral stands");
}

/// The partner has lost the referral for good, and a person is to tell it so.
fn assert_ended(hub: &mut TestHub, referrer: &mut TestDevice, partner: &mut TestDevice) {
    let (_, rest) = partner.sync(hub, Vec::new());
    let what: Vec<FeedWhat> = rest.feed.iter().map(|item| item.what).collect();
    assert_eq!(what, [FeedWhat::Left]);
    assert!(rest.feed.iter().all(|item| item.changes.is_empty()), "not even the withdrawal itself");
    let tasks: Vec<Task> = hub.shared.directory().tasks.values().map(|open| open.task.clone()).collect();
    let [Task::Withdrawn { referral, partner: code, leases, case, .. }] = &tasks[..] else { panic!("{tasks:?}") };
    assert_eq!((*referral, code.as_str(), *case), (REFERRAL, "OIM", Some(CASE)));
    assert_eq!(leases, &[partner.lease.prefix], "who may have received it");

    let change = partner.edit(Kind::Referral, REFERRAL, &[set("referral.urgency", text("soon"))]);
    let parcel = partner.parcel_of(Kind::Referral, REFERRAL, &[change], None);
    let (receipt, rest) = partner.sync(hub, vec![parcel]);
    assert_eq!(only_fate(&receipt), &Fate::Held("held-who-scope".into()));
    assert!(rest.feed.is_empty());
    // A later change of those who referred does not bring it back.
    let change = referrer.edit(Kind::Referral, REFERRAL, &[set("referral.urgency", text("urgent"))]);
    let parcel = referrer.parcel_of(Kind::Referral, REFERRAL, &[change], None);
    referrer.sync(hub, vec![parcel]);
    let (_, rest) = partner.sync(hub, Vec::new());
    assert!(rest.feed.is_empty());
    let mut newcomer = hub.partner_device("OIM", 8);
    newcomer.sync(hub, Vec::new());
    assert!(newcomer.documents.is_empty());
}
