//! Further random stories ([`super::random_traces`]), shorter and compressed: `vectors/traces-more/`, several in a file.
//!
//! A file is gzip over JSON lines; a line `{"trace": NAME}` begins each trace, those after it are turns as in
//! [`super::traces`]. `SEGIN_WRITE_VECTORS=1` writes the files anew, where something in them differs: compressors do.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;

use super::random_traces::{STORIES, play};

/// Files, and stories in each.
const FILES: u8 = 4;
const EACH: u8 = 42;
/// Steps of a story, at most.
const STEPS: u32 = 16;
/// Bytes of a trace before compression, which ends there.
const TRACE_BYTES_MAX: usize = 24_000;

fn told(file: u8) -> String {
    let mut text = String::new();
    for story in 0..EACH {
        let number = STORIES + file * EACH + story;
        let phone = play(number, STEPS, TRACE_BYTES_MAX);
        let name = json!({ "trace": format!("random-{number:03}") });
        for line in std::iter::once(&name).chain(&phone.log) {
            text.push_str(&line.to_string());
            text.push('\n');
        }
    }
    text
}

fn unpacked(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).map(|_| text).unwrap_or_default()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "golden files are read from disk, by the test only")]
fn further_random_stories_leave_the_recorded_traces() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/traces-more");
    for file in 0..FILES {
        let (path, told) = (folder.join(format!("{file}.jsonl.gz")), told(file));
        let recorded = std::fs::read(&path).map(|packed| unpacked(&packed)).unwrap_or_default();
        if std::env::var_os("SEGIN_WRITE_VECTORS").is_some() && recorded != told {
            let mut packer = GzEncoder::new(Vec::new(), Compression::best());
            packer.write_all(told.as_bytes()).unwrap();
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, packer.finish().unwrap()).unwrap();
            continue;
        }
        for (number, (line, recorded)) in told.lines().zip(recorded.lines()).enumerate() {
            assert_eq!(line, recorded, "{file}.jsonl.gz, line {}", number + 1);
        }
        assert_eq!(told.lines().count(), recorded.lines().count(), "{file}.jsonl.gz");
    }
}
