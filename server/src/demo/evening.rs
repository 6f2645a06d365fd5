//! The evening: enrolment, the two waves, a road that breaks, two clerks on one person, a phone that restarts.

use std::collections::BTreeSet;

use sync_protocol::documents::{Kind, Value};
use sync_protocol::ids::DocumentId;

use super::cast::{AWA, BOUBACAR, GATE, MARIAM, ROLES, SALIF};
use super::people::{self, Person, TALLIES, WAVES, Wave, add, declared, include, number, set, text};
use super::road::Way;
use super::{DemoError, Stage, expect};
use crate::sample::Who;

/// Seconds that a registration takes, with three clerks side by side.
const SECONDS_EACH: i64 = 38;
/// Where the road is cut inside a request, and inside an answer. In bytes.
const CUT_IN_REQUEST: u64 = 9_000;
const CUT_IN_ANSWER: u64 = 150;

pub(super) async fn play(stage: &mut Stage) -> Result<(), DemoError> {
    prepare(stage).await?;
    first_wave(stage).await?;
    clearing(stage).await?;
    two_clerks(stage)?;
    second_wave(stage)
}

async fn prepare(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(13, 30);
    stage.start_hub()?;
    stage.all_roads(true);
    stage.enrol_everybody().await?;
    stage.hour(13, 50);
    for wave in &WAVES {
        let edits = people::announced(&mut stage.people, wave);
        let movement = stage.do_on(AWA, |device| device.create_document(Kind::Movement, edits))?;
        stage.movements.push(movement.document);
    }
    stage.sync_all(&[AWA, BOUBACAR, SALIF, MARIAM]).await?;
    let devices = stage.phones.len();
    stage.now(
        &format!(
            "Le serveur tourne : 3 sites, {devices} appareils enrôlés sur invitation. La radio annonce deux groupes."
        ),
        &format!("The hub runs: 3 sites, {devices} devices enrolled by invitation. Two groups are announced by radio."),
    );
    Ok(())
}

async fn first_wave(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(14, 10);
    stage.all_roads(false);
    let failed = stage.phones[AWA].on()?.sync().await;
    expect(failed.is_err(), || "a device says that it synced without a network".to_owned())?;
    stage.hour(14, 25);
    arrive(stage, 0, "Plus de réseau. Première vague", "No network. First wave", |_| Ok(()))
}

/// Records a wave; `halfway` happens when half of it is recorded.
fn arrive(
    stage: &mut Stage,
    index: usize,
    french: &str,
    english: &str,
    halfway: impl Fn(&mut Stage) -> Result<(), DemoError>,
) -> Result<(), DemoError> {
    let (wave, movement) = (&WAVES[index], stage.movements[index]);
    let [men, women, boys, girls] = wave.heads;
    stage.now(
        &format!(
            "{french} : {} personnes ({men} hommes, {women} femmes, {boys} garçons, {girls} filles).",
            wave.total()
        ),
        &format!("{english}: {} people ({men} men, {women} women, {boys} boys, {girls} girls).", wave.total()),
    );
    let parties = wave.parties(&mut stage.random);
    let queue: u64 = parties.iter().map(|party| party.len() as u64).sum();
    let bar = stage.tell.bar(queue, "enregistrement");
    let mut desks = [Desk::default(), Desk::default(), Desk::default()];
    let (mut done, mut households, mut past_half) = (0, 0, false);
    for (turn, party) in parties.iter().enumerate() {
        let desk = turn % GATE.len();
        let members = register(stage, GATE[desk], wave, movement, party)?;
        households += usize::from(members.len() > 1);
        desks[desk].arrived.extend(members);
        done += party.len() as u64;
        bar.set_position(done);
        if done * 2 >= queue && !past_half {
            past_half = true;
            halfway(stage)?;
        }
    }
    bar.finish_and_clear();
    for (desk, (sex, band)) in wave.anonymous.iter().enumerate() {
        desks[desk].anonymous.push((sex, band));
    }
    for (desk, phone) in desks.iter().zip(GATE) {
        tally(stage, phone, wave, movement, desk)?;
    }
    let unsent: usize = GATE.iter().map(|phone| stage.unsent(*phone)).sum::<Result<usize, _>>()?;
    let unnamed = wave.anonymous.len();
    stage.now(
        &format!("À trois guichets : {queue} dossiers, {households} ménages, {unnamed} lignes sans nom ; {unsent} modifications à envoyer."),
        &format!("At three desks: {queue} cases, {households} households, {unnamed} lines without a name; {unsent} changes to send."),
    );
    Ok(())
}

