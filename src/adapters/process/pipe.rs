use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use rustix::io::Errno;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::ChildStdout;

/// The output of a child, read without the reactor while the child is quick.
///
/// A compiled child answers within a few microseconds, less than a turn of the reactor takes. So
/// the pipe is tried a few times first; each failed try offers the core to the child.
#[derive(Debug)]
pub(super) struct EagerPipe {
    stdout: ChildStdout,
}

impl EagerPipe {
    const TRIES: u32 = 24;

    pub(super) fn new(stdout: ChildStdout) -> Self {
        Self { stdout }
    }
}

impl AsyncRead for EagerPipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        for _ in 0..Self::TRIES {
            match rustix::io::read(self.stdout.as_fd(), buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(Errno::AGAIN) => thread::yield_now(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        Pin::new(&mut self.stdout).poll_read(context, buffer)
    }
}
