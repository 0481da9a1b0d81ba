//! A whole Optio: the real binaries, a real Postgres, the real agent program against a simulated
//! model. What a test does to it and asks of it are verbs of [`World`].

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use optio_simulators::{ModelSimulator, Scenario};

mod database;
mod http;
mod processes;
mod program;
mod server;

pub(crate) use database::query;
pub(crate) use processes::{Process, alive, kill9, marked, running, signal, until_gone};
pub(crate) use program::{FAKE_PRELUDE, fake};
pub(crate) use server::Server;

/// How long anything may take that is not about speed. The machines are shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// The model key of these worlds: a text that stands nowhere else.
pub(crate) const API_KEY: &str = "sk-ant-world-secret-0123456789";
/// The key that secrets of these worlds are sealed with.
pub(crate) const ENCRYPTION_KEY: &str =
    "3b8d0f6ac1975e24d86b02fa97c3e1504f7a29d86e05b3c1189df46a7be2503c";
/// An ordinary user of every Linux.
const NOBODY: u32 = 65534;

/// Where a world is that only its machine reaches, at any port.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The scenario worlds are played with.
const SCENARIO: &str = include_str!("scenario.toml");

/// A world that is not started yet.
pub(crate) struct Plan {
    env: BTreeMap<String, String>,
    embedded: bool,
    fake: Option<String>,
    ordinary: bool,
    own_key: bool,
    scenario: &'static str,
    at: SocketAddr,
}

impl Plan {
    /// A setting, as a variable of the environment.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without a setting.
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// With the Postgres that Optio starts by itself, instead of one that is there.
    pub(crate) fn embedded(mut self) -> Self {
        self.embedded = true;
        self
    }

    /// With a shell script in the place of the agent program.
    pub(crate) fn fake(mut self, script: &str) -> Self {
        self.fake = Some(script.to_owned());
        self
    }

    /// As an ordinary user, whoever runs the tests.
    pub(crate) fn ordinary(mut self) -> Self {
        self.ordinary = true;
        self
    }

    /// At this address of the machine, where that is not what only the machine itself reaches.
    pub(crate) fn at(mut self, address: SocketAddr) -> Self {
        self.at = address;
        self
    }

    /// The simulated model plays this scenario.
    pub(crate) fn scenario(mut self, text: &'static str) -> Self {
        self.scenario = text;
        self
    }

    /// Without a key for secrets: Optio makes its own, or is told one.
    pub(crate) fn own_key(mut self) -> Self {
        self.own_key = true;
        self
    }

    /// Makes the world without starting Optio.
    pub(crate) async fn prepare(self) -> World {
        let dir = tempfile::Builder::new()
            .prefix("optio-world.")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let home = dir.path().join("home");
        fs::create_dir(&home).unwrap();
        let scenario = Scenario::parse(self.scenario).unwrap();
        let model = ModelSimulator::start(SocketAddr::new(self.at.ip(), 0), scenario);
        let model = model.await.unwrap();
        let tools = match &self.fake {
            Some(script) => fake(dir.path(), script),
            None => program::real(),
        };
        let mut env = BTreeMap::from([
            ("HOME", home.display().to_string()),
            ("OPTIO_TOOLS_DIR", tools.display().to_string()),
            ("ANTHROPIC_API_KEY", API_KEY.to_owned()),
            ("ANTHROPIC_BASE_URL", model.url()),
        ])
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<BTreeMap<_, _>>();
        let database = (!self.embedded).then(database::Database::create);
        if let Some(database) = &database {
            env.insert("DATABASE_URL".to_owned(), database.url.clone());
        }
        if !self.own_key {
            let file = dir.path().join("encryption.key");
            fs::write(&file, ENCRYPTION_KEY).unwrap();
            let file = file.display().to_string();
            env.insert("OPTIO_ENCRYPTION_KEY_FILE".to_owned(), file);
        }
        env.extend(self.env);
        if self.ordinary && rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        World {
            env,
            ordinary: self.ordinary,
            _model: model,
            plane: None,
            starts: 0,
            address: (self.at.port() != 0).then_some(self.at),
            sandboxes: Vec::new(),
            http: reqwest::Client::new(),
            _database: database,
            dir,
        }
    }

    /// Makes the world and starts Optio.
    pub(crate) async fn start(self) -> World {
        let mut world = self.prepare().await;
        world.start().await;
        world
    }
}

/// A world.
pub(crate) struct World {
    _model: ModelSimulator,
    env: BTreeMap<String, String>,
    ordinary: bool,
    plane: Option<Child>,
    starts: u32,
    address: Option<SocketAddr>,
    /// Every sandbox there ever was: a deleted agent's directory is gone.
    sandboxes: Vec<String>,
    http: reqwest::Client,
    _database: Option<database::Database>,
    // The last to go.
    dir: tempfile::TempDir,
}

impl World {
    /// What a world is made of.
    pub(crate) fn plan() -> Plan {
        Plan {
            env: BTreeMap::new(),
            embedded: false,
            fake: None,
            ordinary: false,
            own_key: false,
            scenario: SCENARIO,
            at: LOOPBACK,
        }
    }

    /// Another value of a setting, from the next start on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// What a setting says.
    pub(crate) fn setting(&self, name: &str) -> &str {
        &self.env[name]
    }

    /// Talks to a control plane that somebody else has started.
    pub(crate) fn talk_at(&mut self, address: SocketAddr) {
        self.address = Some(address);
    }

