//! The night and the morning: cards, a hub that is killed and rebuilt, decisions, a new device.

use sync_protocol::device::rows::Standing;
use sync_protocol::documents::project::Derived;
use sync_protocol::documents::{Edit, Kind};
use sync_protocol::ids::DocumentId;

use super::cast::{AWA, BOUBACAR, GATE, KADIATOU, LATE, MARIAM, MOUSSA, OUMOU, SALIF};
use super::evening::documents_at_hub;
use super::expect::{Entered, entered, missing};
use super::people::{HEADS, TALLIES, WAVES, add, declared, include, number, set, text};
use super::stage::{Fault, Stage};
use super::{DemoError, expect};
use crate::field::Card;

/// Cases of the convoy that Kayes works on from their cards.
const CARDS: usize = 3;
/// People on the bus to Kayes.
const PASSENGERS: usize = 30;
/// Bytes of one exchange while the hub is killed: many small ones.
const SMALL_BYTES: u32 = 6 * 1024;
/// The hub is killed when it has answered so many bytes to Gogui.
const KILLED_AFTER_BYTES: u64 = 3_000;
/// If it is still not dead by then, answers stand still: somebody is always waiting for one when it dies.
const HELD_AFTER_BYTES: u64 = 8_000;

/// A case on which several posts work.
struct Shared {
    card: Card,
    entered: Vec<Entered>,
}

pub(super) async fn play(stage: &mut Stage) -> Result<(), DemoError> {
    let mut shared = convoy(stage)?;
    kayes(stage, &mut shared).await?;
    killed(stage).await?;
    deleted(stage).await?;
    bamako(stage, &mut shared).await?;
    morning(stage, &shared).await?;
    new_device(stage).await
}

/// A bus leaves Gogui; Awa goes on working on three of its passengers.
fn convoy(stage: &mut Stage) -> Result<Vec<Shared>, DemoError> {
    stage.hour(20, 15);
    let unsent: Vec<DocumentId> = {
        let device = stage.phones[AWA].on()?;
        let cases = device.documents(Kind::Case);
        cases.into_iter().filter(|case| device.device().works_of(*case).next().is_some()).collect()
    };
    // The two disputed ones stay: they are for the morning.
    let passengers: Vec<DocumentId> =
        unsent.into_iter().filter(|case| !stage.disputed.contains(case)).take(PASSENGERS).collect();
    let leaves = "2024-04-30T20:15";
    let mut edits = vec![
        set("trip.direction", text("out")),
        set("trip.from_site", text("GOG")),
        set("trip.to_site", text("KAY")),
        set("trip.mode", text("road")),
        set("trip.vehicle", text("car de 60 places")),
    ];
    edits.extend(passengers.iter().map(|case| include("boarded", case, None)));
    let bus = stage.do_on(AWA, |device| device.create_document(Kind::Movement, edits))?.document;
    stage.bus = Some((bus, passengers.clone()));
    let mut shared = Vec::new();
    for case in passengers.iter().take(CARDS) {
        let phone = &mut stage.phones[AWA];
        let shown = phone.on()?.show(*case);
        let before = shown.map_err(|error| phone.trouble(error))?.projection;
        let card = phone.on()?.card(*case);
        let card = card.map_err(|error| phone.trouble(error))?;
        let ticket = [("kind", text("transport_ticket")), ("for", text("person")), ("quantity", number(1))];
        let edits = vec![
            set("destination.host", text("Un cousin, quartier Liberté")),
            set("identity.called", text("Petit")),
            add(&mut stage.people, "assistance", leaves, &ticket),
        ];
        let mut all = entered(&edits);
        all.extend(standing(&before));
        stage.edit(AWA, *case, edits)?;
        shared.push(Shared { card, entered: all });
    }
    let count = passengers.len();
    stage.now(
        &format!(
            "Un car part pour Kayes avec {count} personnes, leur carte en main. Gogui n'a encore rien envoyé d'elles."
        ),
        &format!(
            "A bus leaves for Kayes with {count} people, their cards in hand. Gogui has sent nothing of them yet."
        ),
    );
    Ok(shared)
}

/// What was written before: every plain field of identity, birth and origin.
fn standing(shown: &sync_protocol::documents::Projection) -> Vec<Entered> {
    let groups = ["card", "identity", "birth", "origin", "destination", "journey", "profile"];
    let fields = groups.iter().filter_map(|group| Some((group, shown.fields(group)?)));
    fields
        .flat_map(|(group, fields)| {
            fields
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "host" | "called"))
                .map(move |(key, field)| Entered::Field(format!("{group}.{key}"), field.value.clone()))
        })
        .collect()
}

