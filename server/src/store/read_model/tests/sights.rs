//! How far somebody sees: by channels as they are now and were then, in lists, figures, receipts and held work.

use super::*;

fn channel(name: &str) -> Channel {
    Channel::new(name).unwrap()
}

fn these(names: &[&str]) -> Channels {
    Channels::These(names.iter().map(|name| channel(name)).collect())
}

fn at_site(code: &str) -> Sight {
    let lease = |number| ActorPrefix::new([number; 8]);
    Sight {
        documents: these(&[&format!("site/{code}")]),
        receipts: Only::These(vec![site(code)]),
        held: Only::These(vec![lease(1)]),
    }
}

fn in_channels(update: Update, names: &[&str]) -> Update {
    match update {
        Update::Document(document) => {
            let channels = names.iter().map(|name| channel(name)).collect();
            Update::Document(Box::new(DocumentUpdate { channels, ..*document }))
        }
        other => other,
    }
}

fn moves(number: u8, position: u64, entered: &[&str], left: &[&str]) -> Update {
    let all = |names: &[&str]| names.iter().map(|name| channel(name)).collect();
    let (position, document) = (Position(position), id(number));
    Update::Placed(PlacementUpdate { position, document, entered: all(entered), left: all(left) })
}

async fn seen(model: &ReadModel, sight: &Channels, at: Option<u64>) -> Vec<String> {
    let filter = CaseFilter { at: at.map(Position), ..CaseFilter::default() };
    let mut names = names(&model.cases(filter, sight.clone()).await.unwrap());
    names.sort();
    names
}

/// Awa came at 1 and moved from Gogui to Kayes at 4; Moussa stays at Gogui.
async fn moved() -> ReadModel {
    let hub = SharedHub::default();
    let conflict = json!([{ "path": "identity.given", "label": {}, "values": [1, 2] }]);
    let with_conflict = |update| match update {
        Update::Document(document) => {
            Update::Document(Box::new(DocumentUpdate { conflicts: conflict.clone(), ..*document }))
        }
        other => other,
    };
    let awa = with_conflict(case(1, 1, "Awa"));
    let away = with_conflict(in_channels(case(1, 4, "Awa"), &["site/KAY"]));
    model_with(
        &hub,
        vec![
            (vec![moves(1, 1, &["site/GOG"], &[]), awa], 1),
            (vec![moves(2, 2, &["site/GOG"], &[]), case(2, 2, "Moussa")], 2),
            (vec![moves(1, 4, &["site/KAY"], &["site/GOG"]), away], 4),
            (vec![], 6),
        ],
    )
    .await
}

#[tokio::test]
async fn a_move_changes_lists_at_its_position() {
    let model = moved().await;
    let (gogui, kayes) = (these(&["site/GOG"]), these(&["site/KAY"]));
    assert_eq!(seen(&model, &gogui, None).await, ["Moussa Traoré"]);
    assert_eq!(seen(&model, &kayes, None).await, ["Awa Traoré"]);
    for sight in [Channels::All, Channels::Sites(Vec::new())] {
        assert_eq!(seen(&model, &sight, None).await, ["Awa Traoré", "Moussa Traoré"]);
        assert_eq!(seen(&model, &sight, Some(1)).await, ["Awa Traoré"]);
    }
    for nothing in [these(&[]), these(&["site/BAM"]), these(&["partner/OIM"]), these(&["site/GO"])] {
        assert_eq!(seen(&model, &nothing, None).await, [""; 0]);
        assert_eq!(model.conflicts(None, None, None, nothing.clone()).await.unwrap().total, 0);
        assert!(model.arrivals(None, nothing).await.unwrap().arrivals.is_empty());
    }
    assert_eq!(model.case(id(1), None).await.unwrap().unwrap().channels, ["site/KAY"]);
    assert_eq!(model.case(id(1), Some(Position(3))).await.unwrap().unwrap().channels, ["site/GOG"]);
}

#[tokio::test]
async fn who_lost_a_case_does_not_see_it_by_asking_about_the_past() {
    let model = moved().await;
    assert_eq!(seen(&model, &these(&["site/GOG"]), Some(3)).await, ["Moussa Traoré"], "Awa is gone now");
    assert_eq!(seen(&model, &these(&["site/KAY"]), Some(3)).await, [""; 0], "Awa had not come then");
    let gogui = model.conflicts(None, Some(Position(3)), None, these(&["site/GOG"])).await.unwrap();
    assert_eq!((gogui.total, gogui.conflicts.len()), (0, 0));
    assert_eq!(model.conflicts(None, None, None, these(&["site/KAY"])).await.unwrap().total, 1);
}

