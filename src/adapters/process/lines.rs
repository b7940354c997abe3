use std::io;
use std::ops::Range;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::select;

/// One line out, one line in, over any pair of streams.
#[derive(Debug)]
pub(super) struct Lines<R, W> {
    reader: R,
    writer: W,
    line_bytes_max: usize,
    // Initialised once and for all; `filled` bytes of it are unread or belong to the last line.
    buffer: Vec<u8>,
    filled: usize,
    taken: usize,
    progress: Progress,
}

/// How far an exchange came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The request is not written to its end.
    Writing,
    /// The other side has closed its input; its last words may still come.
    Refused,
    /// The request is written.
    Written,
}

/// Why no line came.
#[derive(Debug)]
pub(super) enum LineError {
    /// The other side closed its output.
    Closed,
    /// The stream failed.
    Io(io::Error),
    /// The line is longer than allowed.
    TooLong,
    /// Something came before it was asked for.
    Unasked,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Lines<R, W> {
    const CHUNK: usize = 64 << 10;

    /// A line of this length is a long one.
    const LONG: usize = 4 << 20;

    pub(super) fn new(reader: R, writer: W, line_bytes_max: usize) -> Self {
        Self {
            reader,
            writer,
            line_bytes_max,
            buffer: vec![0; Self::CHUNK],
            filled: 0,
            taken: 0,
            progress: Progress::Written,
        }
    }

    /// Writes a request, which ends in a newline, and reads one line. The line's place is returned
    /// for [`Lines::line`].
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<Range<usize>, LineError> {
        if self.taken < self.filled {
            return Err(LineError::Unasked);
        }
        (self.filled, self.taken) = (0, 0);
        if self.buffer.len() > 16 * Self::CHUNK {
            self.buffer.truncate(Self::CHUNK);
            self.buffer.shrink_to_fit();
        }
        self.write(request).await?;
        self.read_line().await
    }

    /// A line that [`Lines::exchange`] has returned; it stays until the next exchange.
    pub(super) fn line(&self, place: Range<usize>) -> &[u8] {
        &self.buffer[place]
    }

    /// What has come and is no part of a returned line.
    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.taken..self.filled]
    }

    /// How far the last exchange came.
    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    /// Closes the input of the other side.
    pub(super) fn into_reader(self) -> R {
        self.reader
    }

    /// Doubles the buffer. A long line gets room for the longest at once: zeroed memory is not used
    /// before it is written to, but each smaller buffer, and its copy, would be.
    fn grow(&mut self) {
        let longest = self.line_bytes_max + Self::CHUNK;
        let is_long = self.filled >= Self::LONG;
        let size = if is_long { longest } else { (2 * self.filled).min(longest) };
        let mut larger = vec![0; size];
        larger[..self.filled].copy_from_slice(&self.buffer);
        self.buffer = larger;
    }

    /// A subject that talks before it has read its request would block us for ever if we did not
    /// listen meanwhile.
    async fn write(&mut self, request: &[u8]) -> Result<(), LineError> {
        self.progress = Progress::Writing;
        let Self { reader, writer, buffer, .. } = self;
        let write = async {
            writer.write_all(request).await?;
            writer.flush().await
        };
        select! {
            biased;
            written = write => match written {
                Ok(()) => {
                    self.progress = Progress::Written;
                    Ok(())
                }
                // Its last words are worth reading, so this is not yet the end.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    self.progress = Progress::Refused;
                    Ok(())
                }
                Err(error) => Err(LineError::Io(error)),
            },
            count = reader.read(&mut buffer[..]) => match count {
                Ok(0) => Err(LineError::Closed),
                Ok(count) => {
                    self.filled = count;
                    Err(LineError::Unasked)
                }
                Err(error) => Err(LineError::Io(error)),
            },
        }
    }

    async fn read_line(&mut self) -> Result<Range<usize>, LineError> {
        let mut searched = 0;
        loop {
            let fresh = &self.buffer[searched..self.filled];
            if let Some(length) = fresh.iter().position(|byte| *byte == b'\n') {
                let end = searched + length;
                self.taken = end + 1;
                return Ok(0..end);
            }
            searched = self.filled;
            if self.filled > self.line_bytes_max {
                return Err(LineError::TooLong);
            }
            if self.filled == self.buffer.len() {
                self.grow();
            }
            match self.reader.read(&mut self.buffer[self.filled..]).await {
                Ok(0) => return Err(LineError::Closed),
                Ok(count) => self.filled += count,
                Err(error) => return Err(LineError::Io(error)),
            }
        }
    }
}
