//! The router over a real socket, on a real database. No agent program runs: the driver's
//! sandboxes never dial in, so that a turn stays open until a person ends it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};
use optio_actors::{Kinds, KnownRuns, World, reports::Reports, reports::by_runtime};
use optio_domain::{
    actor::{Decision, Wait},
    agent::spec::Invalid,
    id::{AgentId, RunId, SandboxId, TurnId},
    limits::Limits,
    ports::{
        Clock, Eventually, GitHosts, Ids, IsolationReport, SandboxError, SandboxOrder,
        SandboxState, Sandboxes,
    },
    sandbox::SandboxSpec,
    secret::SecretText,
    token::{Signer, TurnClaims, Verb},
    wire::runner::{Happening, RunEvent},
};
use optio_runtime::{Engine, Mailroom, links::Links, stream::Stream};
use optio_store::{Store, step::Step, turns::TurnRow};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt as _;
use uuid::Uuid;

use super::{notifier::Receivers, schema, trackers::Trackers};
use crate::Gateway;

const AGENTS: &str = "/api/persistent-agents";
/// What the GitLab of these worlds sends with what it tells.
pub(crate) const GITLAB_SECRET: &str = "a-secret-of-gitlab";
/// What the GitHub of these worlds signs what it tells with.
pub(crate) const GITHUB_SECRET: &str = "a-secret-of-github";

struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }
}

#[derive(Default)]
struct Counting(AtomicU64);

impl Ids for Counting {
    fn fresh(&self) -> Uuid {
        let number = u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1;
        // Ids that are made beside another one differ before their last byte.
        Uuid::from_u128(number << 16 | number)
    }
}

/// Sandboxes that are there at once and whose runners never dial in.
#[derive(Default)]
struct Silent {
    panics: AtomicBool,
}

impl Sandboxes for Silent {
    fn ensure<'a>(&'a self, _order: &'a SandboxOrder) -> Eventually<'a, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    fn state(&self, _sandbox: SandboxId) -> Eventually<'_, Result<SandboxState, SandboxError>> {
        Box::pin(async { Ok(SandboxState::Alive) })
    }

    fn retire(&self, _sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    fn destroy(&self, _sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }

    /// Carries out everything but other runtimes.
    fn carries_out(&self, spec: &SandboxSpec) -> Result<(), Invalid> {
        match spec.runtime_class {
            None => Ok(()),
            Some(_) => Err(Invalid::new("runtimeClass", "cannot be had here")),
        }
    }

    fn isolation(&self) -> IsolationReport {
        assert!(!self.panics.load(Ordering::Relaxed), "a secret detail");
        IsolationReport {
            isolated: false,
            words: "played by hand".to_owned(),
        }
    }
}

/// What was logged as an error.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Errors {
    fn on_event(
        &self,
        event: &tracing::Event<'_>,
        _context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        if *event.metadata().level() == tracing::Level::ERROR {
            self.0.lock().unwrap().push(format!("{event:?}"));
        }
    }
}

pub(crate) struct Api {
    pub(crate) base: String,
    pub(crate) world: World,
    pub(crate) trackers: Arc<Trackers>,
    pub(crate) receivers: Receivers,
    engine: Engine,
    client: Client,
    driver: Arc<Silent>,
    errors: Errors,
    _log: tracing::subscriber::DefaultGuard,
}