/// What one clerk has done in a wave.
#[derive(Default)]
struct Desk {
    arrived: Vec<(DocumentId, Who)>,
    anonymous: Vec<(&'static str, &'static str)>,
}

/// Registers a party at one desk.
fn register(
    stage: &mut Stage,
    phone: usize,
    wave: &Wave,
    movement: DocumentId,
    party: &[Person],
) -> Result<Vec<(DocumentId, Who)>, DemoError> {
    let mut members = Vec::new();
    let mut family = None;
    for person in party {
        let edits = people::intake(&mut stage.people, *person, wave, movement, family.as_deref());
        // Children go by the name of the man, where there is one.
        if family.is_none() || person.who == Who::Man {
            family = people::family_name(&edits);
        }
        let recorded = stage.do_on(phone, |device| device.record(edits))?;
        if person.is_alone {
            let annex = people::annex(&mut stage.people, recorded.document);
            let annex = stage.do_on(phone, |device| device.create_document(Kind::Annex, annex))?;
            stage.annex = Some((phone, annex.document));
            stage.now(
                "Un garçon est seul. Le point focal est prévenu ; sa fiche protection est un document à part.",
                "A boy is alone. The focal point is told; what is sensitive stands in a document of its own.",
            );
        }
        members.push((recorded.document, person.who));
        stage.later(SECONDS_EACH);
    }
    if members.len() > 1 {
        let edits = people::household(&members);
        stage.do_on(phone, |device| device.create_document(Kind::Household, edits))?;
        let quantity = i64::try_from(members.len()).unwrap_or(i64::MAX);
        let given = [
            ("kind", text("blanket")),
            ("for", text("household")),
            ("quantity", number(quantity)),
            ("funder", text("state")),
        ];
        let given = add(&mut stage.people, "assistance", wave.at, &given);
        stage.edit(phone, members[0].0, vec![given])?;
    }
    Ok(members)
}

/// A clerk ticks who came to the desk, and adds a tally; the tallies of all clerks are summed.
fn tally(stage: &mut Stage, phone: usize, wave: &Wave, movement: DocumentId, desk: &Desk) -> Result<(), DemoError> {
    let whos = [Who::Man, Who::Woman, Who::Boy, Who::Girl];
    let anonymous = |who: &Who| match who {
        Who::Man => desk.anonymous.iter().filter(|(sex, _)| *sex == "m").count(),
        Who::Woman => desk.anonymous.iter().filter(|(sex, _)| *sex == "f").count(),
        Who::Boy | Who::Girl => 0,
    };
    let count = |who: &Who| desk.arrived.iter().filter(|(_, found)| found == who).count() + anonymous(who);
    let heads: Vec<(&str, _)> =
        TALLIES.iter().zip(&whos).map(|(name, who)| (*name, number(i64::try_from(count(who)).unwrap_or(0)))).collect();
    let mut edits = vec![add(&mut stage.people, "counted", wave.at, &heads)];
    let when = Value::When(declared(wave.at));
    edits.extend(desk.arrived.iter().map(|(case, _)| include("arrived", case, Some(when.clone().into()))));
    for (sex, band) in &desk.anonymous {
        let line =
            [("sex", text(*sex)), ("band", text(*band)), ("items", text("eau, repas")), ("needs", text("transport"))];
        edits.push(add(&mut stage.people, "anonymous", wave.at, &line));
    }
    stage.edit(phone, movement, edits).map(drop)
}

