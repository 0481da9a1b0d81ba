//! A client as lean as it gets, so that what is measured is the server: requests are written once
//! before the clock starts, each task has one connection, answers are read but not understood.

use std::{net::SocketAddr, ops::Range, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use crate::{Outcome, figures::Latencies};

/// Bytes of an answer's head.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// One kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer; its body lies in the connection's buffer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Range<usize>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = vec![0; HEAD_BYTES_MAX];
        Ok(Self { stream, buffer })
    }

    /// Sends a request that was written before, and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(room).await?;
            if read == 0 {
                return Err("the server ended the connection".into());
            }
            filled += read;
            let seen = self.buffer.get(..filled).unwrap_or_default();
            let Some(head) = seen.windows(4).position(|it| it == b"\r\n\r\n") else {
                continue;
            };
            let (status, length) = head_of(seen.get(..head).unwrap_or_default())?;
            let body = head + 4..head + 4 + length;
            if self.buffer.len() < body.end {
                self.buffer.resize(body.end, 0);
            }
            if filled < body.end {
                let rest = self.buffer.get_mut(filled..body.end).unwrap_or_default();
                self.stream.read_exact(rest).await?;
            }
            return Ok(Answer { status, body });
        }
    }

    /// The body of the last answer.
    pub(crate) fn body(&self, answer: &Answer) -> &[u8] {
        self.buffer.get(answer.body.clone()).unwrap_or_default()
    }

    /// Asks, and fails on any other status.
    pub(crate) async fn expect(&mut self, status: u16, request: &[u8]) -> Outcome<Answer> {
        let answer = self.ask(request).await?;
        if answer.status == status {
            return Ok(answer);
        }
        let said = String::from_utf8_lossy(self.body(&answer)).into_owned();
        Err(format!("{} where {status} was expected: {said}", answer.status).into())
    }

    /// Asks and understands the answer.
    pub(crate) async fn json(&mut self, status: u16, request: &[u8]) -> Outcome<serde_json::Value> {
        let answer = self.expect(status, request).await?;
        Ok(serde_json::from_slice(self.body(&answer))?)
    }
}

/// Status and length of the body.
fn head_of(head: &[u8]) -> Outcome<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or("0", |(_, value)| value.trim());
    Ok((status.unwrap_or_default().parse()?, length.parse()?))
}

/// A request with a JSON body.
pub(crate) fn post(path: &str, body: &serde_json::Value) -> Vec<u8> {
    request("POST", path, &body.to_string())
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: optio\r\n\r\n").into_bytes()
}

/// Any request.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: optio\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends the same requests over and over on so many connections, each waiting for its answer.
pub(crate) async fn drive(
    address: SocketAddr,
    connections: usize,
    status: u16,
    requests: Arc<Vec<Vec<u8>>>,
    window: Duration,
) -> Outcome<Latencies> {
    let mut open = Vec::new();
    for _each in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let until = Instant::now() + window;
    let tasks: Vec<_> = open
        .into_iter()
        .enumerate()
        .map(|(number, mut connection)| {
            let requests = Arc::clone(&requests);
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                for request in requests.iter().cycle().skip(number) {
                    let begin = Instant::now();
                    if until <= begin {
                        break;
                    }
                    connection.expect(status, request).await?;
                    latencies.add(begin.elapsed());
                }
                Outcome::Ok(latencies)
            })
        })
        .collect();
    let mut all = Latencies::default();
    for task in tasks {
        all.join(task.await??);
    }
    Ok(all)
}