impl Drop for Api {
    fn drop(&mut self) {
        let errors = self.errors.0.lock().unwrap().clone();
        if !std::thread::panicking() {
            assert!(errors.is_empty(), "the log has errors: {errors:#?}");
        }
    }
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        Self::on(optio_store::testing::database().await, limits).await
    }

    /// Beside a git host that is played by hand.
    pub(crate) async fn beside(host: Arc<dyn optio_domain::git_host::GitHost>) -> Self {
        let store = optio_store::testing::database().await;
        let hosts = GitHosts::new(vec![host]);
        Self::on_with(store, Limits::default(), hosts, None).await
    }

    /// Where whoever asks has to show this.
    pub(crate) async fn guarded(token: &str) -> Self {
        let store = optio_store::testing::database().await;
        let token = Some(SecretText::new(token));
        Self::on_with(store, Limits::default(), GitHosts::default(), token).await
    }

    pub(crate) async fn on(store: Store, limits: Limits) -> Self {
        Self::on_with(store, limits, GitHosts::default(), None).await
    }

    async fn on_with(
        store: Store,
        limits: Limits,
        hosts: GitHosts,
        admin_token: Option<SecretText>,
    ) -> Self {
        let errors = Errors::default();
        let log =
            tracing::subscriber::set_default(tracing_subscriber::registry().with(errors.clone()));
        let driver = Arc::new(Silent::default());
        let trackers = Arc::new(Trackers::default());
        let receivers = Receivers::default();
        let store = optio_store::testing::with_secrets(&store, StillClock.now()).await;
        let world = World {
            links: Links::default(),
            stream: Stream::start(store.clone()),
            store,
            sandboxes: Arc::<Silent>::clone(&driver),
            clis: Arc::new(by_runtime(Vec::new())),
            hosts: hosts
                .showing("gitlab.example", SecretText::new(GITLAB_SECRET))
                .signing("github.com", SecretText::new(GITHUB_SECRET)),
            trackers: Arc::<Trackers>::clone(&trackers),
            notifier: Arc::new(receivers.clone()),
            clock: Arc::new(StillClock),
            ids: Arc::new(Counting::default()),
            signer: Signer::new(&[7; 32]).unwrap(),
            api_url: "http://127.0.0.1:1".to_owned(),
            runs: KnownRuns::default(),
            limits,
        };
        let kinds = Kinds::new(&world);
        let engine = Engine::start(world.store.clone(), Arc::clone(&world.clock), kinds.all());
        let engine = engine.await.unwrap();
        kinds.introduce(&engine.hints());
        let stream = world.stream.clone();
        let mailroom = Mailroom::start(world.store.clone(), engine.hints(), stream, limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let gateway = Gateway::guarded(world.clone(), mailroom, engine.hints(), admin_token);
        tokio::spawn(gateway.serve(listener, std::future::pending()));
        Self {
            base,
            world,
            trackers,
            receivers,
            engine,
            client: Client::new(),
            driver,
            errors,
            _log: log,
        }
    }

    /// From now on whoever asks how agents are kept apart gets a panic.
    pub(crate) fn panics(&self) {
        self.driver.panics.store(true, Ordering::Relaxed);
    }

    /// The errors that were logged, which are then expected.
    pub(crate) fn logged(&self) -> Vec<String> {
        std::mem::take(&mut *self.errors.0.lock().unwrap())
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request; every answer must be as the description says.
    pub(crate) async fn answer(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.client.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer {
            status,
            headers,
            body,
            text,
        };
        schema::holds(&method, &path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.answer(self.ask(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.answer(self.ask(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.answer(self.ask(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.answer(self.ask(Method::DELETE, path)).await
    }

    /// An agent whose mission waits, because it is disabled.
    pub(crate) async fn resting(&self, slug: &str) -> AgentId {
        self.create(slug, false).await
    }

    /// An agent whose first turn is open.
    pub(crate) async fn working(&self, slug: &str) -> (AgentId, TurnRow) {
        let id = self.create(slug, true).await;
        let turn = self.open_turn(id, 1).await;
        (id, turn)
    }

    async fn create(&self, slug: &str, enabled: bool) -> AgentId {
        let body =
            json!({ "slug": slug, "name": slug, "initialPrompt": "Greet.", "enabled": enabled });
        let created = self.post(AGENTS, body).await;
        assert_eq!(created.status, 201, "{}", created.text);
        created.body["agent"]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Waits until a turn is open.
    pub(crate) async fn open_turn(&self, agent: AgentId, number: i32) -> TurnRow {
        until(async || {
            let turn = self
                .world
                .store
                .turns(agent, None, 1)
                .await
                .unwrap()
                .pop()?;
            (turn.turn_number == number && turn.finished_at.is_none()).then_some(turn)
        })
        .await
    }

    /// A transaction of another agent that has written and is not over.
    pub(crate) async fn open_transaction(&self) -> Step {
        let other = self.resting("other").await;
        let (wait, decision) = (
            Wait::at_rest("x", "x"),
            Decision {
                at: self.world.clock.now(),
                step: "x".to_owned(),
                seen: "x".to_owned(),
            },
        );
        until(async || {
            let sight = self.world.store.see_agent(other).await.unwrap().unwrap();
            let step = self
                .world
                .store
                .step(other.into(), sight.version, &wait, &decision, false);
            step.await.ok()
        })
        .await
    }

    /// Ends the open turn and waits for the next.
    pub(crate) async fn restart(&self, agent: AgentId, next: i32) -> TurnRow {
        let path = format!("{AGENTS}/{agent}/control");
        let answer = self.post(&path, json!({ "intent": "restart" })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.open_turn(agent, next).await
    }

    pub(crate) fn token(&self, agent: AgentId, turn: &TurnRow) -> String {
        self.token_of(agent, turn.id, turn.epoch)
    }

    pub(crate) fn token_of(&self, agent: AgentId, turn: Uuid, epoch: i64) -> String {
        self.world.signer.turn(&TurnClaims {
            agent,
            turn: TurnId(turn),
            epoch,
            workspace: "default".to_owned(),
            verbs: Verb::ALL.to_vec(),
        })
    }

    /// An agent asks.
    pub(crate) async fn as_agent(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let ask = self.ask(method, path).header("x-optio-agent-token", token);
        let ask = match &body {
            Some(body) => ask.json(body),
            None => ask,
        };
        self.answer(ask).await
    }

    /// The open turn's program prints lines, after `printed` earlier ones.
    pub(crate) async fn prints(
        &self,
        agent: AgentId,
        turn: &TurnRow,
        printed: i64,
        lines: &[String],
    ) {
        let events: Vec<RunEvent> = (printed + 1..)
            .zip(lines)
            .map(|(seq, line)| RunEvent {
                run: RunId(turn.id),
                epoch: turn.epoch,
                seq,
                at: self.world.clock.now(),
                what: Happening::Stdout {
                    line: line.clone(),
                    cut: 0,
                },
            })
            .collect();
        self.report(SandboxId::of_agent(agent), &events).await;
    }

    /// A runner says this.
    pub(crate) async fn report(&self, sandbox: SandboxId, events: &[RunEvent]) {
        let reports = Reports::new(self.world.clone(), self.engine.hints());
        reports.take_in(sandbox, events).await.unwrap();
    }
}

/// Waits until a value is there.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    let waiting = async {
        loop {
            if let Some(value) = look().await {
                return value;
            }
            tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        }
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, waiting)
        .await
        .expect("it never came true")
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// It was refused as a problem that says these words.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, words: &[&str]) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["type"], "about:blank");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["error"], self.body["detail"]);
        let error = self.body["error"].as_str().unwrap();
        for word in words {
            assert!(error.contains(word), "`{error}` does not say `{word}`");
        }
    }

    /// It went well.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        &self.body
    }
}
