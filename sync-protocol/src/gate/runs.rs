//! Run-length columns, read without expanding them and in canonical form only.
//!
//! A few bytes can announce ten million values, so a run is a count and a value here, and the caller takes as many
//! as the change has operations. Forms that Automerge would not write itself are refused: such a change would be
//! saved in another form than it was sent in, under another hash, and the saved document could not be loaded.

use super::reader::Reader;
use super::rejection::{Code, Rejection};

/// A value that stands in a run-length column.
pub(super) trait Item<'a>: Copy + PartialEq {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Rejection>;
}

impl Item<'_> for u64 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Rejection> {
        reader.uleb()
    }
}

impl Item<'_> for i64 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Rejection> {
        reader.sleb()
    }
}

impl<'a> Item<'a> for &'a str {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Rejection> {
        let bytes = reader.prefixed()?;
        std::str::from_utf8(bytes)
            .map_err(|_| Rejection::new(Code::Value, format!("{}: a text that is not UTF-8", reader.what())))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Segment {
    None,
    Nulls,
    Repeat,
    Literal,
}

/// A run-length column, one value at a time.
pub(super) struct Runs<'a, T> {
    reader: Reader<'a>,
    segment: Segment,
    left: u64,
    value: Option<T>,
}

impl<'a, T: Item<'a>> Runs<'a, T> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { reader: Reader::new(bytes, what), segment: Segment::None, left: 0, value: None }
    }

    pub(super) fn is_done(&self) -> bool {
        self.left == 0 && self.reader.is_empty()
    }

    /// The next value; `None` for a null. A column that is not there at all is null throughout.
    pub(super) fn optional(&mut self) -> Result<Option<T>, Rejection> {
        if self.segment == Segment::None && self.reader.is_empty() {
            return Ok(None);
        }
        if self.left == 0 {
            self.open_run()?;
        } else if self.segment == Segment::Literal {
            let value = T::read(&mut self.reader)?;
            if self.value == Some(value) {
                return Err(self.not_canonical("a literal run repeats a value"));
            }
            self.value = Some(value);
        }
        self.left -= 1;
        Ok(self.value)
    }

    /// The next value, which may not be null.
    pub(super) fn required(&mut self) -> Result<T, Rejection> {
        self.optional()?.ok_or_else(|| uneven(self.reader.what()))
    }

    fn open_run(&mut self) -> Result<(), Rejection> {
        if self.reader.is_empty() {
            return Err(uneven(self.reader.what()));
        }
        let count = self.reader.sleb()?;
        let before = self.segment;
        if count == 0 {
            let nulls = self.reader.uleb()?;
            if nulls == 0 || before == Segment::Nulls {
                return Err(self.not_canonical("an empty or divided run of nulls"));
            }
            if before == Segment::None && self.reader.is_empty() {
                return Err(self.not_canonical("nothing but nulls"));
            }
            (self.segment, self.left, self.value) = (Segment::Nulls, nulls, None);
            return Ok(());
        }
        let value = T::read(&mut self.reader)?;
        // After nulls the value before is `None`, so that only true neighbours are compared.
        if self.value == Some(value) {
            return Err(self.not_canonical("neighbouring runs of one value"));
        }
        if count == 1 || (count < 0 && before == Segment::Literal) {
            return Err(self.not_canonical("a run of one, or a divided literal run"));
        }
        self.segment = if count > 0 { Segment::Repeat } else { Segment::Literal };
        (self.left, self.value) = (count.unsigned_abs(), Some(value));
        Ok(())
    }

    fn not_canonical(&self, why: &str) -> Rejection {
        Rejection::new(Code::Runs, format!("column '{}': {why}", self.reader.what()))
    }

    /// How many values the whole column announces, nothing expanded: stops as soon as it is more than `most`.
    pub(super) fn count(mut self, most: u64) -> Result<u64, Rejection> {
        let mut total = 0_u64;
        while !self.is_done() && total <= most {
            self.optional()?;
            total = total.saturating_add(1);
            if self.segment != Segment::Literal {
                total = total.saturating_add(std::mem::take(&mut self.left));
            }
        }
        Ok(total)
    }
}

