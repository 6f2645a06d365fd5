//! An open file of the fake disk: dead after a crash, half done when a fault strikes.

use std::sync::MutexGuard;

use super::state::{Change, FileId, Inner, Strike, failure, keep_pages, struck};
use super::{Call, FakeDisk};
use crate::store::files::{DiskError, DiskFile};

/// An open file of the fake disk.
pub(super) struct FakeFile {
    pub(super) disk: FakeDisk,
    pub(super) path: String,
    pub(super) id: FileId,
    pub(super) life: u64,
}

impl FakeFile {
    /// The folder, if this handle is of its present life.
    fn inner(&self) -> Result<MutexGuard<'_, Inner>, DiskError> {
        let inner = self.disk.inner();
        if inner.life == self.life {
            Ok(inner)
        } else {
            Err(failure(&self.path, "used", "it was opened before a crash"))
        }
    }

    fn read_call(&self) -> Result<MutexGuard<'_, Inner>, DiskError> {
        let mut inner = self.inner()?;
        inner.call(Call::Read, &self.path)?;
        Ok(inner)
    }

    /// A sync that failed: some of what was pending is on the disk, the rest never will be, though it is still seen.
    fn lose_pending(&self, inner: &mut Inner) {
        let Inner { contents, random, .. } = inner;
        if let Some(content) = contents.get_mut(&self.id) {
            let pending = std::mem::take(&mut content.pending);
            keep_pages(&mut content.synced, &pending, random);
        }
    }

    fn change(&self, inner: &mut Inner, change: Change) {
        if let Some(content) = inner.contents.get_mut(&self.id) {
            change.apply(&mut content.seen);
            content.pending.push(change);
        }
    }

    fn seen_len(&self, inner: &Inner) -> usize {
        inner.contents.get(&self.id).map_or(0, |content| content.seen.len())
    }
}

impl DiskFile for FakeFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let offset = offset as usize;
        let mut inner = self.inner()?;
        if let Some(strike) = inner.strike(Call::Write) {
            // A write that failed may have written any part.
            let part = inner.random.below(bytes.len() as u64 + 1) as usize;
            self.change(&mut inner, Change::Write { offset, bytes: bytes[..part].to_vec() });
            if let Strike::PowerCut(mode) = strike {
                inner.crash(mode);
            }
            return Err(struck(Call::Write, &self.path));
        }
        inner.calls.bytes_written += bytes.len() as u64;
        let growth = (offset + bytes.len()).saturating_sub(self.seen_len(&inner));
        let missing = (growth as u64).saturating_sub(inner.free_bytes()) as usize;
        let fitting = bytes.len().saturating_sub(missing);
        self.change(&mut inner, Change::Write { offset, bytes: bytes[..fitting].to_vec() });
        if missing > 0 { Err(DiskError::Full { path: self.path.clone() }) } else { Ok(()) }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        let inner = self.read_call()?;
        let seen = inner.contents.get(&self.id).map_or(&[][..], |content| &content.seen);
        let from = seen.get(offset as usize..).unwrap_or_default();
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        Ok(count)
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(self.seen_len(&*self.read_call()?) as u64)
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        let mut inner = self.inner()?;
        inner.call(Call::Write, &self.path)?;
        let growth = len.saturating_sub(self.seen_len(&inner) as u64);
        if growth > inner.free_bytes() {
            return Err(DiskError::Full { path: self.path.clone() });
        }
        self.change(&mut inner, Change::Resize(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        let mut inner = self.inner()?;
        if let Some(strike) = inner.strike(Call::Sync) {
            match strike {
                Strike::Fault => self.lose_pending(&mut inner),
                Strike::PowerCut(mode) => inner.crash(mode),
            }
            return Err(struck(Call::Sync, &self.path));
        }
        if let Some(content) = inner.contents.get_mut(&self.id) {
            for change in std::mem::take(&mut content.pending) {
                change.apply(&mut content.synced);
            }
        }
        Ok(())
    }
}
