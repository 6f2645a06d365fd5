//! What `segin device` prints: for people French first, or JSON.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use sync_protocol::device::{LeaseStanding, Report, Synced, Wiped};
use sync_protocol::documents::Kind;
use sync_protocol::ids::DocumentId;
use sync_protocol::wire::fingerprint::{Fingerprint, fingerprint as fingerprint_of};
use sync_protocol::wire::voucher::voucher;

use super::{print_json, print_line};
use crate::field::carrying::{ExportReport, TakeReport};
use crate::field::import::import;
use crate::field::locked::{RefusedParcel, SealedReport};
use crate::field::{FieldDevice, Recorded};
use crate::random::SystemRandom;

pub(super) fn recorded(recorded: &Recorded, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(recorded);
    }
    let name = recorded.card.as_ref().map_or_else(|| recorded.document.to_string(), |card| card.code.clone());
    print_line(&format!("Enregistré / Recorded: {name}"))
}

pub(super) fn list(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for document in device.documents(Kind::Case) {
        let shown = device.show(document)?;
        lines.push((document, shown.projection.summary(), shown.conflicts.len(), shown.unsent));
    }
    device.was_shown(lines.iter().map(|(document, ..)| *document).collect())?;
    if json {
        let lines: Vec<_> = lines
            .iter()
            .map(|(document, summary, conflicts, unsent)| {
                serde_json::json!({"document": document, "summary": summary, "conflicts": conflicts, "unsent": unsent})
            })
            .collect();
        return print_json(&lines);
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "Code",
        "Nom / Name",
        "Sexe / Sex",
        "Naissance / Birth",
        "Conflits / Conflicts",
        "Non envoyé / Unsent",
    ]);
    for (document, summary, conflicts, unsent) in lines {
        table.add_row([
            summary.code.unwrap_or_else(|| document.to_string()),
            summary.name,
            summary.sex.unwrap_or_default(),
            summary.birth.map(|birth| birth.french()).unwrap_or_default(),
            conflicts.to_string(),
            unsent.to_string(),
        ]);
    }
    print_line(&table.to_string())
}

pub(super) fn conflicts(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let found = device.conflicts()?;
    if json {
        let found: BTreeMap<DocumentId, _> = found.into_iter().collect();
        return print_json(&found);
    }
    if found.is_empty() {
        return print_line("Aucun conflit / No conflict");
    }
    for (document, conflicts) in found {
        let code = device.show(document)?.projection.summary().code.unwrap_or_else(|| document.to_string());
        for conflict in conflicts {
            print_line(&format!("{code}  {}  {} / {}", conflict.path, conflict.label.fr, conflict.label.en))?;
            for (number, value) in conflict.values.iter().enumerate() {
                let who = device.name_of(value.actor.prefix())?.unwrap_or_else(|| value.actor.prefix().to_string());
                let said = serde_json::to_string(&value.value)?;
                print_line(&format!("  {}. {said}  {who}  {}", number + 1, when(value.at.0)))?;
            }
        }
    }
    Ok(())
}

pub(super) fn import_file(
    device: &mut FieldDevice,
    file: &Path,
    source: Option<String>,
    json: bool,
) -> anyhow::Result<()> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let source = source.or(name).context("the file has no name: give --source")?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}")?;
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(0).with_style(style) } else { ProgressBar::hidden() };
    let report = import(device, file, &source, &mut SystemRandom, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if json {
        return print_json(&report);
    }
    print_line(&format!(
        "{} lignes : {} nouvelles, {} déjà là, {} modifiées, {} illisibles / {} rows: {} new, {} known, {} changed, {} not read",
        report.rows,
        report.recorded,
        report.known,
        report.changed.len(),
        report.unread.len(),
        report.rows,
        report.recorded,
        report.known,
        report.changed.len(),
        report.unread.len(),
    ))?;
    for changed in &report.changed {
        let columns = changed.columns.join(", ");
        print_line(&format!("ligne / line {}: modifiée / changed: {columns} ({})", changed.line, changed.document))?;
    }
    for unread in &report.unread {
        print_line(&format!("ligne / line {}: {}", unread.line, unread.reason))?;
    }
    if !report.columns_passed_over.is_empty() {
        let columns = report.columns_passed_over.join(", ");
        print_line(&format!("colonnes ignorées / columns passed over: {columns}"))?;
    }
    Ok(())
}

pub(super) fn exported(report: &ExportReport, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(report);
    }
    let ExportReport { parcels, bytes, locked } = report;
    print_line(&format!(
        "Fichier écrit : {parcels} envois scellés, {bytes} octets. À remettre au responsable du siège \
         (segin hub admit) ; rapportez le fichier de retour (segin device take)"
    ))?;
    print_line(&format!(
        "File written: {parcels} sealed parcels, {bytes} bytes. Hand it to whoever looks after the hub \
         (segin hub admit); bring back the return file (segin device take)"
    ))?;
    if *locked {
        return print_line(
            "Sans le fichier clé : la réponse apportera les reçus, sans nouvelles / \
             Without the key file: the answer will bring receipts, and no news",
        );
    }
    Ok(())
}