/// A run-length column of differences, each to the value before.
pub(super) struct Deltas<'a> {
    runs: Runs<'a, i64>,
    sum: i64,
}

impl<'a> Deltas<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { runs: Runs::new(bytes, what), sum: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.runs.is_done()
    }

    /// The next operation counter; `None` for a null.
    pub(super) fn optional(&mut self) -> Result<Option<u64>, Rejection> {
        let Some(delta) = self.runs.optional()? else { return Ok(None) };
        let counter = self.sum.checked_add(delta).filter(|sum| (0..=i64::from(u32::MAX)).contains(sum));
        self.sum = counter.ok_or_else(|| {
            Rejection::new(Code::Reference, format!("column '{}': a counter out of range", self.runs.reader.what()))
        })?;
        Ok(Some(self.sum.unsigned_abs()))
    }

    pub(super) fn required(&mut self) -> Result<u64, Rejection> {
        self.optional()?.ok_or_else(|| uneven(self.runs.reader.what()))
    }
}

/// A column of truth values: the lengths of alternating runs, the first one of `false`.
pub(super) struct Flags<'a> {
    reader: Reader<'a>,
    value: bool,
    left: u64,
    first: bool,
}

impl<'a> Flags<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { reader: Reader::new(bytes, what), value: true, left: 0, first: true }
    }

    pub(super) fn is_done(&self) -> bool {
        self.left == 0 && self.reader.is_empty()
    }

    pub(super) fn required(&mut self) -> Result<bool, Rejection> {
        while self.left == 0 {
            if self.reader.is_empty() {
                return Err(uneven(self.reader.what()));
            }
            self.left = self.reader.uleb()?;
            self.value = !self.value;
            if self.left == 0 && !self.first {
                return Err(Rejection::new(Code::Runs, format!("column '{}': an empty run", self.reader.what())));
            }
            self.first = false;
        }
        self.left -= 1;
        Ok(self.value)
    }
}

fn uneven(what: &str) -> Rejection {
    Rejection::new(Code::Uneven, format!("column '{what}': fewer values than there are operations"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], count: usize) -> Result<Vec<Option<u64>>, Code> {
        let mut runs = Runs::<u64>::new(bytes, "test");
        let values = (0..count).map(|_| runs.optional()).collect::<Result<Vec<_>, _>>().map_err(|r| r.code)?;
        if runs.is_done() { Ok(values) } else { Err(Code::Uneven) }
    }

    #[test]
    fn canonical_runs_are_read() {
        assert_eq!(all(&[], 2), Ok(vec![None, None]));
        assert_eq!(
            all(&[2, 7, 0x7e, 1, 2, 0, 1, 0x7f, 7], 6),
            Ok([Some(7), Some(7), Some(1), Some(2), None, Some(7)].into())
        );
        assert_eq!(all(&[0, 2, 0x7f, 1], 3), Ok(vec![None, None, Some(1)]));
    }

    #[test]
    fn every_other_form_of_the_same_values_is_refused() {
        for (bytes, count) in [
            (&[1, 7][..], 1),
            (&[0x7f, 7, 0x7f, 8], 2),
            (&[0x7e, 7, 7], 2),
            (&[2, 7, 2, 7], 4),
            (&[2, 7, 0x7f, 7], 3),
            (&[0x7e, 1, 7, 2, 7], 4),
            (&[0, 2], 2),
            (&[0, 1, 0, 1, 0x7f, 7], 3),
            (&[0x7f, 7, 0, 0], 1),
        ] {
            let found = all(bytes, count);
            assert!(matches!(found, Err(Code::Runs | Code::Uneven)), "{bytes:?} gave {found:?}");
        }
        assert_eq!(all(&[0x7f, 7], 2), Err(Code::Uneven));
        assert_eq!(all(&[2, 7], 1), Err(Code::Uneven));
    }

    #[test]
    fn counting_does_not_expand() {
        let mut bytes = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 1];
        bytes.extend([2, 3]);
        assert!(Runs::<u64>::new(&bytes, "test").count(65_536).unwrap() > 65_536);
        assert_eq!(Runs::<u64>::new(&[2, 7, 0x7e, 1, 2, 0, 3], "test").count(100).unwrap(), 7);
    }
}
