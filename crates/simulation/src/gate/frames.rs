//! Just enough of Postgres' wire protocol to know which statement a batch carries out, whether a
//! transaction is open after an answer, and how to refuse a batch in the server's place.

use std::{collections::BTreeMap, io};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    net::UnixStream,
};

/// Room for what is read at once.
const READ_BYTES: usize = 16 * 1024;

/// Whole messages of one side, as bytes.
#[derive(Default)]
pub(super) struct Reader {
    buffer: Vec<u8>,
}

/// A message: its kind and where it lies in the buffer.
struct Message {
    kind: u8,
    end: usize,
}

impl Reader {
    fn message(&self, at: usize) -> Option<Message> {
        let head = self.buffer.get(at..at + 5)?;
        let (kind, length) = (*head.first()?, head.get(1..5)?);
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let end = at + 1 + usize::try_from(length).ok()?;
        (end <= self.buffer.len()).then_some(Message { kind, end })
    }

    async fn more(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        // Without room for more, a long answer would be read in many small pieces.
        self.buffer.reserve(READ_BYTES);
        if from.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Everything up to and including the message for which `is_last` holds; every message is shown
    /// to `see` first.
    async fn up_to(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        is_last: impl Fn(u8) -> bool,
        mut see: impl FnMut(u8, &[u8]),
    ) -> io::Result<Vec<u8>> {
        let mut at = 0;
        loop {
            let Some(message) = self.message(at) else {
                self.more(from).await?;
                continue;
            };
            see(message.kind, &self.buffer[at + 5..message.end]);
            at = message.end;
            if is_last(message.kind) {
                let rest = self.buffer.split_off(at);
                return Ok(std::mem::replace(&mut self.buffer, rest));
            }
        }
    }

    /// The first thing a client says, which has no kind.
    pub(super) async fn startup(&mut self, from: &mut UnixStream) -> io::Result<Vec<u8>> {
        loop {
            let length = self
                .buffer
                .first_chunk::<4>()
                .map(|it| u32::from_be_bytes(*it));
            let length = length.and_then(|it| usize::try_from(it).ok());
            match length {
                Some(length) if length <= self.buffer.len() => {
                    let rest = self.buffer.split_off(length);
                    return Ok(std::mem::replace(&mut self.buffer, rest));
                }
                Some(_) | None => self.more(from).await?,
            }
        }
    }

    /// What a client wants done in one go, and the statement that it carries out.
    pub(super) async fn batch(
        &mut self,
        from: &mut UnixStream,
        prepared: &mut BTreeMap<Vec<u8>, String>,
    ) -> io::Result<Batch> {
        let (mut bound, mut carries_out) = (String::new(), None);
        let (mut kinds, mut answered) = (Vec::new(), false);
        let bytes = self
            .up_to(
                from,
                |kind| matches!(kind, b'S' | b'Q' | b'X'),
                |kind, body| {
                    let mut texts = body.split(|byte| *byte == 0);
                    let mut text = || texts.next().unwrap_or_default();
                    match kind {
                        b'P' => {
                            let (name, sql) = (text().to_vec(), text());
                            prepared.insert(name, String::from_utf8_lossy(sql).into_owned());
                        }
                        b'B' => {
                            let (_portal, name) = (text(), text());
                            bound = prepared.get(name).cloned().unwrap_or_default();
                        }
                        b'E' => carries_out = Some(std::mem::take(&mut bound)),
                        b'Q' => carries_out = Some(String::from_utf8_lossy(text()).into_owned()),
                        _ => {}
                    }
                    kinds.push(kind);
                    answered = kind != b'X';
                },
            )
            .await?;
        Ok(Batch {
            bytes,
            carries_out,
            answered,
            is_ping: kinds == [b'S'],
        })
    }

    /// A whole answer of the server, and the state of the transaction after it.
    pub(super) async fn answer(&mut self, from: &mut UnixStream) -> io::Result<Answer> {
        let (mut status, mut process) = (b'I', None);
        let bytes = self
            .up_to(
                from,
                |kind| kind == b'Z',
                |kind, body| match kind {
                    b'Z' => status = body.first().copied().unwrap_or(b'I'),
                    b'K' => process = body.first_chunk::<4>().map(|it| i32::from_be_bytes(*it)),
                    _ => {}
                },
            )
            .await?;
        Ok(Answer {
            bytes,
            status,
            process,
        })
    }
}

pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) carries_out: Option<String>,
    /// Whether the server answers it; it does not answer a farewell.
    pub(super) answered: bool,
    /// Whether it only asks whether the server is there.
    pub(super) is_ping: bool,
}

pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// `I`: no transaction; `T`: one is open; `E`: one is open and has failed.
    pub(super) status: u8,
    /// The server's process, in the first answer.
    pub(super) process: Option<i32>,
}

/// A refusal as a server that is going down words it.
pub(super) fn refusal(status: u8) -> Vec<u8> {
    let mut bytes = message(b'E', b"SERROR\0VERROR\0C57P01\0Mthe connection broke\0\0");
    bytes.extend(ready(if status == b'I' { b'I' } else { b'E' }));
    bytes
}

/// The end of an answer, and the whole of the answer to a ping.
pub(super) fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

/// The answer to the beginning or the end of a transaction.
pub(super) fn done(tag: &str, status: u8) -> Vec<u8> {
    let mut bytes = message(b'C', format!("{tag}\0").as_bytes());
    bytes.extend(ready(status));
    bytes
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(4);
    let mut bytes = vec![kind];
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    bytes
}
