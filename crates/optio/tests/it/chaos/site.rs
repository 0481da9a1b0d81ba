//! Everything a run is made of, and how it is built, healed, brought to rest and closed.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::json;
use tokio::{
    sync::Mutex,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep},
};

use super::{
    accounts::{self, Found},
    ledger::Ledger,
    load::{Client, Load, Receipts},
    machine::{Library, Machine},
    network::{Network, Weather},
    postgres::Postgres,
    replica::Replica,
    schedule::{Fault, Plan},
};
use crate::world::{ENCRYPTION_KEY, PATIENCE, alive, fake, kill9, marked, query};

const AGENT: &str = include_str!("agent.sh");
/// Messages that one inbox takes: few, so that it is full now and then.
const INBOX_MAX: usize = 15;
/// Clients that write to one agent at once: more than its inbox takes.
const FLOODERS: usize = 22;
/// How often something that has to change by itself is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What faults hit.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) replicas: Vec<Mutex<Replica>>,
    /// The machine of each replica.
    pub(super) machines: Vec<Arc<Machine>>,
    pub(super) postgres: Mutex<Postgres>,
    /// The machine of Postgres.
    pub(super) database: Arc<Machine>,
    pub(super) network: Network,
    sandboxes: PathBuf,
    agents: std::sync::Mutex<Vec<String>>,
    flooders: Vec<Arc<Client>>,
    struck: std::sync::Mutex<BTreeMap<Fault, u64>>,
}

/// A run's place.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) parts: Arc<Parts>,
    addresses: Vec<SocketAddr>,
    url: String,
    /// Starts again what has ended by itself.
    tender: JoinHandle<()>,
    begun: Instant,
    // The last to go.
    dir: tempfile::TempDir,
}

impl Parts {
    /// Notes that a fault was carried out.
    pub(super) fn struck(&self, fault: Fault) {
        *self.struck.lock().unwrap().entry(fault).or_default() += 1;
    }

    /// More messages at once than an inbox takes.
    pub(super) async fn flood(&self, pick: usize) {
        let mut senders = JoinSet::new();
        let agent = pick % self.agents.lock().unwrap().len();
        for client in &self.flooders {
            let client = Arc::clone(client);
            senders.spawn(async move { client.send(agent, 0).await });
        }
        senders.join_all().await;
    }

    /// The processes of the sandboxes' runners.
    pub(super) fn runners(&self) -> Vec<i32> {
        let agents = self.agents.lock().unwrap().clone();
        let pid = |agent: &String| {
            let file = self.sandboxes.join(agent).join("runner/pid");
            let text = fs::read_to_string(file).ok()?;
            let pid = text.split(' ').next()?.parse().ok()?;
            alive(pid).then_some(pid)
        };
        agents.iter().filter_map(pid).collect()
    }

    /// The processes of agent programs that work.
    pub(super) fn programs(&self) -> Vec<i32> {
        let all = marked(&self.agents.lock().unwrap());
        all.iter()
            .filter(|process| process.command.starts_with("/bin/bash"))
            .filter(|process| process.command.contains("--output-format stream-json"))
            .map(|process| process.pid)
            .collect()
    }
}

/// The programs as they are now: what is built while they run does not change them.
fn install(dir: &Path) {
    let optio = Path::new(env!("CARGO_BIN_EXE_optio"));
    for program in ["optio", "optio-runner"] {
        fs::copy(optio.with_file_name(program), dir.join(program)).unwrap();
    }
}

/// An address that is free now, and that nobody else will be given soon.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

