//! Which columns a change has, and where they are.

use super::reader::Reader;
use super::rejection::{Code, Rejection, demand};

/// The columns of a change; those that are not there are empty.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) object_actor: &'a [u8],
    pub(super) object_counter: &'a [u8],
    pub(super) key_actor: &'a [u8],
    pub(super) key_counter: &'a [u8],
    pub(super) key_text: &'a [u8],
    pub(super) insert: &'a [u8],
    pub(super) action: &'a [u8],
    pub(super) value_meta: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) pred_count: &'a [u8],
    pub(super) pred_actor: &'a [u8],
    pub(super) pred_counter: &'a [u8],
}

/// Columns in one change, the two of marks included.
const COLUMNS_MAX: u64 = 14;

/// The two columns that only marks have.
const MARK_COLUMNS: [u64; 2] = [148, 165];

impl<'a> Columns<'a> {
    /// A column by its specification: identifier, type, and whether it is compressed (never in a change).
    fn slot(&mut self, spec: u64) -> Option<&mut &'a [u8]> {
        Some(match spec {
            1 => &mut self.object_actor,
            2 => &mut self.object_counter,
            17 => &mut self.key_actor,
            19 => &mut self.key_counter,
            21 => &mut self.key_text,
            52 => &mut self.insert,
            66 => &mut self.action,
            86 => &mut self.value_meta,
            87 => &mut self.value,
            112 => &mut self.pred_count,
            113 => &mut self.pred_actor,
            115 => &mut self.pred_counter,
            _ => return None,
        })
    }

    /// Reads the column list and the columns; the reader then stands at the footer.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Rejection> {
        reader.name("column list");
        let count = reader.uleb()?;
        demand(count <= COLUMNS_MAX, Code::Columns, || format!("column list: {count} columns"))?;
        let mut list = Vec::with_capacity(count as usize);
        for _ in 0..count {
            list.push((reader.uleb()?, reader.uleb()?));
        }
        demand(list.is_sorted_by(|a, b| a.0 < b.0), Code::Columns, || {
            "column list: not in ascending order, or one twice".into()
        })?;
        let mut columns = Self::default();
        reader.name("columns");
        for (spec, length) in list {
            demand(length > 0, Code::Columns, || format!("column list: column {spec} is empty"))?;
            demand(!MARK_COLUMNS.contains(&spec), Code::Mark, || {
                format!("column list: column {spec} belongs to marks")
            })?;
            let data = reader.take(usize::try_from(length).unwrap_or(usize::MAX))?;
            let slot = columns.slot(spec).ok_or_else(|| {
                Rejection::new(Code::Columns, format!("column list: column {spec} is unknown or compressed"))
            })?;
            *slot = data;
        }
        Ok(columns)
    }
}
