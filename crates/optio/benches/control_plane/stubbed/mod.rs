//! The kernel alone: the same control plane with a stub in place of sandboxes, so that what is measured
//! is ours and Postgres's and not what starting a process costs.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    Outcome, Size,
    figures::{Found, Row, Target, number, whole},
    http, machine,
    plane::{self, Place, Plane},
    sends::Mail,
};

pub(crate) mod backlog;
pub(crate) mod curve;
pub(crate) mod ingest;
pub(crate) mod killed;
pub(crate) mod limits;
mod process;
pub(crate) mod turns;

use process::Shape;
pub(crate) use process::{STUBBED, serve};

/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(120);
/// How often it is looked whether something has come true.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The same where the question is not cheap.
const UNTIL_EVERY: Duration = Duration::from_millis(50);
/// Connections that create agents.
const CREATORS: usize = 32;

/// A stubbed control plane, while it runs.
struct Stubbed {
    child: Child,
    address: SocketAddr,
    name: String,
    socket_dir: PathBuf,
    postmaster: i32,
    statements: Arc<AtomicU64>,
    /// From its start to its first good answer.
    took: Duration,
}

/// What differs from one stubbed control plane to another.
#[derive(Clone, Copy)]
struct Manner {
    turn_ms: u64,
    turns: i64,
    sweep_s: u64,
    lines: usize,
    counts: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            turn_ms: 20,
            turns: 64,
            sweep_s: 30,
            lines: 0,
            counts: false,
        }
    }
}

impl Stubbed {
    /// Starts one on a database of this name, beside the real one on the same Postgres.
    async fn start(place: &Place, plane: &Plane, name: &str, manner: Manner) -> Outcome<Self> {
        let mut admin = plane.database().await?;
        let (there,): (bool,) =
            sqlx::query_as("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(name)
                .fetch_one(&mut admin)
                .await?;
        if !there {
            let create = format!("CREATE DATABASE {name}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(create))
                .execute(&mut admin)
                .await?;
        }
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let shape = Shape {
            listen: address,
            database: plane.url_of(name),
            turn_ms: manner.turn_ms,
            turns: manner.turns,
            sweep_s: manner.sweep_s,
            lines: manner.lines,
            counts: manner.counts,
        };
        let log = fs::File::create(place.dir().join("stubbed.log"))?;
        let began = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(shape.arguments())
            .env_clear()
            .current_dir(place.dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let statements = Arc::new(AtomicU64::new(0));
        if let Some(out) = child.stdout.take() {
            tokio::spawn(follow(out, Arc::clone(&statements)));
        }
        let mut stubbed = Self {
            child,
            address,
            name: name.to_owned(),
            socket_dir: plane.socket_dir.clone(),
            postmaster: plane.postmaster,
            statements,
            took: Duration::ZERO,
        };
        let health = http::get("/api/health");
        while began.elapsed() < START_MAX {
            if let Some(status) = stubbed.child.try_wait()? {
                let said = fs::read_to_string(place.dir().join("stubbed.log"))?;
                return Err(format!("the stubbed control plane ended ({status}): {said}").into());
            }
            if let Ok(mut connection) = http::Connection::open(address).await
                && connection.expect(200, &health).await.is_ok()
            {
                stubbed.took = began.elapsed();
                return Ok(stubbed);
            }
            sleep(LOOK_EVERY).await;
        }
        Err("the stubbed control plane did not answer in time".into())
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }

    fn cpu(&self) -> machine::Cpu {
        machine::cpu(self.pid(), self.postmaster)
    }

    async fn client(&self) -> Outcome<http::Connection> {
        http::Connection::open(self.address).await
    }

    async fn database(&self) -> Outcome<PgConnection> {
        plane::connect(&self.socket_dir, &self.name).await
    }

    /// Ends it as a power cut would.
    fn kill(mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Creates agents over several connections; returns their ids and how long it took, in seconds.
    async fn create(
        &self,
        prefix: &str,
        count: usize,
        lifecycle: &str,
        enabled: bool,
    ) -> Outcome<(Vec<Uuid>, f64)> {
        let requests: Vec<Vec<u8>> = (0..count)
            .map(|each| {
                let agent = json!({
                    "slug": format!("{prefix}-{each:06}"), "name": "Agent", "enabled": enabled,
                    "initialPrompt": "Wait for mail.", "podLifecycle": lifecycle,
                });
                http::post("/api/persistent-agents", &agent)
            })
            .collect();
        let requests = Arc::new(requests);
        let began = Instant::now();
        let mut tasks = Vec::new();
        for creator in 0..CREATORS {
            let mut client = self.client().await?;
            let requests = Arc::clone(&requests);
            tasks.push(tokio::spawn(async move {
                let mut made: Vec<Uuid> = Vec::new();
                for request in requests.iter().skip(creator).step_by(CREATORS) {
                    let answer = client.json(201, request).await?;
                    made.push(answer["agent"]["id"].as_str().unwrap_or_default().parse()?);
                }
                Outcome::Ok(made)
            }));
        }
        let mut ids: Vec<Uuid> = Vec::new();
        for task in tasks {
            ids.extend(task.await??);
        }
        Ok((ids, began.elapsed().as_secs_f64()))
    }
}

impl Drop for Stubbed {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Keeps the last number of statements that was said.
async fn follow(out: std::process::ChildStdout, statements: Arc<AtomicU64>) {
    let Ok(out) = tokio::process::ChildStdout::from_std(out) else {
        return;
    };
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Ok(count) = line.parse() {
            statements.store(count, Ordering::Relaxed);
        }
    }
}

/// Removes what a section has left, so that Postgres does not tidy it up while another is measured.
pub(crate) async fn forget(plane: &Plane) -> Outcome<()> {
    let mut admin = plane.database().await?;
    let drops: Vec<(String,)> = sqlx::query_as(
        r"SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
          WHERE datname LIKE 'stub\_%'",
    )
    .fetch_all(&mut admin)
    .await?;
    for (drop,) in drops {
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut admin)
            .await?;
    }
    Ok(())
}

/// The clock of the database, which stamps what is measured.
async fn clock(database: &mut PgConnection) -> Outcome<DateTime<Utc>> {
    let (now,): (DateTime<Utc>,) = sqlx::query_as("SELECT clock_timestamp()")
        .fetch_one(database)
        .await?;
    Ok(now)
}

/// Waits until something has come true in the database. When it did is read from the rows.
async fn until(
    database: &mut PgConnection,
    limit: Duration,
    what: &str,
    query: &'static str,
) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < limit {
        let (there,): (bool,) = sqlx::query_as(query).fetch_one(&mut *database).await?;
        if there {
            return Ok(());
        }
        sleep(UNTIL_EVERY).await;
    }
    Err(format!("not within {} s: {what}", limit.as_secs()).into())
}

/// Waits until nobody is left who has to look: a crowd still does for a while after it was created.
async fn looked(database: &mut PgConnection) -> Outcome<()> {
    let none = "SELECT NOT EXISTS (SELECT FROM actors WHERE wake_at <= now())";
    until(database, START_MAX, "all have looked", none).await
}

fn message(agent: Uuid) -> Vec<u8> {
    let path = format!("/api/persistent-agents/{agent}/messages");
    http::post(&path, &json!({ "body": "Go on." }))
}
