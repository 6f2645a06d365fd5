//! What is to be written, as words of the command line.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::Args;
use sync_protocol::documents::{Answer, Birth, Edit, State};

use crate::limits::EDITS_FILE_BYTES_MAX;

/// What to write: common fields, any field, or edits as JSON.
#[derive(Args)]
pub(super) struct EditArgs {
    /// Given names
    #[arg(long)]
    given: Option<String>,
    /// Family name (jamu)
    #[arg(long)]
    family: Option<String>,
    /// f, m or unknown
    #[arg(long)]
    sex: Option<String>,
    /// Precision, value, source and perhaps the day: 'year 1991 declared', 'age_only 16 estimated 2024-04-30'
    #[arg(long, value_name = "BIRTH")]
    birth: Option<String>,
    /// Father's name
    #[arg(long)]
    father: Option<String>,
    /// Mother's name
    #[arg(long)]
    mother: Option<String>,
    /// Village of origin
    #[arg(long)]
    village: Option<String>,
    /// Any field: group.field=value; '?refused', '?does_not_know', '?not_asked', '?ask_later' say why there is none
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// A member of a set, such as urgent=unaccompanied_child
    #[arg(long = "include", value_name = "SET=MEMBER")]
    include: Vec<String>,
    /// A list of edits as JSON, from a file or '-' for standard input
    #[arg(long, value_name = "FILE")]
    edits: Option<PathBuf>,
}

impl EditArgs {
    /// The edits that were asked for.
    pub(super) fn read(&self) -> anyhow::Result<Vec<Edit>> {
        let common = [
            ("identity.given", &self.given),
            ("identity.family", &self.family),
            ("identity.sex", &self.sex),
            ("identity.father", &self.father),
            ("identity.mother", &self.mother),
            ("origin.village", &self.village),
        ];
        let mut edits: Vec<Edit> = common
            .into_iter()
            .filter_map(|(field, value)| Some(Edit::Set { field: field.to_owned(), value: answer(value.as_ref()?) }))
            .collect();
        if let Some(birth) = &self.birth {
            let value = match state(birth) {
                Some(state) => state.into(),
                None => Birth::from_str(birth).map_err(|error| anyhow::anyhow!("--birth: {error}"))?.into(),
            };
            edits.push(Edit::Set { field: "birth.date".to_owned(), value });
        }
        for set in &self.set {
            let (field, value) = set.split_once('=').with_context(|| format!("--set {set}: wanted is FIELD=VALUE"))?;
            edits.push(Edit::Set { field: field.to_owned(), value: answer(value) });
        }
        for include in &self.include {
            let pair = include.split_once('=');
            let (set, member) = pair.with_context(|| format!("--include {include}: wanted is SET=MEMBER"))?;
            edits.push(Edit::Include { set: set.to_owned(), member: member.to_owned(), value: None });
        }
        if let Some(path) = &self.edits {
            edits.extend(from_json(path)?);
        }
        if edits.is_empty() {
            bail!("Rien à enregistrer / Nothing to record: give fields such as --given, --set, or --edits FILE");
        }
        Ok(edits)
    }
}

fn from_json(path: &Path) -> anyhow::Result<Vec<Edit>> {
    let mut text = String::new();
    let read: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?)
    };
    read.take(EDITS_FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .with_context(|| format!("{} is not a text", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a list of edits as JSON", path.display()))
}

/// A word of the command line: a number, yes or no, a reason why there is no value, else a text.
fn answer(word: &str) -> Answer {
    if let Some(state) = state(word) {
        return state.into();
    }
    word.into()
}

fn state(word: &str) -> Option<State> {
    let name = word.strip_prefix('?')?;
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}