#[tokio::test]
async fn figures_of_a_position_stay_what_they_were() {
    let model = moved().await;
    let counted = async |code, at: u64| model.counts(Some(Position(at)), at_site(code)).await.unwrap();
    for (at, gogui, kayes) in [(1, 1, 0), (2, 2, 0), (3, 2, 0), (4, 1, 1), (6, 1, 1)] {
        assert_eq!((counted("GOG", at).await.cases, counted("KAY", at).await.cases), (gogui, kayes), "at {at}");
    }
    assert_eq!((counted("GOG", 3).await.conflicts, counted("GOG", 4).await.conflicts), (1, 0));
    assert_eq!(model.counts(None, Sight::default()).await.unwrap().cases, 0, "nothing by default");
}

#[tokio::test]
async fn a_document_read_ahead_of_the_log_comes_to_the_same() {
    // The first batch reads the document as it is at 7 already; what is told then is exact.
    let hub = SharedHub::default();
    let model = model_with(
        &hub,
        vec![
            (vec![moves(1, 1, &["site/GOG"], &[]), in_channels(case(1, 7, "Awa"), &["site/GOG"])], 1),
            (vec![moves(1, 3, &["site/KAY"], &["site/GOG"])], 3),
            (vec![moves(1, 5, &["site/BAM"], &["site/KAY"])], 5),
            (vec![moves(1, 7, &["site/GOG"], &["site/BAM"])], 7),
            (vec![moves(1, 3, &["site/KAY"], &["site/GOG"])], 8),
        ],
    )
    .await;
    for (at, expected) in [(1, "GOG"), (2, "GOG"), (3, "KAY"), (4, "KAY"), (5, "BAM"), (7, "GOG"), (8, "GOG")] {
        for code in ["GOG", "KAY", "BAM"] {
            let cases = model.counts(Some(Position(at)), at_site(code)).await.unwrap().documents_by_kind;
            // The row itself begins at 7, where the document was read.
            assert_eq!(cases.contains_key("1"), code == expected && at >= 7, "{code} at {at}");
        }
    }
    let count = "SELECT count(*) FROM placements WHERE to_position IS NULL";
    let open: i64 = model.ask(None, move |db, _| Ok(db.query_row(count, [], |row| row.get(0))?)).await.unwrap();
    assert_eq!(open, 1);
}

#[tokio::test]
async fn a_model_that_was_left_behind_knows_where_documents_are() {
    let hub = SharedHub::default();
    hub.record(vec![in_channels(case(1, 3, "Awa"), &["site/KAY", "user/0000000000000001"])], 3);
    let model = model_with(&hub, vec![]).await;
    assert_eq!(seen(&model, &these(&["site/KAY"]), None).await.len(), 1);
    assert_eq!(seen(&model, &these(&["user/0000000000000001"]), None).await.len(), 1);
    assert_eq!(seen(&model, &these(&["user/0000000000000002"]), None).await.len(), 0);
}

#[tokio::test]
async fn receipts_and_held_work_are_of_sites_and_devices() {
    let hub = SharedHub::default();
    let lease = |number: u8| ActorPrefix::new([number; 8]).to_string();
    let held_by = |number, position| HeldUpdate { lease: lease(number), ..held(number, position) };
    let kayes = ReceiptUpdate { site: Some(site("KAY")), ..receipt(2) };
    let updates = vec![
        Update::Receipt(receipt(1)),
        Update::Receipt(kayes),
        Update::Held(held_by(1, 1)),
        Update::Held(held_by(2, 2)),
    ];
    let model = model_with(&hub, vec![(updates, 2)]).await;
    let gogui = at_site("GOG");
    let page = model.receipts(None, None, gogui.receipts.clone()).await.unwrap();
    assert_eq!(page.receipts.iter().map(|row| row.position.0).collect::<Vec<_>>(), [1]);
    assert!(model.receipt(Position(2), gogui.receipts.clone()).await.unwrap().is_none());
    assert!(model.receipt(Position(1), gogui.receipts.clone()).await.unwrap().is_some());
    let counts = model.counts(None, gogui).await.unwrap();
    assert_eq!((counts.receipts, counts.held), (1, 1));
    let all = model.counts(None, Sight::everything()).await.unwrap();
    assert_eq!((all.receipts, all.held), (2, 2));
}

