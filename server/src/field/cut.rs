//! A link that breaks: for the demo and for tests. Production code dials with [`super::client::TcpDial`].

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::client::{Dial, Dialling, Stream, TcpDial};

/// No cut is set.
const NEVER: u64 = u64::MAX;

/// Dials links that break after a number of bytes, both ways together.
#[derive(Debug, Clone)]
pub struct CuttingDial {
    left: Arc<AtomicU64>,
}

impl Default for CuttingDial {
    fn default() -> Self {
        Self { left: Arc::new(AtomicU64::new(NEVER)) }
    }
}

impl CuttingDial {
    /// The next link, or the one that is open, breaks once after so many more bytes.
    pub fn cut_after(&self, bytes: u64) {
        self.left.store(bytes, Ordering::SeqCst);
    }
}

impl Dial for CuttingDial {
    fn dial(&self, host: String, port: u16) -> Dialling {
        let left = Arc::clone(&self.left);
        Box::pin(async move {
            let inner = TcpDial.dial(host, port).await?;
            Ok(Box::new(Cut { inner, left, broken: false }) as Box<dyn Stream>)
        })
    }
}

struct Cut {
    inner: Box<dyn Stream>,
    left: Arc<AtomicU64>,
    broken: bool,
}

impl Cut {
    /// How many of these bytes still pass; an error once the link is broken.
    fn room(&mut self, wanted: usize) -> io::Result<usize> {
        let left = self.left.load(Ordering::SeqCst);
        if self.broken || left == 0 {
            // Broken once; the next link is whole again.
            self.broken = true;
            self.left.store(NEVER, Ordering::SeqCst);
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the link was cut"));
        }
        Ok(usize::try_from(left).unwrap_or(usize::MAX).min(wanted))
    }

    fn passed(&self, bytes: usize) {
        let left = self.left.load(Ordering::SeqCst);
        if left != NEVER {
            self.left.store(left.saturating_sub(bytes as u64), Ordering::SeqCst);
        }
    }
}

impl AsyncRead for Cut {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = self.room(buf.remaining())?;
        let mut part = buf.take(room);
        let read = Pin::new(&mut self.inner).poll_read(cx, &mut part);
        let filled = part.filled().len();
        if let Poll::Ready(Ok(())) = read {
            // `take` shares the memory: what was read into it is already in place, and initialised.
            let bytes = part.filled().to_vec();
            buf.put_slice(&bytes);
            self.passed(filled);
        }
        read
    }
}

impl AsyncWrite for Cut {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let room = self.room(buf.len())?;
        let written = Pin::new(&mut self.inner).poll_write(cx, &buf[..room]);
        if let Poll::Ready(Ok(bytes)) = written {
            self.passed(bytes);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
