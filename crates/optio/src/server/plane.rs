//! The control plane of one machine: everything wired together.

use std::{path::PathBuf, sync::Arc, time::Duration};

use optio_actors::{Kinds, KnownRuns, World, reports::by_runtime};
use optio_adapters::{
    agents::claude_code::ClaudeCode,
    notifiers::http::HttpNotifier,
    sandboxes::{
        kubernetes::KubernetesSandboxes,
        process::{ProcessSandboxes, Settings},
    },
};
use optio_domain::{
    ownership::{Role, Shard},
    ports::{AgentCli, Clock, IsolationReport, Sandboxes},
    secret::SecretText,
    wire::runner::RunAs,
};
use optio_gateway::Gateway;
use optio_runtime::{
    Bell, Engine, Household, Joining, Leases, Mailroom, Peers, links::Links, stream::Stream,
};
use optio_store::{Store, ownership::Registry};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{connect, database::Database, hosts, key, rounds, vault};
use crate::{
    agent_versions,
    config::{Bwrap, Config, Runtime, Secret, surroundings},
    failure::Failure,
    machine::{self, RandomIds, SteadyClock, SystemClock},
};

/// Connections to the database.
const CONNECTIONS_MAX: u32 = 32;
/// How often the database is looked after.
const WATCH_EVERY: Duration = Duration::from_secs(2);
/// How long open requests may take once we stop.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// How long a runner without work lives without a control plane.
const ORPHAN_MS_MAX: u64 = 10 * 60 * 1_000;

/// The workspace there is.
pub(super) const WORKSPACE: &str = "default";

/// The control plane, while it runs.
pub(super) struct ControlPlane {
    url: String,
    world: World,
    mailroom: Mailroom,
    engine: Engine,
    bell: Bell,
    leases: Leases,
    database: Database,
    server: JoinHandle<()>,
    watch: JoinHandle<()>,
    stop: watch::Sender<bool>,
    /// Whether sandboxes go on without us also where nobody works in them.
    outlived: bool,
}

impl ControlPlane {
    /// Starts everything: the address first, so that a taken port is said before anything runs.
    pub(super) async fn start(config: Config, role: Role) -> Result<Self, Failure> {
        let listener = listen(&config).await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::general(error.to_string()))?;
        let own = format!("http://{address}");
        let addresses = Addresses {
            api: match &config.api_internal_url {
                Some(url) => url.clone(),
                None if config.listen.port() == 0 && config.public_url.ends_with(":0") => {
                    own.clone()
                }
                None => config.public_url.clone(),
            },
            runners: config.advertise_url.clone().unwrap_or_else(|| own.clone()),
            own,
        };
        std::fs::create_dir_all(&config.data_dir).map_err(|error| {
            Failure::general(format!(
                "the data directory {}: {error}",
                config.data_dir.display()
            ))
        })?;
        let database = Database::open(&config).await?;
        match Self::start_on(&config, role, addresses, listener, database.clone()).await {
            Ok(plane) => Ok(plane),
            Err(failure) => {
                database.abandon().await;
                Err(failure)
            }
        }
    }

    async fn start_on(
        config: &Config,
        role: Role,
        addresses: Addresses,
        listener: TcpListener,
        database: Database,
    ) -> Result<Self, Failure> {
        let store = connect(database.url(), CONNECTIONS_MAX).await?;
        store.migrate().await.map_err(general)?;
        let store = vault::open(config, &store, SystemClock.now()).await?;
        let mut leases = join(config, role, &addresses, database.url()).await?;
        let peers = leases.peers();
        let world = world(config, &addresses, peers.fence(&store), &peers).await?;
        let kinds = Kinds::new(&world);
        let clock = Arc::clone(&world.clock);
        let engine = Engine::start_among(peers, world.store.clone(), clock, kinds.all());
        let engine = engine.await.map_err(general)?;
        kinds.introduce(&engine.hints());
        let mailroom = Mailroom::start(
            world.store.clone(),
            engine.hints(),
            world.stream.clone(),
            world.limits,
        );
        let bell = rounds::start(&world, role, config.schedule_rate, &engine, &kinds)
            .await
            .map_err(general)?;
        let admin_token = config.admin_token.as_ref();
        let gateway = Gateway::guarded(
            world.clone(),
            mailroom.clone(),
            engine.hints(),
            admin_token.map(|token| SecretText::new(token.reveal().to_owned())),
        );
        gateway.hear_of_sandboxes();
        let (stop, stopping) = watch::channel(false);
        let server = serve(listener, gateway, role, stopping);
        let watch = tokio::spawn(watch_database(database.clone(), store));
        leases
            .begin(household(&world, &engine))
            .await
            .map_err(general)?;
        Ok(Self {
            url: addresses.own,
            world,
            mailroom,
            engine,
            bell,
            leases,
            database,
            server,
            watch,
            stop,
            outlived: matches!(config.runtime, Runtime::Kubernetes(_)),
        })
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How agents are kept apart from the machine.
    pub(super) fn isolation(&self) -> String {
        let IsolationReport { isolated, words } = self.world.sandboxes.isolation();
        if isolated {
            format!("agents are isolated: {words}")
        } else {
            words.replacen("agents are not isolated", "AGENTS ARE NOT ISOLATED", 1)
        }
    }

    /// What its parts are given.
    pub(super) fn world(&self) -> &World {
        &self.world
    }

    /// Whether somebody has stored what agent programs sign in with.
    pub(super) async fn has_stored_credentials(&self) -> bool {
        for cli in self.world.clis.values() {
            let stored = self
                .world
                .store
                .vendor_secrets(WORKSPACE, cli.credentials());
            if stored.await.is_ok_and(|stored| !stored.is_empty()) {
                return true;
            }
        }
        false
    }

    /// Accepts messages.
    pub(super) fn mailroom(&self) -> &Mailroom {
        &self.mailroom
    }

    /// Stops. Turns that run go on, unless `everything` is to end; sandboxes without work are ended,
    /// where no other control plane may want them. Returns how many turns go on.
    pub(super) async fn stop(mut self, everything: bool) -> Result<usize, Failure> {
        self.bell.stop().await;
        let others = self.leases.hand_over().await;
        self.engine.stop().await;
        let _nobody_serves = self.stop.send(true);
        drop(tokio::time::timeout(DRAIN_MAX, self.server).await);
        self.leases.leave().await;
        self.watch.abort();
        if others && !everything {
            self.world.store.close().await;
            self.database.leave().await;
            return Ok(0);
        }
        let mut open = 0;
        for (sandbox, busy) in self.world.store.sandboxes().await.unwrap_or_default() {
            // Pods belong to the cluster, and to whoever is rolled out next.
            if self.outlived && !everything {
                open += usize::from(busy);
                continue;
            }
            if busy && !everything {
                open += 1;
                continue;
            }
            if let Err(error) = self.world.sandboxes.retire(sandbox).await {
                tracing::warn!(sandbox.id = %sandbox, %error, "a sandbox could not be ended");
            }
        }
        self.world.store.close().await;
        self.database.close().await?;
        Ok(open)
    }
}

