//! The server process: started in a process group of its own, so that neither Ctrl-C nor our death
//! reaches it; found again by its pid file.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{
    LOOK_EVERY, PostgresError,
    cluster::{Cluster, PidFile},
    error::{at, understood},
    owner::Owner,
    programs::Programs,
};

/// How long a server may take until it answers, recovery after a crash included.
const READY_MAX: Duration = Duration::from_secs(120);
/// How long the processes of a killed server may take to notice.
const ORPHANS_MAX: Duration = Duration::from_secs(15);
/// How long an orderly stop may take.
const STOP_MAX: Duration = Duration::from_secs(30);
/// How long a stop without ceremony may take.
const QUIT_MAX: Duration = Duration::from_secs(5);
/// Bytes of the log from which on a start begins a new one.
const LOG_BYTES_MAX: u64 = 10 << 20;
/// Bytes shown of a log.
const LOG_SHOWN_MAX: u64 = 1_500;

const SETTINGS: [&str; 7] = [
    "listen_addresses=",
    "port=5432",
    "shared_buffers=128MB",
    "max_connections=100",
    "fsync=on",
    "synchronous_commit=on",
    "unix_socket_permissions=0700",
];

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    pid: i32,
    /// Where we started it ourselves: a child that is not waited for stays in the process table.
    child: Option<Child>,
    files: PathBuf,
    socket_dir: PathBuf,
}

impl Server {
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The server that runs on these files already.
    pub(super) fn adopt(
        cluster: &Cluster,
        programs: &Programs,
        owner: &Owner,
    ) -> Result<Option<Self>, PostgresError> {
        let Some(PidFile { pid, socket_dir }) = cluster.pid_file()? else {
            return Ok(None);
        };
        let server = Self {
            pid,
            child: None,
            files: cluster.dir.clone(),
            socket_dir,
        };
        let deadline = Instant::now() + READY_MAX;
        while Instant::now() < deadline {
            if !is_alive(pid, &cluster.dir) {
                return Ok(None);
            }
            if server.answers(programs, owner)? {
                return Ok(Some(server));
            }
            // It is starting or stopping.
            thread::sleep(LOOK_EVERY);
        }
        Err(not_ready(cluster, 0))
    }

    /// Starts a server on files on which none runs.
    pub(super) fn start(
        cluster: &Cluster,
        programs: &Programs,
        owner: &Owner,
        socket_dir: &Path,
    ) -> Result<Self, PostgresError> {
        // Another process may have the number of a server that was killed, and Postgres would take
        // it for that server. Where processes of it still run, Postgres notices by their memory.
        cluster.remove_leftovers(socket_dir)?;
        let deadline = Instant::now() + ORPHANS_MAX;
        loop {
            match Self::try_start(cluster, programs, owner, socket_dir) {
                // The processes of a server that was killed are still on their way out.
                Err(PostgresError::NotReady { said, .. })
                    if said.contains("shared memory block") && Instant::now() < deadline =>
                {
                    thread::sleep(LOOK_EVERY);
                }
                done => return done,
            }
        }
    }