#[tokio::test]
async fn a_look_beyond_the_scope_names_nobody_and_ends_after_ten() {
    let hub = SharedHub::default();
    let many = (1..=14).map(|number| case(number, 1, "Awa Fatoumata")).collect();
    let model = model_with(&hub, vec![(many, 1)]).await;
    let found = model.look_up("traore".into()).await.unwrap();
    assert_eq!((found.rows.len(), found.documents.len()), (10, 10));
    let row = &found.rows[0];
    assert_eq!((row.initials.as_str(), row.born, row.site.as_deref()), ("A. F. T.", Some(1991), Some("GOG")));
    assert_eq!((row.code.as_deref(), row.date.as_deref()), (Some("GOG-24-K7-0042-T"), Some("2024-04-30")));
    let shown = serde_json::to_string(&found.rows).unwrap();
    assert!(!shown.contains("Awa") && !shown.contains("Traor"), "{shown}");
    let before = model.calls();
    model.look_up("nobody".into()).await.unwrap();
    assert_eq!(model.calls(), before + 1, "as many questions whatever is found");
    assert_eq!(model.of_code("GOG-24-K7-0042-T".into()).await.unwrap(), Some(id(1)));
    assert_eq!(model.of_code("GOG-24-K7-0043-R".into()).await.unwrap(), None);
    let codes = model.codes(vec![id(2), id(99)]).await.unwrap();
    assert_eq!(codes, [Some("GOG-24-K7-0042-T".to_owned()), None]);
}

#[tokio::test]
async fn rows_without_names_have_bands_weeks_and_what_was_given() {
    let hub = SharedHub::default();
    let mut told = case_json("Awa", "GOG", "f");
    let given = |kind: &str, quantity: Option<u64>, standing: &str| {
        let mut fields = json!({ "kind": value(json!(kind)) });
        if let Some(quantity) = quantity {
            fields["quantity"] = value(json!(quantity));
        }
        json!({ "entry": "x", "standing": standing, "fields": fields })
    };
    told["groups"]["assistance"] = json!([
        given("blanket", Some(2), "stands"),
        given("blanket", None, "stands"),
        given("food", Some(1), "voided")
    ]);
    let child = {
        let mut child = case_json("Petit", "GOG", "m");
        child["groups"]["birth"]["date"] =
            value(json!({ "precision": "age_only", "value": "7", "source": "declared", "as_of": "2024-04-30" }));
        child["groups"]["arrivals"] = json!([]);
        child
    };
    let updates = [document(1, 1, 1, told), document(2, 1, 1, child)].map(|one| Update::Document(Box::new(one)));
    let model = model_with(&hub, vec![(updates.to_vec(), 1)]).await;
    let today = "2024-06-01".parse().unwrap();
    let filter = |from, limit| PlainFilter { at: None, from, limit: Some(limit), today };
    let page = model.rows(filter(0, 10), Channels::All).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (2, None));
    let (child, awa) = (&page.rows[0], &page.rows[1]);
    assert_eq!((awa.age, awa.week.as_deref(), awa.sex.as_deref()), ("18-59", Some("2024-04-29"), Some("f")));
    assert_eq!(awa.items, BTreeMap::from([("blanket".to_owned(), 3)]));
    assert_eq!((child.age, child.week.as_deref()), ("5-11", None));
    let shown = serde_json::to_string(&page).unwrap();
    for hidden in ["Awa", "Petit", "Traor", "Vieux", "0042", &id(1).to_string()] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    let first = model.rows(filter(0, 1), Channels::All).await.unwrap();
    assert_eq!((first.rows.as_slice(), first.next), (&page.rows[..1], Some(1)));
    assert_eq!(model.rows(filter(1, 1), Channels::All).await.unwrap().rows, page.rows[1..]);
    assert!(model.rows(filter(0, 10), these(&["site/KAY"])).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn referrals_are_listed_for_whom_they_are() {
    let hub = SharedHub::default();
    let referral = json!({
        "groups": { "referral": {
            "case": value(json!(id(1).to_string())), "partner": value(json!("OIM")), "purpose": value(json!("training")),
            "deadline": value(json!("2024-06-01")), "site": value(json!("GOG")),
        } },
        "derived": { "status": { "step": "accepted" }, "consent_withdrawn": false },
    });
    let told = Update::Document(Box::new(document(7, 2, 6, referral)));
    let told = in_channels(told, &["site/GOG", "partner/OIM"]);
    let model = model_with(&hub, vec![(vec![told], 2), (vec![moves(7, 4, &[], &["partner/OIM"])], 4)]).await;
    let page = model.referrals(None, None, these(&["site/GOG"])).await.unwrap();
    let row = &page.referrals[0];
    assert_eq!((row.case, row.partner.as_deref(), row.status.as_deref()), (Some(id(1)), Some("OIM"), Some("accepted")));
    assert!(!row.withdrawn);
    let partner = model.referrals(None, None, these(&["partner/OIM"])).await.unwrap();
    assert!(partner.referrals.is_empty(), "taken from the partner at 4");
    assert!(model.cases(CaseFilter::default(), these(&["partner/OIM"])).await.unwrap().cases.is_empty());
}
