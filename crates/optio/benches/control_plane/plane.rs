//! The real program in a place of its own, which is gone afterwards whatever happens.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::{Outcome, http, machine};

/// Where it listens, if nobody says otherwise.
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long a start or a stop may take.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// What secrets are sealed with, of which there are none.
const ENCRYPTION_KEY: &str = "5d90c1e7a34b826f0e73d8f41ac96b25847f30dce1592ab6f3680ed47b9c25a1";
/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long processes that were left may take to end when told to.
const LEFT_MAX: Duration = Duration::from_secs(5);
/// Where the program looks for the agent's command line tool.
const STUB: &str = "tools/claude-code-2.1.328/claude";
/// Stands in for the agent: says at once that it is done. One agent, known by its slug, calls its
/// peers first and reports how long each call took; others, known by theirs, say a great deal first.
const STUB_TEXT: &str = r##"#!/bin/sh
said=done
if [ "$OPTIO_PERSISTENT_AGENT_SLUG" = crier ]; then
    said=
    for call in 1 2 3 4 5; do
        said="$said $(curl --silent --output /dev/null --write-out '%{http_code}:%{time_total}' \
            --header "X-Optio-Agent-Token: $OPTIO_AGENT_TOKEN" --json '{"body":"to all"}' \
            "$OPTIO_API_URL/api/internal/persistent-agents/broadcast")"
        sleep 1
    done
fi
case "$OPTIO_PERSISTENT_AGENT_SLUG" in
talker-*)
    yes '{"type":"assistant","message":{"content":[{"type":"text","text":"one line of what an agent says while it works"}]}}' |
        head -n "${OPTIO_PERSISTENT_AGENT_SLUG#talker-}" ;;
esac
printf '%s\n' '{"type":"system","subtype":"init","cwd":"/workspace","session_id":"41f63979-c9c0-41b8-8a11-2108dbbfd52a","tools":[],"mcp_servers":[],"model":"stub","permissionMode":"bypassPermissions","claude_code_version":"2.1.328"}'
printf '%s\n' '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"'"$said"'","session_id":"41f63979-c9c0-41b8-8a11-2108dbbfd52a","total_cost_usd":0.0,"usage":{"input_tokens":1,"output_tokens":1}}'
"##;

/// A directory with everything of a run.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Outcome<Self> {
        // Always /tmp: a socket's path may have 107 bytes. Postgres and agents run as other users.
        let dir = tempfile::Builder::new()
            .prefix("optio-bench.")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in("/tmp")?;
        let place = Self { dir };
        let stub = place.stub();
        fs::create_dir_all(stub.parent().unwrap_or(place.dir()))?;
        fs::write(&stub, STUB_TEXT)?;
        fs::set_permissions(&stub, fs::Permissions::from_mode(0o755))?;
        Ok(place)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn stub(&self) -> PathBuf {
        self.dir().join(STUB)
    }

    pub(crate) fn postgres_log(&self) -> PathBuf {
        self.dir().join("data/postgres.log")
    }
}

