//! The control plane of one machine: everything wired together.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use optio_actors::{World, agent::Agents, asks::Asks, reports::by_runtime, schedules::Schedules};
use optio_adapters::{
    agents::claude_code::ClaudeCode,
    sandboxes::process::{ProcessSandboxes, Settings},
};
use optio_domain::{
    ports::{AgentCli, IsolationReport},
    wire::runner::RunAs,
};
use optio_gateway::Gateway;
use optio_runtime::{Bell, Engine, Kind, Mailroom, links::Links, stream::Stream};
use optio_store::{Ownership, Store, retention::Keep};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::{connect, database::Database, key};
use crate::{
    agent_versions,
    config::{Bwrap, Config, Secret, surroundings},
    failure::Failure,
    machine::{RandomIds, SystemClock},
};

/// Connections to the database.
const CONNECTIONS_MAX: u32 = 32;
/// How often schedules and the deadlines of questions are looked at.
const SCHEDULES_EVERY: Duration = Duration::from_secs(1);
/// How often everybody who may have something to do is told to look.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// How often the database is looked after.
const WATCH_EVERY: Duration = Duration::from_secs(2);
/// How long open requests may take once we stop.
const DRAIN_MAX: Duration = Duration::from_secs(2);
/// How long a runner without work lives without a control plane.
const ORPHAN_MS_MAX: u64 = 10 * 60 * 1_000;

/// The control plane, while it runs.
pub(super) struct ControlPlane {
    url: String,
    world: World,
    mailroom: Mailroom,
    engine: Engine,
    bell: Bell,
    database: Database,
    server: JoinHandle<()>,
    watch: JoinHandle<()>,
    stop: watch::Sender<bool>,
    lost: oneshot::Receiver<String>,
}

impl ControlPlane {
    /// Starts everything: the address first, so that a taken port is said before anything runs.
    pub(super) async fn start(config: Config) -> Result<Self, Failure> {
        let listener = listen(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::general(error.to_string()))?;
        let url = if config.listen.port() == 0 {
            format!("http://{address}")
        } else {
            config.public_url.clone()
        };
        std::fs::create_dir_all(&config.data_dir).map_err(|error| {
            Failure::general(format!(
                "the data directory {}: {error}",
                config.data_dir.display()
            ))
        })?;
        let database = Database::open(&config).await?;
        match Self::start_on(&config, url, listener, database.clone()).await {
            Ok(plane) => Ok(plane),
            Err(failure) => {
                database.abandon().await;
                Err(failure)
            }
        }
    }