pub(super) fn taken(report: &TakeReport, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(report);
    }
    if let Some(taken) = &report.taken {
        let Synced { receipted, held, refused, decided, fed, left, .. } = taken;
        print_line(&format!(
            "Retour lu : {receipted} modifications reçues au siège, {held} retenues, {refused} refusées, {decided} \
             décidées, {fed} documents lus, {left} encore à envoyer"
        ))?;
        print_line(&format!(
            "Return file read: {receipted} changes at the hub, {held} held, {refused} refused, {decided} decided, {fed} \
             documents read, {left} still to be sent"
        ))?;
    } else {
        print_line(&format!(
            "Retour lu sans le fichier clé : le siège a {} envois / Return file read without the key file: the hub has \
             {} parcels",
            report.kept, report.kept
        ))?;
        for counter in &report.waits {
            print_line(&format!("Envoi {counter} : attend un autre travail / parcel {counter}: waits for other work"))?;
        }
        for RefusedParcel { counter, code, sentence } in &report.refused {
            print_line(&format!("Envoi {counter} : refusé / parcel {counter}: refused: {sentence} ({code})"))?;
        }
    }
    for (first, last) in &report.missing {
        print_line(&format!(
            "Fichiers {first} à {last} : pas arrivés ; leur travail est reparti avec les suivants / Files {first} to {last}: \
             not come; their work went again with those after"
        ))?;
    }
    for line in report.reports.iter().filter_map(said) {
        print_line(&line)?;
    }
    if report.to_be_erased {
        print_line(
            "Le siège ordonne d'effacer cet appareil : ouvrez-le et synchronisez / The hub orders this device to be erased: unlock it and sync",
        )?;
    }
    Ok(())
}

pub(super) async fn sync(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let report = device.sync().await?;
    let traffic = device.traffic();
    if json {
        return print_json(&serde_json::json!({
            "synced": report.synced, "reports": report.reports, "traffic": traffic,
        }));
    }
    for report in &report.reports {
        if let Some(line) = said(report) {
            print_line(&line)?;
        }
    }
    let done = report.synced;
    print_line(&format!(
        "Synchronisé : {} envoyés, {} reçus, {} en attente de décision, {} non acceptés / Synced: {} sent, {} received, {} held, {} not accepted ({} bytes up, {} down)",
        done.receipted,
        done.fed,
        done.held,
        done.refused,
        done.receipted,
        done.fed,
        done.held,
        done.refused,
        traffic.bytes_up,
        traffic.bytes_down,
    ))
}

pub(super) fn sent_sealed(report: &SealedReport, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(report);
    }
    let SealedReport { kept, waits, refused, damaged, .. } = report;
    let (waits, refused_count, damaged_count) = (waits.len(), refused.len(), damaged.len());
    for RefusedParcel { counter, code, sentence } in refused {
        print_line(&format!(
            "Envoi scellé {counter} non accepté / Sealed parcel {counter} not accepted: {sentence} ({code})"
        ))?;
    }
    for counter in damaged {
        print_line(&format!(
            "Envoi scellé {counter} abîmé ici, gardé / Sealed parcel {counter} damaged here, kept; the unlocked device may still send its work"
        ))?;
    }
    if report.to_be_erased {
        print_line(
            "Le siège ordonne d'effacer cet appareil : ouvrez-le et synchronisez / The hub orders this device to be erased: unlock it and sync",
        )?;
    }
    print_line(&format!(
        "Scellés : {kept} au siège, {waits} attendent d'autres envois, {refused_count} non acceptés, {damaged_count} abîmés / Sealed: {kept} at the hub, {waits} wait for other work, {refused_count} not accepted, {damaged_count} damaged ({} bytes up)",
        report.traffic.bytes_up,
    ))
}