/// Whoever works in our directory was started by us.
impl Drop for Place {
    fn drop(&mut self) {
        // Postgres takes QUIT for an end without ceremony that leaves nothing behind.
        for signal in [Signal::QUIT, Signal::KILL] {
            let deadline = Instant::now() + LEFT_MAX;
            loop {
                let left = machine::working_in(self.dir());
                for pid in left.iter().filter_map(|pid| Pid::from_raw(*pid)) {
                    let _already_gone = kill_process(pid, signal);
                }
                if left.is_empty() || deadline < Instant::now() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// The control plane, while it runs.
pub(crate) struct Plane {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) postmaster: i32,
    /// Where its Postgres listens.
    pub(crate) socket_dir: PathBuf,
    /// Its database there.
    name: String,
    /// From its start to its first good answer.
    pub(crate) took: Duration,
}

impl Plane {
    pub(crate) async fn start(place: &Place) -> Outcome<Self> {
        let mut plane = Self::begin(place, "dev", LOCAL, &[]).await?;
        let pid_file = fs::read_to_string(place.dir().join("data/postgres/postmaster.pid"))?;
        let mut lines = pid_file.lines();
        plane.postmaster = lines.next().unwrap_or_default().trim().parse()?;
        plane.socket_dir = lines.nth(3).unwrap_or_default().into();
        Ok(plane)
    }

    /// Starts the real program on another database of our Postgres.
    pub(crate) async fn serve(&self, place: &Place, database: &str) -> Outcome<Self> {
        self.serve_with(place, database, &[]).await
    }

    /// The same with further settings.
    pub(crate) async fn serve_with(
        &self,
        place: &Place,
        database: &str,
        settings: &[(&str, String)],
    ) -> Outcome<Self> {
        self.serve_at(place, database, LOCAL, settings).await
    }

    /// The same at another address of this machine.
    pub(crate) async fn serve_at(
        &self,
        place: &Place,
        database: &str,
        host: IpAddr,
        settings: &[(&str, String)],
    ) -> Outcome<Self> {
        let mut settings = settings.to_vec();
        settings.push(("DATABASE_URL", self.url_of(database)));
        let mut plane = Self::begin(place, "serve", host, &settings).await?;
        plane.postmaster = self.postmaster;
        plane.socket_dir.clone_from(&self.socket_dir);
        database.clone_into(&mut plane.name);
        Ok(plane)
    }

    /// A database of our Postgres.
    pub(crate) fn url_of(&self, database: &str) -> String {
        let host = self.socket_dir.display();
        format!("postgres:///{database}?host={host}&user=postgres")
    }

    async fn begin(
        place: &Place,
        command: &str,
        host: IpAddr,
        settings: &[(&str, String)],
    ) -> Outcome<Self> {
        // Free now, and nobody else will be given it soon.
        let address = TcpListener::bind((host, 0))?.local_addr()?;
        let dir = place.dir();
        let log = dir.join(format!("optio-{command}.log"));
        let out = fs::File::create(&log)?;
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_optio"))
            .arg(command)
            .arg("--data-dir")
            .arg(dir.join("data"))
            .args(["--listen", &address.to_string()])
            // Nobody's settings but ours.
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", dir)
            .env("OPTIO_TOOLS_DIR", dir.join("tools"))
            .env("OPTIO_LIMITS_INBOX_MESSAGES_MAX", "2000000000")
            // A runaway is what this is measured with.
            .env("OPTIO_LIMITS_WAKE_TURNS_MAX", "2000000000")
            .env("OPTIO_LOG", "warn")
            .env("ANTHROPIC_API_KEY", "none")
            .env("OPTIO_ENCRYPTION_KEY", ENCRYPTION_KEY)
            .env("OPTIO_API_INTERNAL_URL", format!("http://{address}"))
            .envs(settings.iter().cloned())
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()?;
        let mut plane = Self {
            child,
            address,
            postmaster: 0,
            socket_dir: PathBuf::new(),
            name: "optio".to_owned(),
            took: Duration::ZERO,
        };
        plane.ready(&log, began).await?;
        Ok(plane)
    }

    async fn ready(&mut self, log: &Path, began: Instant) -> Outcome<()> {
        let health = http::get("/api/health");
        while began.elapsed() < WAIT_MAX {
            if let Some(status) = self.child.try_wait()? {
                let said = fs::read_to_string(log)?;
                return Err(format!("optio ended ({status}): {said}").into());
            }
            if let Ok(mut connection) = http::Connection::open(self.address).await
                && connection.expect(200, &health).await.is_ok()
            {
                self.took = began.elapsed();
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
        Err("optio did not answer in time".into())
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }

    /// A connection to its database.
    pub(crate) async fn database(&self) -> Outcome<PgConnection> {
        connect(&self.socket_dir, &self.name).await
    }

    pub(crate) async fn client(&self) -> Outcome<http::Connection> {
        http::Connection::open(self.address).await
    }

    /// Processor time of all parts so far.
    pub(crate) fn cpu(&self) -> machine::Cpu {
        machine::cpu(self.pid(), self.postmaster)
    }

    /// Stops it in good order, with its Postgres.
    pub(crate) async fn stop(&mut self) -> Outcome<()> {
        let began = Instant::now();
        // Its number may be another's once it has ended.
        if self.child.try_wait()?.is_none()
            && let Some(pid) = Pid::from_raw(self.pid())
        {
            kill_process(pid, Signal::TERM)?;
        }
        while began.elapsed() < WAIT_MAX {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
        Err("optio did not stop in time".into())
    }
}

/// A connection to a database of the Postgres that listens there.
pub(crate) async fn connect(socket_dir: &Path, database: &str) -> Outcome<PgConnection> {
    let options = PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .username("postgres")
        .database(database);
    Ok(PgConnection::connect_with(&options).await?)
}

/// What Postgres does within minutes after much was written, done now: it is not what waiting costs.
pub(crate) async fn tidy(database: &mut PgConnection) -> Outcome<()> {
    for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
        sqlx::raw_sql(statement).execute(&mut *database).await?;
    }
    Ok(())
}

/// Where a run fails nobody stops it in good order.
impl Drop for Plane {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}