    async fn start_on(
        config: &Config,
        url: String,
        listener: TcpListener,
        database: Database,
    ) -> Result<Self, Failure> {
        let store = connect(database.url(), CONNECTIONS_MAX).await?;
        let ownership = own(&store).await?;
        store
            .migrate()
            .await
            .map_err(|error| Failure::general(error.to_string()))?;
        let world = world(config, &url, store.clone()).await?;
        let agents = Arc::new(Agents::new(world.clone()));
        let kinds: Vec<Arc<dyn Kind>> = vec![Arc::<Agents>::clone(&agents)];
        let engine = Engine::start(store.clone(), Arc::clone(&world.clock), kinds)
            .await
            .map_err(|error| Failure::general(error.to_string()))?;
        agents.introduce(engine.hints());
        let mailroom = Mailroom::start(
            store.clone(),
            engine.hints(),
            world.stream.clone(),
            world.limits,
        );
        let bell = bell(&world, &engine)
            .await
            .map_err(|error| Failure::general(error.to_string()))?;
        let gateway = Gateway::new(world.clone(), mailroom.clone(), engine.hints());
        let (stop, stopping) = watch::channel(false);
        let server = serve(listener, gateway, stopping);
        let (say_lost, lost) = oneshot::channel();
        let watch = tokio::spawn(watch_database(database.clone(), store, ownership, say_lost));
        engine
            .resync()
            .await
            .map_err(|error| Failure::general(error.to_string()))?;
        Ok(Self {
            url,
            world,
            mailroom,
            engine,
            bell,
            database,
            server,
            watch,
            stop,
            lost,
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

    /// Accepts messages.
    pub(super) fn mailroom(&self) -> &Mailroom {
        &self.mailroom
    }

    /// Waits until another control plane has taken the database over; says so in words.
    pub(super) async fn lost(&mut self) -> String {
        match (&mut self.lost).await {
            Ok(reason) => reason,
            Err(_) => std::future::pending().await,
        }
    }

    /// Stops. Turns that run go on, unless `everything` is to end; sandboxes without work are ended.
    /// Returns how many turns go on.
    pub(super) async fn stop(self, everything: bool) -> Result<usize, Failure> {
        let _nobody_serves = self.stop.send(true);
        self.bell.stop().await;
        self.engine.stop().await;
        drop(tokio::time::timeout(DRAIN_MAX, self.server).await);
        self.watch.abort();
        let mut open = 0;
        for (sandbox, busy) in self.world.store.sandboxes().await.unwrap_or_default() {
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

/// Without a login everybody who reaches the port is the owner, so only this machine may reach it.
async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    if !address.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "{address} can be reached by others, and this version has no login; listen on 127.0.0.1"
        )));
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

async fn own(store: &Store) -> Result<Ownership, Failure> {
    let owned = store
        .own()
        .await
        .map_err(|error| Failure::general(error.to_string()))?;
    owned.ok_or_else(|| {
        Failure::general(
            "another Optio runs on this database; this version runs one control plane per database",
        )
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

async fn world(config: &Config, api_url: &str, store: Store) -> Result<World, Failure> {
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
    let sandboxes = Arc::new(ProcessSandboxes::new(settings).await);
    let clis: Vec<Arc<dyn AgentCli>> = vec![Arc::new(claude(config))];
    Ok(World {
        stream: Stream::start(store.clone()),
        store,
        links: Links::default(),
        sandboxes,
        clis: Arc::new(by_runtime(clis)),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        signer: key::signer(config)?,
        api_url: api_url.to_owned(),
        limits: config.limits,
    })
}

fn claude(config: &Config) -> ClaudeCode {
    let version = agent_versions::version("claude-code").unwrap_or_default();
    let program = config
        .tools_dir
        .join(format!("claude-code-{version}/claude"));
    let reveal = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
    ClaudeCode {
        // Only the real path is visible in a sandbox.
        program: std::fs::canonicalize(&program).unwrap_or(program),
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

async fn bell(world: &World, engine: &Engine) -> Result<Bell, optio_runtime::EngineError> {
    let bell = Bell::new().await?;
    let schedules = Schedules::new(world.clone(), engine.hints());
    let asks = Asks::new(world.clone(), engine.hints());
    bell.every(SCHEDULES_EVERY, move || {
        let (schedules, asks) = (schedules.clone(), asks.clone());
        Box::pin(async move {
            if let Err(error) = schedules.fire_due().await {
                tracing::debug!(%error, "schedules could not be looked at");
            }
            if let Err(error) = asks.end_due().await {
                tracing::debug!(%error, "questions could not be looked at");
            }
        })
    })
    .await?;
    let keep = Keep::from(&world.limits);
    let (sweep, tidied, clock) = (
        engine.sweep(),
        world.store.clone(),
        Arc::clone(&world.clock),
    );
    bell.every(SWEEP_EVERY, move || {
        let (sweep, tidied, clock) = (sweep.clone(), tidied.clone(), Arc::clone(&clock));
        Box::pin(async move {
            if let Err(error) = tidied.tidy(keep, clock.now()).await {
                tracing::debug!(%error, "what is old could not be deleted");
            }
            if let Err(error) = sweep.run().await {
                tracing::debug!(%error, "the sweep could not be made");
            }
        })
    })
    .await?;
    bell.start().await?;
    Ok(bell)
}

fn serve(
    listener: TcpListener,
    gateway: Gateway,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
        let served = gateway.serve(listener, stopped).await;
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP server ended");
        }
    })
}

/// Keeps our claim on the database, and our own server alive.
async fn watch_database(
    database: Database,
    store: Store,
    mut ownership: Ownership,
    say_lost: oneshot::Sender<String>,
) {
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        if ownership.holds().await {
            continue;
        }
        database.revive().await;
        match store.own().await {
            Ok(Some(again)) => {
                tracing::info!("the database is back");
                ownership = again;
            }
            Ok(None) => {
                let words = "another control plane has taken the database over while it was away";
                drop(say_lost.send(words.to_owned()));
                return;
            }
            Err(error) => tracing::warn!(%error, "the database is away, will look again"),
        }
    }
}
