//! What happened, line by line: the same for every run of a seed, and told when a promise is broken.

/// Lines that a failing seed prints.
pub const TAIL_LINES: usize = 60;

/// A run's events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    lines: Vec<String>,
}

impl Trace {
    /// Adds a line.
    pub fn add(&mut self, line: String) {
        self.lines.push(line);
    }

    /// All lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The last lines, as one text.
    #[must_use]
    pub fn tail(&self) -> String {
        self.lines[self.lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// A number that follows from every line (FNV-1a, 64 bits).
    #[must_use]
    pub fn hash(&self) -> u64 {
        let bytes = self.lines.iter().flat_map(|line| line.bytes().chain([b'\n']));
        bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
    }
}