    /// The world's own directory.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Optio's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The binary, with this world's environment and nothing else.
    pub(crate) fn binary(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_optio");
        let mut command = if self.ordinary && rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            let ids = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
            command.args(ids).args(["--clear-groups", program]);
            command
        } else {
            Command::new(program)
        };
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("NO_COLOR", "1")
            .envs(&self.env)
            .current_dir(self.dir())
            .stdin(Stdio::null());
        command
    }

    /// Starts the control plane, on the address it had before where there was one.
    pub(crate) async fn start(&mut self) {
        assert!(self.plane.is_none(), "it runs already");
        self.starts += 1;
        let listen = self.address.unwrap_or(LOOPBACK);
        let mut command = self.binary();
        command
            .args(["dev", "--listen", &listen.to_string(), "--data-dir"])
            .arg(self.data())
            .stdout(File::create(self.output_file("out")).unwrap())
            .stderr(File::create(self.output_file("err")).unwrap())
            // A terminal's Ctrl-C is for the test, which then stops everything in order.
            .process_group(0);
        self.plane = Some(command.spawn().unwrap());
        let address = self
            .until("the control plane to listen", async |world: &mut Self| {
                let ended = world.plane.as_mut().unwrap().try_wait().unwrap();
                assert!(ended.is_none(), "it ended at once: {}", world.said());
                let said = fs::read_to_string(world.output_file("out")).unwrap();
                let line = said.lines().next()?;
                let address = line.strip_prefix("Optio listens on http://")?;
                Some(address.parse().unwrap())
            })
            .await;
        self.address = Some(address);
    }

    fn output_file(&self, which: &str) -> PathBuf {
        self.dir().join(format!("optio-{}.{which}", self.starts))
    }

    /// Everything the control plane has printed since its last start.
    pub(crate) fn said(&self) -> String {
        let read = |which| fs::read_to_string(self.output_file(which)).unwrap_or_default();
        read("out") + &read("err") + &self.servers_said()
    }

    /// Asks the world's database.
    pub(crate) fn query(&self, sql: &str) -> String {
        query(&self.env["DATABASE_URL"], sql)
    }

    /// The control plane's process.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.plane.as_ref().unwrap().id()).unwrap()
    }

    /// Kills the control plane as a machine would: without a word.
    pub(crate) fn kill9(&mut self) {
        let mut plane = self.plane.take().unwrap();
        plane.kill().unwrap();
        plane.wait().unwrap();
    }

    /// Asks the control plane to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        signal(self.pid(), rustix::process::Signal::TERM);
        let ended = async |world: &mut Self| world.plane.as_mut().unwrap().try_wait().unwrap();
        let status = self.until("the control plane to stop", ended).await;
        self.plane = None;
        status
    }

    /// Ends the world: everything stops when asked, and nothing is left.
    pub(crate) async fn end(mut self) {
        if self.plane.is_some() {
            let status = self.stop().await;
            assert!(status.success(), "{status}: {}", self.said());
        }
        self.nothing_is_left();
    }

    /// Asserts that no process of this world is there.
    pub(crate) fn nothing_is_left(&mut self) {
        let left = self.processes();
        assert!(left.is_empty(), "left behind: {left:#?}");
        let postmaster = self.postmaster();
        assert_eq!(postmaster, None, "Postgres was left behind");
    }

    /// The embedded Postgres, where it runs.
    pub(crate) fn postmaster(&self) -> Option<i32> {
        let file = self.data().join("postgres/postmaster.pid");
        let text = fs::read_to_string(file).ok()?;
        let pid = text.lines().next()?.parse().ok()?;
        alive(pid).then_some(pid)
    }

    /// The runners, agents and tools of this world.
    pub(crate) fn processes(&mut self) -> Vec<Process> {
        self.remember_sandboxes();
        marked(&self.sandboxes)
    }

    /// The runner, the agent and the tools of one agent.
    pub(crate) fn processes_of(&self, agent: &str) -> Vec<Process> {
        marked(&[agent.to_owned()])
    }

    fn remember_sandboxes(&mut self) {
        let entries = fs::read_dir(self.data().join("sandboxes"));
        for entry in entries.into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if !self.sandboxes.contains(&name) {
                self.sandboxes.push(name);
            }
        }
    }

    /// The directory of an agent's sandbox.
    pub(crate) fn sandbox(&self, agent: &str) -> PathBuf {
        self.data().join("sandboxes").join(agent)
    }

    /// A file of an agent's `/workspace`.
    pub(crate) fn workspace(&self, agent: &str, file: &str) -> PathBuf {
        self.sandbox(agent).join("workspace").join(file)
    }

    /// The process of an agent's runner.
    pub(crate) fn runner(&self, agent: &str) -> Option<i32> {
        let text = fs::read_to_string(self.sandbox(agent).join("runner/pid")).ok()?;
        let pid = text.split(' ').next()?.parse().ok()?;
        alive(pid).then_some(pid)
    }

    /// Waits for something, and says everything there is to say when it does not come.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut(&mut Self) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self).await {
                return found;
            }
            if deadline < Instant::now() {
                let agents = self.agents_in_words().await;
                panic!("never: {what}\n{agents}\n{}", self.said());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for a file to be there.
    pub(crate) async fn until_file(&mut self, file: &Path) {
        let what = file.display().to_string();
        self.until(&what, async |_| file.exists().then_some(()))
            .await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.said());
        }
        if let Some(mut plane) = self.plane.take() {
            drop(plane.kill());
            drop(plane.wait());
        }
        self.remember_sandboxes();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let left = marked(&self.sandboxes);
            if left.is_empty() {
                break;
            }
            left.iter().for_each(|process| kill9(process.pid));
            std::thread::sleep(LOOK_EVERY);
        }
        if let Some(pid) = self.postmaster() {
            signal(pid, rustix::process::Signal::QUIT);
            until_gone(&[pid]);
        }
    }
}

/// A number that stands in no other command line of this machine.
pub(crate) fn unique() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    std::process::id() * 1_000 + COUNT.fetch_add(1, Ordering::Relaxed)
}