    fn try_start(
        cluster: &Cluster,
        programs: &Programs,
        owner: &Owner,
        socket_dir: &Path,
    ) -> Result<Self, PostgresError> {
        let (log, log_start) = open_log(&cluster.log)?;
        let path = programs.path("postgres");
        let mut command = owner.command(&path);
        command.arg("-D").arg(&cluster.dir);
        command.arg("-k").arg(quoted(socket_dir));
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let errors = log.try_clone().map_err(at(&cluster.log))?;
        command.stdout(log).stderr(errors).process_group(0);
        let mut child = command.spawn().map_err(at(&path))?;
        let mut server = Self {
            pid: i32::try_from(child.id()).unwrap_or(i32::MAX),
            child: None,
            files: cluster.dir.clone(),
            socket_dir: socket_dir.to_path_buf(),
        };
        let deadline = Instant::now() + READY_MAX;
        while Instant::now() < deadline {
            let ended = child.try_wait().map_err(at(&path))?.is_some();
            if ended {
                return Err(not_ready(cluster, log_start));
            }
            if server.answers(programs, owner)? {
                server.child = Some(child);
                return Ok(server);
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(not_ready(cluster, log_start))
    }

    /// Creates a database where it is not there yet.
    pub(super) fn create_database(
        &self,
        programs: &Programs,
        owner: &Owner,
        name: &str,
    ) -> Result<(), PostgresError> {
        let seen = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if self.query(programs, owner, &seen)? == "1" {
            return Ok(());
        }
        self.query(programs, owner, &format!("CREATE DATABASE {name}"))?;
        Ok(())
    }

    pub(super) fn stop(mut self) -> Result<(), PostgresError> {
        // INT ends connections and writes a checkpoint; QUIT does neither and loses nothing either.
        for (signal, wait) in [(Signal::INT, STOP_MAX), (Signal::QUIT, QUIT_MAX)] {
            let Some(pid) = Pid::from_raw(self.pid) else {
                return Ok(());
            };
            // It may end by itself in between, but somebody else's stays as it is.
            if !self.is_gone() && kill_process(pid, signal) == Err(rustix::io::Errno::PERM) {
                break;
            }
            let deadline = Instant::now() + wait;
            while Instant::now() < deadline {
                if self.is_gone() {
                    return Ok(());
                }
                thread::sleep(LOOK_EVERY);
            }
        }
        Err(PostgresError::StillRunning { pid: self.pid })
    }

    fn is_gone(&mut self) -> bool {
        match &mut self.child {
            Some(child) => child.try_wait().is_ok_and(|status| status.is_some()),
            None => !is_alive(self.pid, &self.files),
        }
    }

    fn answers(&self, programs: &Programs, owner: &Owner) -> Result<bool, PostgresError> {
        let path = programs.path("pg_isready");
        let mut command = owner.command(&path);
        command.args(["--quiet", "--port=5432", "--username=postgres", "--host"]);
        let status = command.arg(&self.socket_dir).status().map_err(at(&path))?;
        Ok(status.success())
    }

    fn query(
        &self,
        programs: &Programs,
        owner: &Owner,
        sql: &str,
    ) -> Result<String, PostgresError> {
        let args = [
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            "--port=5432",
            "--username=postgres",
            "--dbname=postgres",
            "--command",
            sql,
            "--host",
        ];
        let args = args.iter().map(OsString::from);
        let args = args.chain([self.socket_dir.clone().into_os_string()]);
        owner.run(programs, "psql", args, &self.socket_dir)
    }
}

/// Whether a living process of that number is the Postgres of these files.
fn is_alive(pid: i32, files: &Path) -> bool {
    let Some(number) = Pid::from_raw(pid) else {
        return false;
    };
    // Without permission to signal it, it is somebody's all the same.
    if test_kill_process(number) == Err(rustix::io::Errno::SRCH) {
        return false;
    }
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        // Without a /proc the number is all there is to go by.
        return !Path::new("/proc/self").exists();
    };
    // `4711 (postgres) S …`; a Z has ended and only waits for its parent.
    let state = stat.rsplit_once(") ").map_or("", |(_, state)| state);
    // A server works in the directory of its files.
    let works_in = fs::read_link(format!("/proc/{pid}/cwd")).ok();
    !state.starts_with(['Z', 'X']) && works_in.is_some() && works_in == files.canonicalize().ok()
}

/// A directory as the list of socket directories takes it.
fn quoted(dir: &Path) -> OsString {
    let mut quoted = OsString::from("\"");
    quoted.push(dir);
    quoted.push("\"");
    quoted
}

/// The log for appending, and where the new part begins. Each start renews one that grew large.
fn open_log(path: &Path) -> Result<(File, u64), PostgresError> {
    let length = fs::metadata(path).map_or(0, |it| it.len());
    if LOG_BYTES_MAX < length {
        fs::rename(path, path.with_extension("log.1")).map_err(at(path))?;
    }
    let mut options = File::options();
    let file = options
        .create(true)
        .append(true)
        .open(path)
        .map_err(at(path))?;
    let start = file.metadata().map_err(at(path))?.len();
    Ok((file, start))
}

fn not_ready(cluster: &Cluster, log_start: u64) -> PostgresError {
    let said = end_of(&cluster.log, log_start).unwrap_or_default();
    understood(&said, &cluster.dir).unwrap_or_else(|| PostgresError::NotReady {
        log: cluster.log.clone(),
        said: said.trim().to_owned(),
    })
}

fn end_of(log: &Path, start: u64) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let from = file.metadata()?.len().saturating_sub(LOG_SHOWN_MAX);
    file.seek(SeekFrom::Start(from.max(start)))?;
    let mut bytes = Vec::new();
    file.take(LOG_SHOWN_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
