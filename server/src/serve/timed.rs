//! A disk that measures its syncs: the numbers that say whether a machine's storage keeps up.

use std::sync::Arc;
use std::time::Instant;

use super::metrics::Metrics;
use crate::store::files::{Disk, DiskError, DiskFile};

/// Another disk, measured.
pub struct TimedDisk {
    disk: Arc<dyn Disk>,
    metrics: Arc<Metrics>,
}

struct TimedFile {
    file: Arc<dyn DiskFile>,
    metrics: Arc<Metrics>,
}

impl TimedDisk {
    /// Measures this disk.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, metrics: Arc<Metrics>) -> Self {
        Self { disk, metrics }
    }

    fn timed(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(TimedFile { file, metrics: Arc::clone(&self.metrics) })
    }
}

impl Disk for TimedDisk {
    fn create(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        self.disk.create(path).map(|file| self.timed(file))
    }

    fn open(&self, path: &str) -> Result<Arc<dyn DiskFile>, DiskError> {
        self.disk.open(path).map(|file| self.timed(file))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        self.disk.read(path)
    }

    fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.disk.replace(path, bytes)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, DiskError> {
        self.disk.list(folder)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        self.disk.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.disk.sync_folder(folder)
    }

    fn free_bytes(&self) -> Result<u64, DiskError> {
        self.disk.free_bytes()
    }
}

impl DiskFile for TimedFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_at(offset, bytes)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, DiskError> {
        self.file.read_at(offset, buffer)
    }

    fn len(&self) -> Result<u64, DiskError> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        let started = Instant::now();
        let result = self.file.sync_data();
        self.metrics.sync_seconds.observe(started.elapsed().as_secs_f64());
        result
    }
}
