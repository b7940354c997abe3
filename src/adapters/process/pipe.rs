use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::process::{ChildStdin, ChildStdout};

/// The output of a child, read without the reactor while the child is quick.
///
/// A compiled child answers within a few microseconds, less than a turn of the reactor takes. So
/// the pipe is tried a few times first; each failed try offers the core to the child.
#[derive(Debug)]
pub(super) struct EagerOutput(pub(super) ChildStdout);

/// The input of a child, written without the reactor while there is room in the pipe.
#[derive(Debug)]
pub(super) struct EagerInput(pub(super) ChildStdin);

const TRIES: u32 = 24;

impl AsyncRead for EagerOutput {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        for _ in 0..TRIES {
            match rustix::io::read(self.0.as_fd(), buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(Errno::AGAIN) => thread::yield_now(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for EagerInput {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match rustix::io::write(self.0.as_fd(), bytes) {
            Ok(count) => Poll::Ready(Ok(count)),
            Err(Errno::AGAIN | Errno::INTR) => Pin::new(&mut self.0).poll_write(context, bytes),
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