/// Where a control plane is reached.
struct Addresses {
    /// By people: where it listens.
    own: String,
    /// By agents.
    api: String,
    /// By runners and other control planes.
    runners: String,
}

fn general(error: impl std::fmt::Display) -> Failure {
    Failure::general(error.to_string())
}

/// Takes our place among the control planes of the database.
async fn join(
    config: &Config,
    role: Role,
    addresses: &Addresses,
    database: &Secret,
) -> Result<Leases, Failure> {
    let registry = Registry::connect(database.reveal())
        .await
        .map_err(general)?;
    let joining = Joining {
        url: addresses.runners.clone(),
        url_is_ours: addresses.runners == addresses.own,
        role,
        limits: config.limits,
        ids: Arc::new(RandomIds),
        uptime: Arc::new(machine::uptime),
    };
    Leases::join(registry, joining).await.map_err(general)
}

/// What shards that come and go concern.
fn household(world: &World, engine: &Engine) -> Household {
    let told = world.clone();
    Household {
        engine: engine.steering(),
        links: world.links.clone(),
        stream: world.stream.clone(),
        announce: Arc::new(move |shards| {
            let world = told.clone();
            Box::pin(async move { announce(&world, &shards).await })
        }),
    }
}

/// Lets the runners of these shards' sandboxes know where they find us: whoever they are connected to
/// may hang, and whoever they knew may be gone.
async fn announce(world: &World, shards: &[Shard]) {
    let sandboxes = match world.store.sandboxes().await {
        Ok(sandboxes) => sandboxes,
        Err(error) => {
            tracing::debug!(%error, "sandboxes could not be told where we are");
            return;
        }
    };
    for (sandbox, _busy) in sandboxes {
        if !shards.contains(&Shard::of(sandbox.0)) {
            continue;
        }
        let told = world.sandboxes.announce(sandbox, world.runner_url()).await;
        if let Err(error) = told {
            tracing::warn!(sandbox.id = %sandbox, %error, "a sandbox could not be told where we are");
        }
    }
}

/// Where nobody is asked who they are, everybody who reaches the port is the owner, so only this machine may
/// reach it unless somebody has said otherwise.
async fn listen(config: &Config) -> Result<TcpListener, Failure> {
    let address = config.listen;
    if !address.ip().is_loopback() && config.admin_token.is_none() {
        if !config.auth_disabled {
            return Err(Failure::usage(format!(
                "{address} can be reached by others, who would all be the owner"
            ))
            .with([
                "let in only who shows a token: OPTIO_ADMIN_TOKEN=$(openssl rand -hex 32)"
                    .to_owned(),
                "or listen on 127.0.0.1; OPTIO_AUTH_DISABLED=true lets everybody in".to_owned(),
            ]));
        }
        tracing::warn!(%address, "everybody who reaches this address is the owner: OPTIO_AUTH_DISABLED");
    }
    TcpListener::bind(address).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            return Failure::general(format!("the port of {address} is taken")).with([
                "stop what listens there, or choose another: --listen 127.0.0.1:PORT".to_owned(),
            ]);
        }
        Failure::general(format!("cannot listen on {address}: {error}"))
    })
}