/// Kayes scans three cards and sends first: the hub has never heard of these cases.
async fn kayes(stage: &mut Stage, shared: &mut [Shared]) -> Result<(), DemoError> {
    stage.hour(23, 40);
    let (at, beds) = ("2024-04-30T23:40", ["Lit 12", "Lit 13", "Lit 14"]);
    for (case, bed) in shared.iter_mut().zip(beds) {
        let stay = [("place", text(bed)), ("site", text("KAY"))];
        let meal = [("kind", text("food")), ("for", text("person")), ("quantity", number(1))];
        let edits: Vec<Edit> = vec![
            add(&mut stage.people, "stays", at, &stay),
            add(&mut stage.people, "assistance", at, &meal),
            set("profile.trade", text("maçon")),
            set("contact.person", text("Sa tante, à Kayes")),
        ];
        case.entered.extend(entered(&edits));
        let card = case.card.clone();
        stage.do_on(KADIATOU, |device| device.open_card(&card, edits))?;
    }
    stage.roads["KAY"].set_up(true);
    stage.sync(KADIATOU).await?;
    let known = documents_at_hub(&stage.hub_status().await?, "site/GOG");
    let here = documents_at_hub(&stage.hub_status().await?, "site/KAY");
    expect(here == CARDS as u64, || format!("the hub has {here} cases of Kayes instead of {CARDS}"))?;
    expect(known > 0, || "the hub lost the cases of Gogui".to_owned())?;
    stage.now(
        "Kayes scanne trois cartes, note lit, repas et métier, et envoie avant Gogui.",
        "Kayes scans three cards, notes bed, meal and trade, and sends before Gogui does.",
    );
    stage.detail_codes(shared.iter().map(|case| case.card.code.as_str()));
    Ok(())
}

/// The network comes back everywhere; the hub is killed while all send at once.
async fn killed(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(24 + 1, 10);
    stage.all_roads(true);
    let all = [AWA, BOUBACAR, SALIF, MARIAM, KADIATOU, MOUSSA];
    let mut answered = stage.roads["GOG"].answered();
    let from = *answered.borrow();
    stage.roads["GOG"].hold_after(from + HELD_AFTER_BYTES);
    let mut exchanges = stage.sync_together(&all, SMALL_BYTES);
    let mut ended = Vec::new();
    loop {
        tokio::select! {
            biased;
            _ = answered.wait_for(|sum| sum - from >= KILLED_AFTER_BYTES) => break,
            Some(outcome) = exchanges.join_next() => ended.push(outcome),
            else => break,
        }
    }
    stage.kill_hub()?;
    while let Some(outcome) = exchanges.join_next().await {
        ended.push(outcome);
    }
    let mut interrupted = 0;
    for outcome in ended {
        let (phone, device, result) = outcome.map_err(|error| DemoError::Expected(error.to_string()))?;
        interrupted += usize::from(result.is_err());
        stage.phones[phone].give_back(device);
    }
    expect(interrupted > 0, || "the hub was killed when nobody was sending any more".to_owned())?;
    let receipted = stage.highest_receipt()?;
    if stage.fault == Some(Fault::LogDamagedWhileDown) {
        stage.damage_log()?;
    }
    stage.start_hub()?;
    let status = stage.hub_status().await?;
    expect(status.position >= receipted, || {
        format!(
            "a device holds a receipt for position {receipted}, the hub that was killed has only {}",
            status.position
        )
    })?;
    stage.now(
        "Le réseau revient, tous envoient ensemble. Le serveur est tué (SIGKILL), puis relancé.",
        "The network is back, all send at once. The hub is killed (SIGKILL) and started again.",
    );
    stage.tell.seen(
        &format!("échanges coupés net : {interrupted} ; tout ce qui avait un reçu est là"),
        "all that had a receipt is there",
    );
    stage.keep_older_log()?;
    stage.sync_all(&all).await
}

/// Killed once more; this time its documents are deleted, and come back from the log.
async fn deleted(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(24 + 3, 0);
    let before = stage.hub_status().await?;
    stage.kill_hub()?;
    let documents = stage.data().join(crate::serve::folder::DOCUMENTS);
    std::fs::remove_dir_all(&documents).map_err(|error| DemoError::Machine("the hub's documents", error))?;
    stage.start_hub()?;
    stage.rebuilds += 1;
    let after = stage.hub_status().await?;
    let same = before.channels.len() == after.channels.len()
        && before.channels.iter().zip(&after.channels).all(|(one, other)| {
            (&one.channel, &one.digest, one.documents) == (&other.channel, &other.digest, other.documents)
        });
    expect(same, || "the documents that were built again are not those that were deleted".to_owned())?;
    stage.now(
        "Le serveur est tué encore. Son dossier de documents est effacé ; il le refait depuis son journal.",
        "The hub is killed again. Its folder of documents is deleted; it builds it anew from its log.",
    );
    stage.tell.seen(
        &format!("{} entrées relues, mêmes documents, mêmes empreintes", after.position),
        &format!("{} entries read again, nothing differs", after.position),
    );
    Ok(())
}