/// What a person should hear of, beyond the counts.
fn said(report: &Report) -> Option<String> {
    Some(match report {
        Report::Held { document, code } => format!("En attente au siège / Held at the hub: {document} ({code})"),
        Report::Refused { document, code, sentence } => {
            format!("Non accepté, gardé ici / Not accepted, kept here: {document}: {sentence} ({code})")
        }
        Report::Erased { document } => format!("Effacé sur décision / Erased by decision: {document}"),
        Report::Conflict { document, fields } => format!("Conflit / Conflict: {document}, {fields}"),
        Report::Unreadable { document } => format!("Illisible, redemandé / Unreadable, asked for again: {document}"),
        Report::Repaired { channel, documents } => format!("Réparé / Repaired: {channel}, {documents}"),
        Report::Differs { channel } => format!("Différence qui reste / Still differs: {channel}"),
        Report::ChannelClosed { channel } => format!("Accès fermé / Access closed: {channel}"),
        Report::CloneSeen => "Cet appareil existe deux fois / This device exists twice".to_owned(),
        Report::GivingBack { parcels } => {
            format!("Le siège a perdu des envois : rendus / The hub lost parcels: given back: {parcels}")
        }
        Report::Decided { document, applied, rejected, sentence } => {
            let why = sentence.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("Décidé / Decided: {document}: {applied} acceptés / approved, {rejected} rejetés / rejected{why}")
        }
        Report::Standing { standing } => standing_words(*standing).to_owned(),
        Report::WipeOrdered => {
            "Cet appareil sera effacé quand tout est reçu / This device will be erased once everything is received"
                .to_owned()
        }
        Report::WipeCalledOff => "L'effacement est annulé / The erasing was called off".to_owned(),
        Report::Wiped { .. } => {
            "Cet appareil a été effacé sur ordre du siège / This device was erased by order of the hub".to_owned()
        }
        Report::PushOnly => "Envoi seulement, rien à lire / Sending only, nothing to read".to_owned(),
        _ => return None,
    })
}

pub(super) fn status(device: &mut FieldDevice, json: bool) -> anyhow::Result<()> {
    let status = device.status()?;
    if json {
        return print_json(&status);
    }
    let unknown = || "-".to_owned();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_row(["Agent / User".to_owned(), status.user.unwrap_or_else(unknown)]);
    table.add_row(["Site".to_owned(), status.site.unwrap_or_else(unknown)]);
    table.add_row(["Appareil / Device".to_owned(), status.letters.unwrap_or_else(unknown)]);
    table.add_row(["Siège / Hub".to_owned(), status.hub.unwrap_or_else(unknown)]);
    table.add_row([
        "Empreinte / Fingerprint".to_owned(),
        status.fingerprint.map_or_else(unknown, |print| print.to_string()),
    ]);
    table.add_row(["Inscription / Standing".to_owned(), standing_words(status.standing).to_owned()]);
    table.add_row(["Dossiers / Documents".to_owned(), status.documents.to_string()]);
    table.add_row(["Non envoyé / Unsent".to_owned(), status.unsent.to_string()]);
    table.add_row(["En attente / Held".to_owned(), status.held.to_string()]);
    table.add_row(["Non accepté / Not accepted".to_owned(), status.refused.to_string()]);
    for decision in &status.rejected {
        let words = format!("{}: {}", decision.document, decision.sentence);
        table.add_row(["  rejeté / rejected".to_owned(), words]);
    }
    if status.wipe_ordered {
        table.add_row([
            "Effacement ordonné / To be erased".to_owned(),
            "quand tout est reçu / once received".to_owned(),
        ]);
    }
    table.add_row(["Envois gardés / Parcels kept".to_owned(), status.parcels_kept.to_string()]);
    let synced = status.synced_at.map_or_else(unknown, |at| when(at.0));
    table.add_row(["Synchronisé / Synced".to_owned(), synced]);
    print_line(&table.to_string())
}

fn standing_words(standing: LeaseStanding) -> &'static str {
    match standing {
        LeaseStanding::Active => "Confirmé / Confirmed",
        LeaseStanding::Pending => "En attente de confirmation, envoi seulement / Waits to be confirmed, sending only",
        LeaseStanding::Revoked => "Révoqué, envoi seulement / Revoked, sending only",
    }
}

/// How a device stands that is no more.
pub(super) fn wiped(wiped: Wiped, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&serde_json::json!({ "wiped": { "at": wiped.at, "when": wiped.when } }));
    }
    let at = when(wiped.at.0);
    print_line(&format!("Appareil effacé sur ordre du siège le {at} / Device erased by order of the hub on {at}"))
}

pub(super) fn vouched(fingerprint: Fingerprint, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&serde_json::json!({ "vouched": fingerprint }));
    }
    print_line(&format!(
        "Vous répondez de {fingerprint} ; comparez avec l'autre appareil / You vouch for {fingerprint}; compare with the other device"
    ))
}

pub(super) fn fingerprint(device: &FieldDevice, json: bool) -> anyhow::Result<()> {
    let lease = device.device().lease().context("Pas encore inscrit / Not enrolled yet: segin device enrol")?;
    let (fingerprint, code) = (fingerprint_of(&lease.key), voucher(&lease.key));
    if json {
        return print_json(&serde_json::json!({ "fingerprint": fingerprint, "voucher": code }));
    }
    print_line(&format!("{fingerprint}\n{code}"))
}

/// A moment as people read it, in UTC.
fn when(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}
