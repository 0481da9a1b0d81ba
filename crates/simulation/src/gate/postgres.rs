//! A socket that looks like Postgres and passes on what the gate lets through.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::AsyncWriteExt as _,
    net::{UnixListener, UnixStream},
    sync::Notify,
};

use super::{
    Gate, Verdict,
    frames::{Batch, Reader, done, ready, refusal},
};

/// The name of the socket in its directory.
const SOCKET: &str = ".s.PGSQL.5432";
/// Characters of a statement that a history shows.
const SHOWN_CHARS: usize = 56;

/// The socket, and what is known of the connections over it.
#[derive(Clone)]
pub(crate) struct Postgres {
    gate: Gate,
    lines: Arc<Mutex<BTreeMap<u64, Line>>>,
    changed: Arc<Notify>,
    serial: Arc<AtomicU64>,
    /// How often something was made durable.
    written: Arc<AtomicU64>,
}

struct Line {
    process: i32,
    status: u8,
    asked: bool,
}

impl Postgres {
    /// Listens in `dir` for a server whose socket is in `server_dir`.
    pub(crate) fn listen(dir: &Path, server_dir: &Path, gate: Gate) -> io::Result<Self> {
        let listener = UnixListener::bind(dir.join(SOCKET))?;
        let server: PathBuf = server_dir.join(SOCKET);
        let postgres = Self {
            gate,
            lines: Arc::default(),
            changed: Arc::default(),
            serial: Arc::default(),
            written: Arc::default(),
        };
        let serving = postgres.clone();
        tokio::spawn(async move {
            while let Ok((client, _address)) = listener.accept().await {
                let (serving, server) = (serving.clone(), server.clone());
                tokio::spawn(async move {
                    let line = serving.serial.fetch_add(1, Ordering::Relaxed);
                    // Either side hangs up when it likes.
                    drop(serving.serve(line, client, &server).await);
                    serving.lines().remove(&line);
                    serving.changed.notify_one();
                });
            }
        });
        Ok(postgres)
    }

    /// How often something was made durable so far.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The server's process behind a connection.
    pub(crate) fn process(&self, connection: u64) -> Option<i32> {
        self.lines().get(&connection).map(|line| line.process)
    }

    /// Whether a connection is inside a transaction and asks for nothing.
    pub(crate) fn waits(&self, connection: u64) -> bool {
        let lines = self.lines();
        let line = lines.get(&connection);
        line.is_some_and(|line| !line.asked && line.status != b'I')
    }

    /// Waits until every connection but these is idle: what was abandoned is rolled back.
    pub(crate) async fn settled(&self, but: &BTreeSet<u64>) {
        loop {
            let busy = self
                .lines()
                .iter()
                .any(|(id, line)| !but.contains(id) && (line.asked || line.status != b'I'));
            if !busy {
                return;
            }
            self.changed.notified().await;
        }
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<u64, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, line: u64, change: impl FnOnce(&mut Line)) {
        let mut lines = self.lines();
        change(lines.entry(line).or_insert(Line {
            process: 0,
            status: b'I',
            asked: false,
        }));
        drop(lines);
        self.changed.notify_one();
    }

    async fn serve(&self, line: u64, mut client: UnixStream, server: &Path) -> io::Result<()> {
        let mut server = UnixStream::connect(server).await?;
        let (mut from_client, mut from_server) = (Reader::default(), Reader::default());
        let mut prepared = BTreeMap::new();
        server
            .write_all(&from_client.startup(&mut client).await?)
            .await?;
        let hello = from_server.answer(&mut server).await?;
        self.note(line, |it| it.process = hello.process.unwrap_or(0));
        client.write_all(&hello.bytes).await?;
        let mut status = hello.status;
        // The beginning of a transaction does nothing by itself: it goes along with what comes next.
        let mut beginning = None;
        loop {
            let batch = from_client.batch(&mut client, &mut prepared).await?;
            if !batch.answered {
                return server.write_all(&batch.bytes).await;
            }
            let local = match batch.carries_out.as_deref() {
                None if batch.is_ping => Some(ready(status)),
                Some("BEGIN") => {
                    (status, beginning) = (b'T', Some(batch.bytes.clone()));
                    Some(done("BEGIN", status))
                }
                Some("ROLLBACK") if beginning.take().is_some() => {
                    status = b'I';
                    Some(done("ROLLBACK", status))
                }
                Some(_) | None => None,
            };
            if let Some(answer) = local {
                self.note(line, |it| it.status = status);
                client.write_all(&answer).await?;
                continue;
            }
            self.note(line, |it| it.asked = true);
            let gated = gated(&batch);
            let verdict = match &gated {
                Some(what) => self.stand(line, what, status, false).await,
                None => Verdict::Pass,
            };
            let mut bytes = refusal(status);
            if matches!(verdict, Verdict::Pass | Verdict::Watch) {
                let begun = beginning.take();
                let whole = [begun.clone().unwrap_or_default(), batch.bytes].concat();
                server.write_all(&whole).await?;
                if begun.is_some() {
                    from_server.answer(&mut server).await?;
                }
                let answer = from_server.answer(&mut server).await?;
                status = answer.status;
                let wrote =
                    status == b'I' && gated.as_ref().is_some_and(|it| !it.starts_with("SELECT"));
                self.written.fetch_add(u64::from(wrote), Ordering::Relaxed);
                let after = match (verdict, &gated) {
                    (Verdict::Watch, Some(what)) => self.stand(line, what, status, true).await,
                    _ => Verdict::Pass,
                };
                if matches!(after, Verdict::Pass | Verdict::Watch) {
                    bytes = answer.bytes;
                } else {
                    bytes = refusal(status);
                }
            }
            self.note(line, |it| (it.asked, it.status) = (false, status));
            client.write_all(&bytes).await?;
        }
    }

    async fn stand(&self, line: u64, what: &str, status: u8, done: bool) -> Verdict {
        let in_transaction = status != b'I';
        self.note(line, |it| it.status = status);
        self.gate
            .stand(what.to_owned(), Some(line), in_transaction, done)
            .await
    }
}

/// What stands at the gate: everything that is carried out, but neither the beginning of a
/// transaction, which does nothing yet, nor a rollback, which nobody waits for.
fn gated(batch: &Batch) -> Option<String> {
    let sql = batch.carries_out.as_deref()?;
    if matches!(sql, "BEGIN" | "ROLLBACK") {
        return None;
    }
    let mut shown = String::new();
    for word in sql.split_whitespace() {
        if SHOWN_CHARS <= shown.len() {
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
    }
    Some(shown.chars().take(SHOWN_CHARS).collect())
}
