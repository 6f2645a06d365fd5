//! What is taken of it, and what is not.

use super::*;

fn row(action: &str, document: Option<DocumentId>, user: u8, at: i64) -> AuditRow {
    let user = Some(UserId::new([user; 16]));
    AuditRow {
        position: Position(1),
        at: Millis(at),
        by: Who { kind: "user".into(), user, name: None, lease: None },
        action: action.into(),
        document,
        kind: None,
        ground: None,
        about: None,
        count: None,
    }
}

#[test]
fn every_filter_narrows() {
    let case = DocumentId::new([9; 16]);
    let read = row("read", Some(case), 1, 100);
    assert!(AuditFilter::default().takes(&read));
    let is = |filter: AuditFilter| filter.takes(&read);
    assert!(is(AuditFilter { case: Some(case), ..AuditFilter::default() }));
    assert!(!is(AuditFilter { case: Some(DocumentId::new([8; 16])), ..AuditFilter::default() }));
    assert!(is(AuditFilter { user: Some(UserId::new([1; 16])), ..AuditFilter::default() }));
    assert!(!is(AuditFilter { user: Some(UserId::new([2; 16])), ..AuditFilter::default() }));
    assert!(!is(AuditFilter { action: Some("denied".into()), ..AuditFilter::default() }));
    assert!(is(AuditFilter { since: Some(Millis(100)), until: Some(Millis(101)), ..AuditFilter::default() }));
    assert!(!is(AuditFilter { since: Some(Millis(101)), ..AuditFilter::default() }));
    assert!(!is(AuditFilter { until: Some(Millis(100)), ..AuditFilter::default() }));
}
