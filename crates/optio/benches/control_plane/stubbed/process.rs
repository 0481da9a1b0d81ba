//! A control plane of the same parts, with a stub behind the sandbox port: its runs start at once, last a
//! stated time, and end well. A process of its own, so that it can be measured and killed.

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use optio_actors::{
    KnownRuns, World,
    agent::Agents,
    reports::{Reports, by_runtime},
};
use optio_adapters::{agents::claude_code::ClaudeCode, notifiers::http::HttpNotifier};
use optio_domain::{
    id::SandboxId,
    limits::Limits,
    notice::guard::PrivateHosts,
    ports::{
        AgentCli, Clock, Eventually, GitHosts, Ids, IsolationReport, NoTrackers, SandboxError,
        SandboxOrder, SandboxState, Sandboxes,
    },
    token::Signer,
    wire::runner::{EndCause, Ended, Happening, RunEvent, RunSpec, ToRunner},
};
use optio_gateway::Gateway;
use optio_runtime::{Engine, Kind, Mailroom, links::Links, stream::Stream};
use optio_store::Store;
use tracing_subscriber::layer::SubscriberExt as _;
use uuid::Uuid;

use crate::Outcome;

/// The argument that makes this program the stubbed control plane.
pub(crate) const STUBBED: &str = "--stubbed";
/// Connections to the database, as the real one has.
const CONNECTIONS: u32 = 32;
/// What an agent says that has done its work.
const RESULT: &str = r#"{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"done","session_id":"41f63979-c9c0-41b8-8a11-2108dbbfd52a","total_cost_usd":0.0,"usage":{"input_tokens":1,"output_tokens":1}}"#;
/// What an agent says while it works.
const LINE: &str = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"one line of what an agent says while it works"}]}}"#;
/// Lines reported at once, as a runner's connection brings them.
pub(super) const LINES: usize = 256;

/// How it is to be: address, database, milliseconds of a turn, turns at once, seconds between two
/// sweeps, lines that each turn prints, and whether statements are counted.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) listen: SocketAddr,
    pub(crate) database: String,
    pub(crate) turn_ms: u64,
    pub(crate) turns: i64,
    pub(crate) sweep_s: u64,
    pub(crate) lines: usize,
    pub(crate) counts: bool,
}

impl Shape {
    pub(crate) fn arguments(&self) -> Vec<String> {
        vec![
            STUBBED.to_owned(),
            self.listen.to_string(),
            self.database.clone(),
            self.turn_ms.to_string(),
            self.turns.to_string(),
            self.sweep_s.to_string(),
            self.lines.to_string(),
            self.counts.to_string(),
        ]
    }

    fn read(arguments: &[String]) -> Outcome<Self> {
        let [_, listen, database, turn_ms, turns, sweep_s, lines, counts] = arguments else {
            return Err("a stubbed control plane takes seven arguments".into());
        };
        Ok(Self {
            listen: listen.parse()?,
            database: database.clone(),
            turn_ms: turn_ms.parse()?,
            turns: turns.parse()?,
            sweep_s: sweep_s.parse()?,
            lines: lines.parse()?,
            counts: counts.parse()?,
        })
    }
}

/// Runs until it is killed.
pub(crate) fn serve(arguments: &[String]) -> Outcome<()> {
    let shape = Shape::read(arguments)?;
    let statements = Arc::new(AtomicU64::new(0));
    if shape.counts {
        let counter = Counter(Arc::clone(&statements));
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(counter))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(shape, statements))
}

fn notifier() -> HttpNotifier {
    HttpNotifier::new(PrivateHosts::default(), Duration::from_secs(1))
}

