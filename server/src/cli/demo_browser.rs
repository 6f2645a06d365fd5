//! `segin demo --browser`: opens the two phones and the page with their switches, and waits until it is interrupted.

use std::path::Path;
use std::process::ExitCode;

use super::demo::{Ended, interrupted};
use crate::demo::DemoError;
use crate::demo::tell::Teller;
use crate::demo::windows::Windows;

/// Runs it in this folder. For programs, one JSON object with the addresses is the only line of the standard output.
pub(super) async fn run(binary: &Path, folder: &Path, tell: &Teller, as_json: bool) -> Result<ExitCode, Ended> {
    let windows = Windows::open(binary, folder).await?;
    let addresses = windows.addresses();
    tell.title("Deux téléphones et un hub, à essayer soi-même", "Two phones and a hub, to be tried by yourself.");
    tell.line(&format!("  Les deux côte à côte / both side by side:  {}", addresses.control));
    for (phone, link) in windows.phones.iter().zip(&addresses.phones) {
        tell.line(&format!("  {} ({}):  {link}", phone.site, phone.owner));
    }
    tell.line(&format!("  La page du hub / the hub's page:  {}", addresses.hub));
    tell.line("  Ctrl-C pour arrêter / to stop");
    if as_json {
        println!("{}", serde_json::json!(addresses));
    }
    interrupted().await;
    tell.line("");
    windows.stand.end().await.map_err(DemoError::from)?;
    Ok(ExitCode::SUCCESS)
}