/// One of the three travels on.
async fn bamako(stage: &mut Stage, shared: &mut [Shared]) -> Result<(), DemoError> {
    stage.hour(24 + 5, 30);
    let stay = [("place", text("Cité d'accueil, chambre 4")), ("site", text("BKO"))];
    let edits = vec![
        add(&mut stage.people, "stays", "2024-05-01T05:30", &stay),
        set("contact.phone", text("+223 70 00 00 00")),
    ];
    shared[0].entered.extend(entered(&edits));
    let card = shared[0].card.clone();
    stage.do_on(OUMOU, |device| device.open_card(&card, edits))?;
    stage.sync(OUMOU).await?;
    stage.now(
        "Une des trois personnes arrive à Bamako. Oumou scanne sa carte et note la chambre.",
        "One of the three reaches Bamako. Oumou scans the card and notes the room.",
    );
    Ok(())
}

async fn morning(stage: &mut Stage, shared: &[Shared]) -> Result<(), DemoError> {
    stage.hour(24 + 6, 30);
    let all = [AWA, BOUBACAR, SALIF, MARIAM, KADIATOU, MOUSSA, OUMOU];
    tick_at_kayes(stage).await?;
    stage.sync_all(&all).await?;
    decide(stage).await?;
    stage.sync_all(&all).await?;
    let mut fields = 0;
    for (number, case) in shared.iter().enumerate() {
        // The first one is at three posts by now.
        let posts: &[usize] = if number == 0 { &[AWA, KADIATOU, OUMOU] } else { &[AWA, KADIATOU] };
        for post in posts {
            let phone = &mut stage.phones[*post];
            let shown = phone.on()?.show(case.card.document);
            let shown = shown.map_err(|error| phone.trouble(error))?;
            let lost = missing(&shown.projection, &case.entered);
            let owner = phone.owner;
            expect(lost.is_empty(), || {
                format!("{} is not as entered on the device of {owner}: {}", case.card.code, lost.join(", "))
            })?;
        }
        fields += case.entered.len();
    }
    stage.now(
        "Tous ont échangé. Les dossiers ouverts par carte sont comparés, champ par champ, à ce qui fut saisi.",
        "All have exchanged. The cases opened from cards are compared, field by field, with what was typed.",
    );
    stage.tell.seen(
        &format!("{fields} champs de trois postes, tous présents à chaque poste"),
        &format!("{fields} fields, all there at each post"),
    );
    for disputed in stage.disputed.clone().into_iter().take(1) {
        for phone in [AWA, BOUBACAR, SALIF, MARIAM] {
            let phone = &mut stage.phones[phone];
            let shown = phone.on()?.show(disputed);
            let shown = shown.map_err(|error| phone.trouble(error))?;
            let settled = shown.conflicts.is_empty() && shown.projection.text("identity.family") == Some("Cissoko");
            let owner = phone.owner;
            expect(settled, || format!("the decision did not reach the device of {owner}"))?;
        }
    }
    if let Some((phone, annex)) = stage.annex {
        let entry = stage.phones[phone].on()?.device().entry(annex).map(|entry| entry.standing);
        let closed = entry == Some(Standing::Closed) && stage.phones[phone].on()?.saved(annex).is_err();
        expect(closed, || "an annex is still readable on a device although the hub has it".to_owned())?;
        stage.tell.seen(
            "décision connue partout ; fiche protection sur aucun téléphone",
            "decision known everywhere; annex on no phone",
        );
    }
    heads(stage)
}

/// Moussa ticks who got off the bus: all but one.
async fn tick_at_kayes(stage: &mut Stage) -> Result<(), DemoError> {
    let Some((bus, passengers)) = stage.bus.clone() else { return Ok(()) };
    stage.sync(MOUSSA).await?;
    let arrived = passengers.iter().skip(1).map(|case| {
        include("arrived", case, Some(sync_protocol::documents::Value::When(declared("2024-04-30T23:20")).into()))
    });
    stage.edit(MOUSSA, bus, arrived.collect())?;
    let phone = &mut stage.phones[MOUSSA];
    let shown = phone.on()?.show(bus);
    let shown = shown.map_err(|error| phone.trouble(error))?;
    let Derived::Movement { not_arrived, .. } = &shown.projection.derived else { return Ok(()) };
    let one = passengers.first().is_some_and(|first| not_arrived.contains(&first.to_string()));
    expect(one && not_arrived.len() == 1, || "the one who did not get off the bus is not named".to_owned())
}