async fn run(shape: Shape, statements: Arc<AtomicU64>) -> Outcome<()> {
    let listener = tokio::net::TcpListener::bind(shape.listen).await?;
    let store = Store::connect(&shape.database, CONNECTIONS).await?;
    store.migrate().await?;
    let links = Links::default();
    let stub = Arc::new(Stub {
        links: links.clone(),
        reports: OnceLock::new(),
        turn: Duration::from_millis(shape.turn_ms),
        lines: shape.lines,
    });
    let clis: Vec<Arc<dyn AgentCli>> = vec![Arc::new(ClaudeCode {
        program: "/bin/true".into(),
        base_url: None,
        api_key: None,
        oauth_token: None,
    })];
    let world = World {
        stream: Stream::start(store.clone()),
        store: store.clone(),
        links,
        sandboxes: Arc::<Stub>::clone(&stub),
        clis: Arc::new(by_runtime(clis)),
        hosts: GitHosts::default(),
        trackers: Arc::new(NoTrackers),
        notifier: Arc::new(notifier()),
        clock: Arc::new(Now),
        ids: Arc::new(Random),
        signer: Signer::new(&[7; 32]).map_err(|_short| "a key of 32 bytes")?,
        api_url: format!("http://{}", shape.listen),
        runs: KnownRuns::default(),
        limits: Limits {
            inbox_messages_max: i32::MAX,
            turns_running_max: shape.turns,
            // A runaway is what this is measured with.
            wake_turns_max: i32::MAX,
            ..Limits::default()
        },
    };
    let agents = Arc::new(Agents::new(world.clone()));
    let kinds: Vec<Arc<dyn Kind>> = vec![Arc::<Agents>::clone(&agents)];
    let engine = Engine::start(store.clone(), Arc::clone(&world.clock), kinds).await?;
    agents.introduce(engine.hints());
    drop(
        stub.reports
            .set(Reports::new(world.clone(), engine.hints())),
    );
    let mailroom = Mailroom::start(store, engine.hints(), world.stream.clone(), world.limits);
    let sweep = engine.steering();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(shape.sweep_s)).await;
            if let Err(error) = sweep.resync().await {
                tracing::warn!(%error, "the sweep could not be made");
            }
        }
    });
    tokio::spawn(async move {
        // Whoever starts us reads how many statements there were; there is nothing else to read.
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let count = statements.load(Ordering::Relaxed);
            if crate::say(&count.to_string()).is_err() {
                return;
            }
        }
    });
    let gateway = Gateway::new(world, mailroom, engine.hints());
    engine.resync().await?;
    Ok(gateway.serve(listener, std::future::pending()).await?)
}

/// Counts statements as the database's library reports them.
struct Counter(Arc<AtomicU64>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Counter {
    fn on_event(
        &self,
        event: &tracing::Event<'_>,
        _context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        if event.metadata().target() == "sqlx::query" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Now;

impl Clock for Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the time comes from"
    )]
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        chrono::Utc::now()
    }
}

struct Random;

impl Ids for Random {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where identities come from"
    )]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Sandboxes that are there at once, with runners that live in this process.
struct Stub {
    links: Links,
    reports: OnceLock<Reports>,
    turn: Duration,
    lines: usize,
}

impl Stub {
    fn connect(&self, sandbox: SandboxId) {
        let Some(reports) = self.reports.get().cloned() else {
            return;
        };
        let (_connection, mut frames) = self.links.connect(sandbox, &[]);
        let (turn, lines) = (self.turn, self.lines);
        let greeted = reports.clone();
        tokio::spawn(async move {
            greeted.changed(sandbox);
            while let Some(frame) = frames.recv().await {
                if let ToRunner::Start(spec) = frame {
                    tokio::spawn(carry_out(reports.clone(), sandbox, spec, turn, lines));
                }
            }
        });
    }
}

async fn carry_out(
    reports: Reports,
    sandbox: SandboxId,
    spec: Box<RunSpec>,
    turn: Duration,
    lines: usize,
) {
    let mut seq = 0;
    let mut event = |what| {
        seq += 1;
        RunEvent {
            run: spec.run,
            epoch: spec.epoch,
            seq,
            at: Now.now(),
            what,
        }
    };
    let begin = event(Happening::Started {
        pid: 1,
        process: None,
    });
    report(&reports, sandbox, &[begin]).await;
    let mut left = lines;
    while 0 < left {
        let size = left.min(LINES);
        // Made as they are needed: what the stub holds is not to be taken for ours.
        let said = |_line| {
            event(Happening::Stdout {
                line: LINE.to_owned(),
                cut: 0,
            })
        };
        let batch: Vec<RunEvent> = (0..size).map(said).collect();
        report(&reports, sandbox, &batch).await;
        left -= size;
    }
    let end = [
        event(Happening::Stdout {
            line: RESULT.to_owned(),
            cut: 0,
        }),
        event(Happening::Ended(Ended {
            cause: EndCause::Exited,
            code: Some(0),
            signal: None,
            detail: None,
        })),
    ];
    tokio::time::sleep(turn).await;
    report(&reports, sandbox, &end).await;
}

/// A runner repeats what was not taken in.
async fn report(reports: &Reports, sandbox: SandboxId, events: &[RunEvent]) {
    while let Err(error) = reports.take_in(sandbox, events).await {
        tracing::warn!(%error, "a report was not taken in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Sandboxes for Stub {
    fn ensure<'a>(&'a self, order: &'a SandboxOrder) -> Eventually<'a, Result<(), SandboxError>> {
        Box::pin(async {
            self.connect(order.sandbox);
            Ok(())
        })
    }

    fn state(&self, _sandbox: SandboxId) -> Eventually<'_, Result<SandboxState, SandboxError>> {
        Box::pin(async { Ok(SandboxState::Gone) })
    }

    fn retire(&self, _sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    fn destroy(&self, _sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    fn isolation(&self) -> IsolationReport {
        IsolationReport {
            isolated: false,
            words: "a stub runs nothing".to_owned(),
        }
    }
}