/// The program, or why there is none: turned off and missing are mended differently.
fn bubblewrap(bwrap: &Bwrap, path: &[PathBuf]) -> Result<PathBuf, String> {
    let missing = || match bwrap {
        Bwrap::Off => "bubblewrap is turned off (unset OPTIO_BWRAP to have it)".to_owned(),
        Bwrap::InPath | Bwrap::At(_) => format!(
            "bubblewrap is not installed ({})",
            crate::postgres::install("bubblewrap")
        ),
    };
    bwrap.program(path).ok_or_else(missing)
}

async fn world(
    config: &Config,
    addresses: &Addresses,
    store: Store,
    peers: &Peers,
) -> Result<World, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SteadyClock::default());
    let sandboxes: Arc<dyn Sandboxes> = match &config.runtime {
        Runtime::Process => Arc::new(processes(config).await?),
        Runtime::Kubernetes(settings) => {
            let driver = KubernetesSandboxes::new((**settings).clone(), Arc::clone(&clock));
            Arc::new(driver.await.map_err(Failure::general)?)
        }
    };
    let clis: Vec<Arc<dyn AgentCli>> = vec![Arc::new(claude(config))];
    let outside = hosts::configured(config, &clock, |name| hosts::Stored::token(&store, name))?;
    let answer_max = Duration::from_millis(config.limits.webhook_ms_max);
    let notifier = HttpNotifier::new(config.webhook_private_hosts.clone(), answer_max);
    Ok(World {
        stream: Stream::start_among(peers.clone(), store.clone()),
        store,
        links: Links::among(peers.clone()),
        sandboxes,
        clis: Arc::new(by_runtime(clis)),
        hosts: outside.hosts,
        trackers: Arc::new(outside.trackers),
        notifier: Arc::new(notifier),
        clock,
        ids: Arc::new(RandomIds),
        signer: key::signer(config)?,
        api_url: addresses.api.clone(),
        runs: KnownRuns::default(),
        limits: config.limits,
    })
}

async fn processes(config: &Config) -> Result<ProcessSandboxes, Failure> {
    let path = surroundings::search_path();
    let settings = Settings {
        root: config.data_dir.join("sandboxes"),
        runner: runner()?,
        bwrap: bubblewrap(&config.bwrap, &path),
        path: path
            .iter()
            .map(|dir| dir.display().to_string())
            .collect::<Vec<_>>()
            .join(":"),
        run_as: config.agent_uid.map(|uid| RunAs { uid, gid: uid }),
        orphan_ms_max: ORPHAN_MS_MAX,
    };
    Ok(ProcessSandboxes::new(settings).await)
}

fn claude(config: &Config) -> ClaudeCode {
    let version = agent_versions::version("claude-code").unwrap_or_default();
    let program = match &config.runtime {
        Runtime::Process => config
            .tools_dir
            .join(format!("claude-code-{version}/claude")),
        // The image brings it, wherever in its PATH.
        Runtime::Kubernetes(_) => PathBuf::from("claude"),
    };
    let reveal = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
    ClaudeCode {
        // Only the real path is visible in a sandbox.
        program: match &config.runtime {
            Runtime::Process => std::fs::canonicalize(&program).unwrap_or(program),
            Runtime::Kubernetes(_) => program,
        },
        base_url: config.credentials.anthropic_base_url.clone(),
        api_key: reveal(&config.credentials.anthropic_api_key),
        oauth_token: reveal(&config.credentials.claude_code_oauth_token),
    }
}

/// The runner lies beside us.
fn runner() -> Result<PathBuf, Failure> {
    let ourselves = std::env::current_exe().map_err(|error| Failure::general(error.to_string()))?;
    let runner = ourselves.with_file_name("optio-runner");
    if runner.exists() {
        return Ok(runner);
    }
    Err(
        Failure::general(format!("{} is not there", runner.display()))
            .with(["build it: cargo build -p optio-runner".to_owned()]),
    )
}

fn serve(
    listener: TcpListener,
    gateway: Gateway,
    role: Role,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
        let served = match role {
            Role::All | Role::Gateway => gateway.serve(listener, stopped).await,
            Role::Actors => gateway.serve_runners(listener, stopped).await,
        };
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP server ended");
        }
    })
}

/// Keeps our own server alive.
async fn watch_database(database: Database, store: Store) {
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        if let Err(error) = store.ping().await {
            tracing::warn!(%error, "the database is away, will look again");
            database.revive().await;
        }
    }
}
