//! Splits output into lines with bounded memory, whatever the program prints.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::redact::Redactor;

/// Bytes asked for in one read.
const READ_BYTES: usize = 16 << 10;

/// One line as far as it was kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its first bytes.
    pub kept: Vec<u8>,
    /// How many bytes it had.
    pub total: u64,
}

impl Line {
    /// The text up to `limit` bytes without secrets, and how many bytes were cut off.
    #[must_use]
    pub fn text(&self, limit: usize, redactor: &Redactor) -> (String, u64) {
        let mut limit = limit.min(self.kept.len());
        // A character is kept whole or not at all.
        for _ in 0..3 {
            match self.kept.get(limit) {
                Some(byte) if byte & 0xC0 == 0x80 && 0 < limit => limit -= 1,
                Some(_) | None => break,
            }
        }
        let cut = self.total.saturating_sub(limit as u64);
        (redactor.head(&self.kept, limit), cut)
    }
}

/// Collects bytes until a line is complete, keeping the first `keep` of it.
#[derive(Debug)]
pub struct Splitter {
    keep: usize,
    kept: Vec<u8>,
    total: u64,
}

impl Splitter {
    /// A splitter that keeps so many bytes of a line.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self {
            keep,
            kept: Vec::new(),
            total: 0,
        }
    }

    /// Takes bytes up to the end of a line: that line, if it is complete, and the bytes left over.
    pub fn push<'a>(&mut self, input: &'a [u8]) -> (Option<Line>, &'a [u8]) {
        match input.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.take(&input[..end]);
                (Some(self.line()), &input[end + 1..])
            }
            None => {
                self.take(input);
                (None, &[])
            }
        }
    }

    /// The last line, if the output did not end with an end of line.
    pub fn finish(&mut self) -> Option<Line> {
        (0 < self.total).then(|| self.line())
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = self.keep - self.kept.len();
        self.kept.extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.total += bytes.len() as u64;
    }

    fn line(&mut self) -> Line {
        let mut line = Line {
            kept: std::mem::take(&mut self.kept),
            total: std::mem::take(&mut self.total),
        };
        if line.total == line.kept.len() as u64 && line.kept.last() == Some(&b'\r') {
            line.kept.pop();
            line.total -= 1;
        }
        line
    }
}

/// What the next look at an output brought.
pub(crate) enum Heard {
    Line(Line),
    /// Bytes, but no end of line among them.
    More,
    /// Nothing will come any more.
    End,
}

/// One output of a process.
pub(crate) struct Output<R> {
    from: R,
    chunk: Box<[u8]>,
    begin: usize,
    end: usize,
    splitter: Splitter,
    pub(crate) bytes: u64,
    pub(crate) done: bool,
}

impl<R: AsyncRead + Unpin> Output<R> {
    pub(crate) fn new(from: R, keep: usize) -> Self {
        Self {
            from,
            chunk: vec![0; READ_BYTES].into_boxed_slice(),
            begin: 0,
            end: 0,
            splitter: Splitter::new(keep),
            bytes: 0,
            done: false,
        }
    }

    /// Reads on. Nothing is lost when the future is dropped: it waits in one place only.
    pub(crate) async fn next(&mut self) -> Heard {
        if self.begin == self.end {
            let read = self.from.read(&mut self.chunk).await.unwrap_or(0);
            self.begin = 0;
            self.end = read;
            self.bytes += read as u64;
            if read == 0 {
                self.done = true;
                return self.splitter.finish().map_or(Heard::End, Heard::Line);
            }
        }
        let (line, rest) = self.splitter.push(&self.chunk[self.begin..self.end]);
        self.begin = self.end - rest.len();
        line.map_or(Heard::More, Heard::Line)
    }
}