/// Both values are shown; Mariam decides one case and leaves the other to be seen on the page.
async fn decide(stage: &mut Stage) -> Result<(), DemoError> {
    let [person, other] = stage.disputed[..] else { return Ok(()) };
    let phone = &mut stage.phones[MARIAM];
    let shown = phone.on()?.show(person);
    let shown = shown.map_err(|error| phone.trouble(error))?;
    let conflict = shown.conflicts.iter().find(|conflict| conflict.path == "identity.family");
    let conflict = conflict.cloned().filter(|conflict| conflict.values.len() == 2);
    let conflict = conflict.ok_or_else(|| {
        DemoError::Expected("the two names that two clerks wrote are not shown side by side".to_owned())
    })?;
    let open = phone.on()?.show(other).map_err(|error| phone.trouble(error))?;
    let both = open.conflicts.iter().any(|one| one.path == "destination.village" && one.values.len() == 2);
    expect(both, || "the two villages that two clerks wrote are not shown side by side".to_owned())?;
    let mut lines = Vec::new();
    let mut choice = 0;
    for (number, value) in (1..).zip(&conflict.values) {
        let name = phone.on()?.name_of(value.actor.prefix());
        let name = name.map_err(|error| phone.trouble(error))?.unwrap_or_default();
        let text = value.value.value().and_then(|value| value.as_text()).unwrap_or_default().to_owned();
        if text == "Cissoko" {
            choice = number;
        }
        lines.push(format!("« {text} »  {name}, {}", Stage::clock_of(value.at)));
    }
    stage.now(
        &format!("Une personne, deux réponses : {}. Les deux sont gardées et montrées :", conflict.label.fr),
        &format!("One person, two answers: {}. Both are kept and shown:", conflict.label.en),
    );
    lines.iter().for_each(|line| stage.tell.detail(line));
    stage.do_on(MARIAM, |device| device.resolve(person, "identity.family", choice))?;
    stage.later(600);
    stage.tell.seen(
        "Mariam décide : « Cissoko » ; un autre désaccord reste à voir sur la page",
        "she decides; another one stays open",
    );
    Ok(())
}

/// Everybody who came was counted, and is registered or an anonymous line.
fn heads(stage: &mut Stage) -> Result<(), DemoError> {
    let phone = &mut stage.phones[MARIAM];
    let mut sums = [0; 4];
    let (mut anonymous, mut arrived) = (0, 0);
    for movement in stage.movements.clone() {
        let shown = phone.on()?.show(movement);
        let shown = shown.map_err(|error| phone.trouble(error))?;
        let Derived::Movement { counted, .. } = &shown.projection.derived else { continue };
        for (sum, name) in sums.iter_mut().zip(TALLIES) {
            *sum += counted.get(name).copied().unwrap_or(0);
        }
        anonymous += shown.projection.entries("anonymous").len();
        arrived += shown.projection.fields("arrived").map_or(0, |fields| fields.len());
    }
    let cases = phone.on()?.documents(Kind::Case).len();
    let unnamed: usize = WAVES.iter().map(|wave| wave.anonymous.len()).sum();
    let total = usize::try_from(HEADS.iter().sum::<i64>()).unwrap_or(0);
    expect(sums == HEADS, || format!("the clerks' tallies give {sums:?} instead of {HEADS:?}"))?;
    expect(anonymous == unnamed && cases + anonymous == total && arrived == cases, || {
        format!(
            "{total} people came; there are {cases} cases, {arrived} of them ticked, and {anonymous} anonymous lines"
        )
    })?;
    let [men, women, boys, girls] = sums;
    stage.tell.seen(
        &format!("{total} comptées ({men} H, {women} F, {boys} garçons, {girls} filles) = {cases} dossiers + {anonymous} sans nom"),
        &format!("{cases} cases + {anonymous} without a name"),
    );
    Ok(())
}

async fn new_device(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(24 + 7, 15);
    let late = stage.enrol(&LATE).await?;
    let before = stage.phones[late].traffic();
    let report = stage.sync(late).await?;
    let after = stage.phones[late].traffic();
    let held = stage.phones[late].on()?.device().entries().count() as u64;
    let here = stage.phones[MARIAM].on()?.device().entries().count() as u64;
    expect(held >= here, || format!("the new device has {held} documents, that of the supervisor {here}"))?;
    stage.now(
        "Un appareil neuf à la direction, à Bamako, reçoit les trois sites.",
        "A new device at the headquarters in Bamako fetches all three sites.",
    );
    let (exchanges, kilo) = (report.synced.exchanges, (after.bytes_down - before.bytes_down).div_ceil(1_000));
    stage.tell.seen(
        &format!("{held} documents en {exchanges} échanges, {kilo} ko"),
        &format!("{exchanges} exchanges, {kilo} kB"),
    );
    // Nobody has anything new: one exchange each.
    for phone in 0..stage.phones.len() {
        let report = stage.sync(phone).await?;
        expect(phone < GATE.len() || report.synced.fed == 0, || "a settled device was fed again".to_owned())?;
    }
    Ok(())
}
