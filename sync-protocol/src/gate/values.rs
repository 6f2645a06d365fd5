//! The values of a change: of types that every client keeps exactly.

use super::reader::Reader;
use super::rejection::{Code, Rejection, demand};
use super::runs::Runs;
use crate::limits::{DATE_MILLIS_MAX, INTEGER_MAX};

/// The two value columns: types with lengths, and the bytes.
pub(super) struct Values<'a> {
    meta: Runs<'a, u64>,
    bytes: Reader<'a>,
}

impl<'a> Values<'a> {
    pub(super) fn new(meta: &'a [u8], bytes: &'a [u8]) -> Self {
        Self { meta: Runs::new(meta, "value type"), bytes: Reader::new(bytes, "value") }
    }

    pub(super) fn is_done(&self) -> bool {
        self.meta.is_done() && self.bytes.is_empty()
    }

    /// Checks the next value; true when it is null.
    pub(super) fn next(&mut self) -> Result<bool, Rejection> {
        let meta = self.meta.required()?;
        let length = usize::try_from(meta >> 4).unwrap_or(usize::MAX);
        let bytes = self.bytes.take(length)?;
        let mut reader = Reader::new(bytes, "value");
        match meta & 0x0f {
            0..=2 => {}
            3 => integer(reader.uleb()? <= INTEGER_MAX.unsigned_abs())?,
            4 => integer((-INTEGER_MAX..=INTEGER_MAX).contains(&reader.sleb()?))?,
            5 => {
                let float = f64::from_le_bytes(reader.array()?);
                demand(float.is_finite(), Code::Float, || "value: a number that is not finite".into())?;
            }
            6 => {
                let text = reader.take(length)?;
                demand(std::str::from_utf8(text).is_ok(), Code::Value, || "value: a text that is not UTF-8".into())?;
            }
            7 => {
                reader.take(length)?;
            }
            8 => return Err(Rejection::new(Code::Counter, "value: counters are not taken")),
            9 => {
                let date = reader.sleb()?;
                demand((-DATE_MILLIS_MAX..=DATE_MILLIS_MAX).contains(&date), Code::Date, || {
                    "value: a date that is not finite".into()
                })?;
            }
            other => return Err(Rejection::new(Code::Value, format!("value: type {other} is unknown"))),
        }
        demand(reader.is_empty(), Code::Value, || "value: longer than its type".into())?;
        Ok(meta & 0x0f == 0)
    }
}

fn integer(fits: bool) -> Result<(), Rejection> {
    demand(fits, Code::Integer, || "value: an integer beyond ±(2^53 − 1)".into())
}
