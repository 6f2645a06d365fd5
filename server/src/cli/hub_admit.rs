//! `segin hub admit`: a courier file that somebody brought is taken into a running hub.
//!
//! Reads the file, posts it, writes the return file, and says what became of it: French first. What a file is and why one
//! is refused: `sync_protocol::wire::courier`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use data_encoding::BASE64;
use sync_protocol::limits::CARRIED_BYTES_MAX;

use super::Trouble;
use super::client::Client;
use crate::field::carrying::write_whole;
use crate::hub::courier::{Admitted, AdmittedPart};
use crate::tls::trust::read_authority;

/// Which file, and which hub.
#[derive(Args)]
pub struct AdmitArgs {
    /// The courier file, as the device wrote it
    file: PathBuf,
    /// Where to write the return file, to be taken back to the device
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// The hub's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8470", env = "SEGIN_HUB")]
    hub: String,
    /// The certificate of the hub's own authority (PEM), where it is not one that the system knows
    #[arg(long, value_name = "FILE", env = "SEGIN_CA")]
    ca: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Trouble`], with the hub's own sentence where it has refused the file.
pub fn admit(args: AdmitArgs) -> Result<ExitCode, Trouble> {
    let bytes = read_file(&args.file)?;
    let authority = args.ca.as_deref().map(read_authority).transpose();
    let authority = authority.map_err(|error| Trouble::new("hub-trust", error))?;
    let client = Client::trusting(&args.hub, None, authority.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::new("thread", error))?;
    let admitted: Admitted = runtime.block_on(client.post_file("/v1/courier", bytes))?;
    if let Some(answer) = &args.answer {
        let bytes = BASE64.decode(admitted.return_file.as_bytes());
        let bytes = bytes.map_err(|_| Trouble::new("hub-answer", "the hub's answer cannot be read"))?;
        write_whole(answer, &bytes)
            .map_err(|error| Trouble::new("courier-answer", format!("{}: {error}", answer.display())))?;
    }
    tell(&admitted, args.json).map_err(|error| Trouble::new("output", error))?;
    Ok(ExitCode::SUCCESS)
}

/// A file, if it is no longer than any courier file.
fn read_file(path: &Path) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    let limit = CARRIED_BYTES_MAX as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|error| Trouble::new("courier-file", format!("{}: {error}", path.display())))?;
    Ok(bytes)
}

fn tell(admitted: &Admitted, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    if json {
        return writeln!(out, "{}", serde_json::json!({ "parts": admitted.parts }));
    }
    for part in &admitted.parts {
        let AdmittedPart { letters, number, applied, known, held, waiting, erased, refused, .. } = part;
        writeln!(
            out,
            "Appareil {letters}, fichier {number} : {applied} modifications reçues, {known} déjà connues, {held} retenues, \
             {waiting} en attente, {erased} effacées, {refused} refusées / Device {letters}, file {number}: {applied} \
             changes taken, {known} known before, {held} held, {waiting} waiting, {erased} erased, {refused} refused"
        )?;
        for (code, sentence) in &part.refused_parcels {
            writeln!(out, "  Envoi refusé / parcel refused: {sentence} ({code})")?;
        }
        for (first, last) in &part.missing {
            let (french, english) = if first == last {
                (format!("Le fichier {first} n'est pas arrivé"), format!("File {first} has"))
            } else {
                (format!("Les fichiers {first} à {last} ne sont pas arrivés"), format!("Files {first} to {last} have"))
            };
            writeln!(out, "  {french} / {english} not come")?;
        }
    }
    Ok(())
}
