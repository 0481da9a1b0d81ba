//! What the same machine reaches without Optio: bare statements of the same shape in the same
//! Postgres, a bare route, a bare process.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Outcome,
    figures::{Latencies, number},
    machine,
    plane::{Place, Plane},
};

/// The argument that makes this program the bare server.
pub(crate) const BARE_ROUTE: &str = "--bare-route";
/// Rows of the multi-row statement: the largest batch the mailroom writes.
const ROWS: usize = 512;

const INSERT: &str = "INSERT INTO bench.messages
   (id, receiver_kind, receiver_id, sender_type, sender_id, source, body, received_at)
 VALUES (gen_random_uuid(), 'agent', $1, 'user', 'local', 'user', $2, now())";
const INSERT_MANY: &str = "INSERT INTO bench.messages
   (id, receiver_kind, receiver_id, sender_type, sender_id, source, body, received_at)
 SELECT gen_random_uuid(), 'agent', r, 'user', 'local', 'user', $2, now() FROM UNNEST($1::uuid[]) r";

/// Makes the table the bare statements write to: columns and indexes of `messages`.
pub(crate) async fn prepare(plane: &Plane) -> Outcome<()> {
    let mut database = plane.database().await?;
    sqlx::raw_sql(
        "CREATE SCHEMA bench; CREATE TABLE bench.messages (LIKE public.messages INCLUDING ALL)",
    )
    .execute(&mut database)
    .await?;
    Ok(())
}

/// Single-row inserts on so many connections.
pub(crate) async fn inserts(
    plane: &Plane,
    clients: usize,
    receivers: &Arc<Vec<Uuid>>,
    body: &Arc<str>,
    window: Duration,
) -> Outcome<Latencies> {
    let mut open: Vec<PgConnection> = Vec::new();
    for _each in 0..clients {
        open.push(plane.database().await?);
    }
    let until = Instant::now() + window;
    let tasks: Vec<_> = open
        .into_iter()
        .enumerate()
        .map(|(number, mut database)| {
            let (receivers, body) = (Arc::clone(receivers), Arc::clone(body));
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                for receiver in receivers.iter().cycle().skip(number) {
                    let begin = Instant::now();
                    if until <= begin {
                        break;
                    }
                    sqlx::query(INSERT)
                        .bind(receiver)
                        .bind(&*body)
                        .execute(&mut database)
                        .await?;
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

/// Multi-row inserts on one connection: rows a second, and the time of each statement.
pub(crate) async fn multi_row_inserts(
    plane: &Plane,
    rows: Option<usize>,
    receivers: &[Uuid],
    body: &str,
    window: Duration,
) -> Outcome<(f64, Latencies)> {
    let rows = rows.unwrap_or(ROWS);
    let mut database = plane.database().await?;
    let batch: Vec<Uuid> = receivers.iter().copied().cycle().take(rows).collect();
    let (began, mut latencies) = (Instant::now(), Latencies::default());
    while began.elapsed() < window {
        let begin = Instant::now();
        sqlx::query(INSERT_MANY)
            .bind(&batch)
            .bind(body)
            .execute(&mut database)
            .await?;
        latencies.add(begin.elapsed());
    }
    let rate = number(latencies.count() * rows) / began.elapsed().as_secs_f64();
    Ok((rate, latencies))
}

/// The bare server as a process of its own, so that its processor time can be told from the load's.
pub(crate) struct BareServer {
    child: Child,
    /// It ends when this does.
    _stdin: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
}

impl BareServer {
    pub(crate) fn start(place: &Place) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(BARE_ROUTE)
            .current_dir(place.dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let out = child.stdout.take().ok_or("the bare server has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok(Self {
            address: line.trim().parse()?,
            child,
            _stdin: stdin,
        })
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    body: String,
    sender_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    ok: bool,
    message_id: Uuid,
}

/// The bare server: parses the same JSON and answers in the same form.
#[tokio::main]
pub(crate) async fn serve() -> Outcome<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    crate::say(&listener.local_addr()?.to_string())?;
    let answer = |Json(mail): Json<Mail>| async move {
        let ok = !mail.body.is_empty() && mail.sender_name.is_none();
        let message_id = Uuid::from_u128(u128::from(mail.body.len().is_power_of_two()));
        (StatusCode::ACCEPTED, Json(Accepted { ok, message_id }))
    };
    let router = Router::new().route("/messages", post(answer));
    let served = tokio::spawn(async move { axum::serve(listener, router).await });
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    served.abort();
    Ok(())
}

/// The stub agent without Optio: from its start to its first line, and how many a second end at
/// `at_once`.
pub(crate) async fn processes(
    place: &Place,
    runs: usize,
    at_once: usize,
    window: Duration,
) -> Outcome<(Latencies, f64)> {
    let stub = place.stub();
    let mut first_lines = Latencies::default();
    for _each in 0..runs {
        let began = Instant::now();
        let mut child = Command::new(&stub)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("the stub has no output")?;
        BufReader::new(out).read_line(&mut String::new())?;
        first_lines.add(began.elapsed());
        child.wait()?;
    }
    let began = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|_each| {
            let stub = stub.clone();
            tokio::spawn(async move {
                let mut ended = 0;
                while began.elapsed() < window {
                    let output = tokio::process::Command::new(&stub)
                        .stdin(Stdio::null())
                        .output()
                        .await?;
                    ended += usize::from(output.status.success());
                }
                Outcome::Ok(ended)
            })
        })
        .collect();
    let mut ended = 0;
    for task in tasks {
        ended += task.await??;
    }
    Ok((first_lines, number(ended) / began.elapsed().as_secs_f64()))
}

/// How long Postgres took for its last start, in milliseconds, from its own log.
pub(crate) fn postgres_start_ms(place: &Place) -> Outcome<f64> {
    let log = std::fs::read_to_string(place.postgres_log())?;
    let time = |words: &str| -> Outcome<f64> {
        let line = log.lines().rfind(|line| line.contains(words));
        // `2026-01-31 23:59:59.123 UTC [4711] LOG:  …`
        let clock = line.and_then(|line| line.split(' ').nth(1));
        let mut seconds = 0.0;
        for part in clock.ok_or("Postgres's log has no such line")?.split(':') {
            seconds = seconds * 60.0 + part.parse::<f64>()?;
        }
        Ok(seconds * 1_000.0)
    };
    Ok(time("ready to accept connections")? - time("starting PostgreSQL")?)
}

/// Processor time of the bare server and of Postgres.
pub(crate) fn cpu(server: &BareServer, plane: &Plane) -> machine::Cpu {
    machine::cpu(server.pid(), plane.postmaster)
}
