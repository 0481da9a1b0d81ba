//! The embedded Postgres, with the real programs of this machine, as root and as an ordinary user.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use optio::postgres::EmbeddedPostgres;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// An ordinary user of every Linux.
const NOBODY: u32 = 65534;
const PATIENCE: Duration = Duration::from_secs(60);

/// A data directory that takes its server along when it goes.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(dir)
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn start(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::start(&self.dir(), "postgres").unwrap()
    }

    fn running(&self) -> Option<i32> {
        let text = fs::read_to_string(self.dir().join("postgres/postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(pid) = self.running().filter(|pid| is_alive(*pid)) {
            kill(pid, Signal::QUIT);
            wait_until(|| !is_alive(pid));
        }
    }
}

fn wait_until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited too long");
        thread::sleep(Duration::from_millis(20));
    }
}

fn kill(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// A zombie is not alive.
fn is_alive(pid: i32) -> bool {
    let there = test_kill_process(Pid::from_raw(pid).unwrap()).is_ok();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    there && !stat.contains(") Z")
}

fn query(postgres: &EmbeddedPostgres, sql: &str) -> String {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .arg(postgres.url());
    let output = psql.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What must be true whoever runs it.
fn lives_a_whole_life() {
    let place = Place::new();
    let postgres = place.start();
    assert!(!postgres.is_adopted());
    query(&postgres, "CREATE TABLE kept (n int)");
    let shown = "SELECT concat_ws(' ', current_setting('server_encoding'), current_setting('lc_collate'), \
        current_setting('data_checksums'), current_setting('listen_addresses'), \
        current_setting('fsync'), current_setting('synchronous_commit'))";
    assert_eq!(query(&postgres, shown), "UTF8 C on  on on");
    let run = fs::metadata(place.dir().join("postgres-run")).unwrap();
    assert_eq!(run.mode() & 0o777, 0o700);
    let process = fs::metadata(format!("/proc/{}", postgres.pid())).unwrap();
    assert_ne!(process.uid(), 0, "Postgres must not be root");

    // Without a stop it stays, and the next start finds it.
    let pid = postgres.pid();
    drop(postgres);
    let postgres = place.start();
    assert!(postgres.is_adopted());
    assert_eq!(postgres.pid(), pid);
    query(&postgres, "INSERT INTO kept VALUES (1)");

    // Killed: the pid file is stale, and the data is all there.
    kill(pid, Signal::KILL);
    wait_until(|| !is_alive(pid));
    drop(postgres);
    let postgres = place.start();
    assert!(!postgres.is_adopted());
    assert_eq!(query(&postgres, "SELECT n FROM kept"), "1");

    // Stopped: nothing runs.
    let pid = postgres.pid();
    postgres.stop().unwrap();
    assert!(!is_alive(pid));
    assert_eq!(place.running(), None);

    // The number of the killed one belongs to somebody else by now.
    let stranger = Sleeper::new();
    let text = format!(
        "{}\n{}\n1\n5432\n{}\n\n1 1\nready\n",
        stranger.0.id(),
        place.dir().join("postgres").display(),
        place.dir().join("postgres-run").display(),
    );
    fs::write(place.dir().join("postgres/postmaster.pid"), text).unwrap();
    let postgres = place.start();
    assert_eq!(query(&postgres, "SELECT n FROM kept"), "1");

    // An adopted one is stopped as well.
    let adopted = place.start();
    assert!(adopted.is_adopted());
    drop(postgres);
    adopted.stop().unwrap();
    assert_eq!(place.running(), None);
}

struct Sleeper(Child);

impl Sleeper {
    fn new() -> Self {
        Self(Command::new("sleep").arg("600").spawn().unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// This test binary again, with one of its tests.
fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command
}

fn we_are_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn it_lives_a_whole_life_for_whoever_runs_this() {
    lives_a_whole_life();
}

#[test]
fn it_lives_a_whole_life_for_an_ordinary_user() {
    if !we_are_root() {
        return; // The test above was about that.
    }
    let mut command = again("postgres::it_lives_a_whole_life_for_whoever_runs_this");
    command.uid(NOBODY).gid(NOBODY).current_dir("/");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn it_outlives_the_program_that_started_it() {
    let place = Place::new();
    let mut program = Command::new(env!("CARGO_BIN_EXE_optio"))
        .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(place.dir())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until(|| place.running().is_some());
    program.kill().unwrap();
    program.wait().unwrap();
    let pid = place.running().unwrap();
    assert!(is_alive(pid));
    // Alone in its process group, it does not hear a terminal's Ctrl-C either.
    let group = rustix::process::getpgid(Pid::from_raw(pid)).unwrap();
    assert_eq!(group.as_raw_nonzero().get(), pid);
    let postgres = place.start();
    assert!(postgres.is_adopted());
    assert_eq!(postgres.pid(), pid);
    assert_eq!(query(&postgres, "SELECT current_database()"), "optio");
    postgres.stop().unwrap();
}

#[test]
fn two_starts_at_once_share_one_server() {
    let place = Place::new();
    let both: Vec<_> = thread::scope(|scope| {
        let starts = [0, 1].map(|_| scope.spawn(|| place.start()));
        starts.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(both[0].pid(), both[1].pid());
    assert_ne!(both[0].is_adopted(), both[1].is_adopted());
}

#[test]
fn data_of_another_version_is_refused_and_kept() {
    let place = Place::new();
    let cluster = place.dir().join("postgres");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "8\n").unwrap();
    if we_are_root() {
        // Until they belong to the user Postgres runs as, they are somebody else's.
        let error = EmbeddedPostgres::start(&place.dir(), "postgres").unwrap_err();
        assert!(
            error.to_string().contains("made by another user"),
            "{error}"
        );
        assert!(!place.dir().join("postgres-run").exists());
        let postgres = Command::new("chown").arg("postgres").arg(&cluster).status();
        assert!(postgres.unwrap().success());
    }
    let error = EmbeddedPostgres::start(&place.dir(), "postgres").unwrap_err();
    let words = error.to_string();
    assert!(words.contains("holds data of Postgres 8"), "{words}");
    assert!(words.contains("pg_upgrade"), "{words}");
    assert!(cluster.join("PG_VERSION").exists());
}

#[test]
fn an_interrupted_making_leaves_nothing_that_looks_like_data() {
    let place = Place::new();
    let unfinished = place.dir().join("postgres.new");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let postgres = place.start();
    assert!(!unfinished.exists());
    postgres.stop().unwrap();
}

#[test]
fn a_directory_that_postgres_cannot_enter_is_named() {
    if !we_are_root() {
        return; // Only another user can be shut out.
    }
    let place = Place::new();
    let closed = place.0.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let error = EmbeddedPostgres::start(&closed.join("data"), "postgres").unwrap_err();
    let words = error.to_string();
    assert!(
        words.contains(&format!("chmod o+x {}`", closed.display())),
        "{words}"
    );
    let error = EmbeddedPostgres::start(&place.dir(), "nobody-of-that-name").unwrap_err();
    assert!(error.to_string().contains("adduser"), "{error}");
}