/// A thread of network: cut inside a request, cut inside an answer, then whole.
async fn clearing(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(15, 50);
    let unsent = stage.unsent(SALIF)?;
    let before = stage.hub_status().await?;
    let phone = &mut stage.phones[SALIF];
    stage.roads["GOG"].cut_after(Way::Request, CUT_IN_REQUEST);
    let first = phone.on()?.sync().await;
    let after_request = stage.hub_status().await?;
    let phone = &mut stage.phones[SALIF];
    stage.roads["GOG"].cut_after(Way::Answer, CUT_IN_ANSWER);
    let second = phone.on()?.sync().await;
    let after_answer = stage.hub_status().await?;
    expect(first.is_err() && second.is_err(), || "a cut road was not noticed by the device".to_owned())?;
    expect(stage.roads["GOG"].cuts() == 2, || "the road was not cut twice".to_owned())?;
    expect(after_request.parcels == before.parcels, || "half a request left something at the hub".to_owned())?;
    expect(after_answer.parcels > before.parcels, || "the request whose answer was cut did not arrive".to_owned())?;
    expect(stage.unsent(SALIF)? == unsent, || "a device believes in an answer that did not arrive".to_owned())?;
    stage.now(
        "Un filet de réseau. La liaison casse pendant une requête, puis pendant une réponse ; Salif renvoie.",
        "A thread of network. The link breaks inside a request, then inside an answer; Salif sends again.",
    );
    stage.roads["GOG"].set_up(true);
    let gate = [SALIF, AWA, BOUBACAR, MARIAM];
    stage.sync_all(&gate).await?;
    let changes = documents_at_hub(&stage.hub_status().await?, "site/GOG");
    for phone in gate {
        expect(stage.unsent(phone)? == 0, || "work is left unsent after a whole exchange".to_owned())?;
        let known = stage.phones[phone].on()?.device().entries().count() as u64;
        expect(known >= changes, || "a device does not have all of its site's documents".to_owned())?;
    }
    stage
        .tell
        .seen(&format!("rien perdu, rien en double : {changes} documents partout"), "nothing lost, nothing doubled");
    Ok(())
}

/// Documents that the hub has in a channel.
pub(super) fn documents_at_hub(status: &crate::routes::status::Status, channel: &str) -> u64 {
    status.channels.iter().find(|row| row.channel == channel).map_or(0, |row| row.documents)
}

/// Two clerks correct the same person, neither sees the other; and a second person.
fn two_clerks(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(16, 20);
    stage.all_roads(false);
    let cases = stage.phones[AWA].on()?.documents(Kind::Case);
    let pick = usize::try_from(stage.draw()).unwrap_or(0) % (cases.len() - 1);
    stage.disputed = vec![cases[pick], cases[pick + 1]];
    let (person, other) = (cases[pick], cases[pick + 1]);
    stage.edit(AWA, person, vec![set("identity.family", text("Sissokho"))])?;
    stage.later(70);
    stage.edit(BOUBACAR, person, vec![set("identity.family", text("Cissoko"))])?;
    stage.later(50);
    stage.edit(AWA, other, vec![set("destination.village", text("Diamou Gare"))])?;
    stage.later(30);
    stage.edit(BOUBACAR, other, vec![set("destination.village", text("Tambaoura"))])?;
    stage.hour(16, 20);
    stage.now(
        "Le réseau est reparti. Awa et Boubacar corrigent la même personne, chacun sur son téléphone.",
        "The network is gone again. Awa and Boubacar correct the same person, each on their own phone.",
    );
    Ok(())
}

fn second_wave(stage: &mut Stage) -> Result<(), DemoError> {
    stage.hour(17, 5);
    arrive(stage, 1, "Deuxième vague", "Second wave", restart)
}

/// Salif's phone dies with unsent work.
fn restart(stage: &mut Stage) -> Result<(), DemoError> {
    let works = |stage: &mut Stage| -> Result<BTreeSet<_>, DemoError> {
        Ok(stage.phones[SALIF].on()?.device().works().map(|work| (work.document, work.hash)).collect())
    };
    let before = works(stage)?;
    stage.phones[SALIF].switch_off();
    stage.phones[SALIF].switch_on()?;
    stage.restarts += 1;
    let after = works(stage)?;
    expect(!before.is_empty() && before == after, || "a phone that restarted lost unsent work".to_owned())?;
    stage.now(
        &format!("Le téléphone de {} s'éteint, batterie vide, et redémarre.", ROLES[SALIF].name),
        &format!("The phone of {} dies, battery flat, and starts again.", ROLES[SALIF].name),
    );
    stage.tell.seen(
        &format!("ses {} modifications non envoyées sont toujours là", after.len()),
        &format!("its {} unsent changes are still there", after.len()),
    );
    Ok(())
}