impl Site {
    /// Builds everything and brings up the agents.
    pub(super) async fn build(plan: &Plan) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("optio-chaos.")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        let tools = fake(dir.path(), AGENT);
        let library = Library::compile(dir.path());
        let machine = |name: &str| Arc::new(library.machine(dir.path().join(name)));
        let database = machine("machine-database");
        let place = dir.path().join("postgres");
        let postgres = Postgres::start(&place, Arc::clone(&database)).await;
        let url = postgres.url();
        let addresses: Vec<_> = (0..plan.replicas).map(|_| free_address()).collect();
        install(dir.path());
        let network = Network::new();
        let public = network.way_to(&addresses).await;
        let env: BTreeMap<String, String> = [
            ("HOME", dir.path().join("home").display().to_string()),
            ("OPTIO_TOOLS_DIR", tools.display().to_string()),
            ("OPTIO_PUBLIC_URL", format!("http://{public}")),
            ("DATABASE_URL", url.clone()),
            ("ANTHROPIC_API_KEY", "none".to_owned()),
            ("OPTIO_ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
            ("OPTIO_LIMITS_INBOX_MESSAGES_MAX", INBOX_MAX.to_string()),
            // The scripted agent plays one turn per process.
            ("OPTIO_LIMITS_WARM_IDLE_MS_MAX", "0".to_owned()),
            // Agents that answer each other in milliseconds are what this is about.
            ("OPTIO_LIMITS_WAKE_TURNS_MAX", "1000000".to_owned()),
            ("OPTIO_LIMITS_VOLLEY_MESSAGES_MAX", "1000000".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let (mut replicas, mut machines) = (Vec::new(), Vec::new());
        for (number, address) in addresses.iter().enumerate() {
            let mut env = env.clone();
            let way = network.way_to(&[*address]).await;
            env.insert("OPTIO_ADVERTISE_URL".to_owned(), format!("http://{way}"));
            let command = if plan.replicas == 1 { "dev" } else { "serve" };
            let place = dir.path().to_owned();
            let machine = machine(&format!("machine-{number}"));
            machines.push(Arc::clone(&machine));
            let replica = Replica::new(number, *address, place, command, env, machine);
            replicas.push(Mutex::new(replica));
        }
        let flooder = |number| Arc::new(Client::new(format!("f{number}"), &addresses));
        let parts = Arc::new(Parts {
            replicas,
            machines,
            postgres: Mutex::new(postgres),
            database,
            network,
            sandboxes: dir.path().join("data/sandboxes"),
            agents: std::sync::Mutex::default(),
            flooders: (0..FLOODERS).map(flooder).collect(),
            struck: std::sync::Mutex::default(),
        });
        let site = Self {
            tender: tokio::spawn(tend(Arc::clone(&parts))),
            parts,
            addresses,
            url,
            begun: Instant::now(),
            dir,
        };
        site.heal().await;
        site.create_agents(plan).await;
        site
    }

    async fn create_agents(&self, plan: &Plan) {
        let http = reqwest::Client::new();
        let lifecycles = ["sticky", "always-on", "on-demand"];
        for number in 0..plan.agents {
            let role = format!("chaos peers={} fail=16 sleep=150", plan.agents);
            let body = json!({
                "slug": format!("a{number}"), "name": format!("a{number}"),
                "initialPrompt": "get ready", "systemPrompt": role,
                "podLifecycle": lifecycles[number % lifecycles.len()],
                "consecutiveFailureLimit": 1_000_000,
            });
            let path = format!("http://{}/api/persistent-agents", self.addresses[0]);
            let answer = http.post(path).json(&body).send().await.unwrap();
            let text = answer.text().await.unwrap();
            let made: serde_json::Value = serde_json::from_str(&text).unwrap();
            let id = made["agent"]["id"]
                .as_str()
                .unwrap_or_else(|| panic!("{text}"));
            self.parts.agents.lock().unwrap().push(id.to_owned());
        }
    }

    /// Puts clients to work.
    pub(super) fn load(&self, plan: &Plan) -> Load {
        Load::start(plan.clients, plan.agents, &self.addresses, plan.seed)
    }

    /// Nothing is wrong any more, and every replica listens.
    pub(super) async fn heal(&self) {
        self.parts.network.set(Weather::Fair);
        self.parts.postgres.lock().await.again().await;
        for replica in &self.parts.replicas {
            let mut replica = replica.lock().await;
            replica.signal(Signal::CONT);
            replica.start();
            let deadline = Instant::now() + PATIENCE;
            while !replica.listens() {
                assert!(
                    Instant::now() < deadline,
                    "never listens: {}",
                    replica.said()
                );
                replica.tend();
                sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Waits until nobody has anything to do; how long that took, or what was still to do.
    pub(super) async fn rest(&self, max: Duration) -> Result<Duration, String> {
        let begun = Instant::now();
        loop {
            let waits = query(&self.url, accounts::NOT_AT_REST);
            if waits.is_empty() {
                return Ok(begun.elapsed());
            }
            if max < begun.elapsed() {
                let mut words = format!("not at rest after {max:?}:\n{waits}\n");
                for replica in &self.parts.replicas {
                    words.push_str(&replica.lock().await.said());
                }
                return Err(words);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Stops everything, and counts.
    pub(super) async fn close(
        self,
        mut receipts: Receipts,
        rested: Result<Duration, String>,
    ) -> Found {
        let lasted = self.begun.elapsed();
        receipts.take(&self.parts.flooders);
        self.tender.abort();
        let mut falls = Vec::new();
        let mut logs = String::new();
        for replica in &self.parts.replicas {
            let mut replica = replica.lock().await;
            match replica.stop().await {
                Some(status) if status.success() => {}
                ended => falls.push(format!("the last stop ended with {ended:?}")),
            }
            falls.append(&mut replica.falls);
            logs.push_str(&fs::read_to_string(replica.log()).unwrap_or_default());
        }
        let agents = self.parts.agents.lock().unwrap().clone();
        let left = marked(&agents);
        let mut ledger = Ledger::default();
        for agent in &agents {
            let place = self.parts.sandboxes.join(agent);
            ledger.read(&place.join("workspace/ledger"));
        }
        let struck = self.parts.struck.lock().unwrap().clone();
        let mut found = accounts::settle(&self.url, &receipts, &ledger);
        found.facts.push(format!("faults: {struck:?}"));
        found
            .facts
            .push(format!("lasted {:.0} s", lasted.as_secs_f64()));
        match rested {
            Ok(took) => found
                .facts
                .push(format!("at rest after {:.1} s", took.as_secs_f64())),
            Err(words) => found.violations.push(words),
        }
        found.take_falls(&falls);
        found.take_logs(&logs);
        for process in left {
            found.violations.push(format!("left behind: {process:?}"));
        }
        if !found.violations.is_empty() {
            found.violations.push(self.keep());
        }
        found
    }

    /// Keeps the ledgers and logs of a run that went wrong; says where.
    fn keep(&self) -> String {
        let kept = std::env::temp_dir().join(format!("optio-chaos-red-{}", std::process::id()));
        let mut copy = std::process::Command::new("cp");
        copy.arg("-r").arg(self.dir.path()).arg(&kept);
        drop(copy.status());
        format!("logs, ledgers and database are kept in {}", kept.display())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.tender.abort();
        let agents = self.parts.agents.lock().unwrap().clone();
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            // Whoever starts runners goes first. One that a fault still holds is had the next time.
            let mut held = false;
            for replica in &self.parts.replicas {
                match replica.try_lock() {
                    Ok(mut replica) => replica.finish(),
                    Err(_) => held = true,
                }
            }
            let left = marked(&agents);
            if left.is_empty() && !held {
                return;
            }
            left.iter().for_each(|process| kill9(process.pid));
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// Starts again what ends although it is wanted, as a service manager does.
async fn tend(parts: Arc<Parts>) {
    loop {
        for replica in &parts.replicas {
            if let Ok(mut replica) = replica.try_lock() {
                replica.tend();
            }
        }
        sleep(LOOK_EVERY).await;
    }
}
