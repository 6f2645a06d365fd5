//! Tells the night on the terminal: French first, then one short line in English.
//!
//! Owns how lines look: the hour, two columns, a bar where it takes long. Colours only on a terminal, and never when
//! `NO_COLOR` is set; everything reads the same without them.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where the story goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Out {
    /// To people on the standard output.
    Standard,
    /// To the error output: the standard output carries JSON.
    Error,
    /// Nowhere.
    Silent,
}

/// The teller.
pub struct Teller {
    out: Out,
    is_coloured: bool,
}

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";

impl Teller {
    /// Tells there.
    #[must_use]
    pub fn new(out: Out) -> Self {
        let terminal = match out {
            Out::Standard => std::io::stdout().is_terminal(),
            Out::Error => std::io::stderr().is_terminal(),
            Out::Silent => false,
        };
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { out, is_coloured: terminal && !refused }
    }

    /// One line as it is.
    pub fn line(&self, text: &str) {
        // A reader who went away, as `| head` does, must not stop the night.
        let _ = match self.out {
            Out::Standard => writeln!(std::io::stdout().lock(), "{text}"),
            Out::Error => writeln!(std::io::stderr().lock(), "{text}"),
            Out::Silent => Ok(()),
        };
    }

    /// The head of the story.
    pub fn title(&self, french: &str, english: &str) {
        self.line("");
        self.line(&format!("  {}", self.painted(BOLD, french)));
        self.line(&format!("  {}", self.painted(DIM, english)));
        self.line("");
    }

    /// Something happens at this hour of the night.
    pub fn at(&self, hour: &str, french: &str, english: &str) {
        self.line(&format!("  {}  {french}", self.painted(BOLD, hour)));
        self.line(&format!("         {}", self.painted(DIM, english)));
    }

    /// What was just seen and checked; short, both languages on one line.
    pub fn seen(&self, french: &str, english: &str) {
        let english = self.painted(DIM, &format!("· {english}"));
        self.line(&format!("         {} {french} {english}", self.painted(GREEN, "✓")));
    }

    /// A value that people see.
    pub fn detail(&self, text: &str) {
        self.line(&format!("           {text}"));
    }

    /// A bar for long work; drawn on the error output, on a terminal only, and gone when it is done.
    #[must_use]
    pub fn bar(&self, steps: u64, doing: &'static str) -> ProgressBar {
        let target = if self.out == Out::Silent { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template("         {msg} {bar:30} {pos}/{len}") {
            bar.set_style(style.progress_chars("━━·"));
        }
        bar.with_message(doing)
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.is_coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
