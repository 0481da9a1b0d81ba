//! A world with verbs: real Postgres, the real engine, mailroom and stream; everything outside is
//! played by hand.

use std::{
    fmt::Debug,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::TimeDelta;
use optio_domain::{
    actor::{ActorKey, Wait},
    agent::{AgentState, Intent, spec::AgentSpec},
    id::{AgentId, MessageId, RunId, SandboxId},
    limits::Limits,
    mail::{Class, Marks, Sender, WakeSource},
    ports::{AgentCli, Clock as _, GitHosts},
    token::Signer,
};
use optio_runtime::{Engine, Mailroom, links::Links, stream::Stream};
use optio_store::{
    Store,
    actors::ActorRow,
    agents::AgentRow,
    mail::{MessageRow, NewMessage, Wanted},
    turns::TurnRow,
};
use tracing_subscriber::layer::SubscriberExt as _;

use super::{
    fakes::{FakeCli, FakeClock, FakeIds},
    host::FakeHost,
    notifier::Receivers,
    runners::{Fleet, Play, Wire},
    trackers::FakeTrackers,
};
use crate::{Kinds, KnownRuns, World as Given, reports::Reports, reports::by_runtime};

/// How long a condition may take to come true.
const TRUE_MAX: Duration = Duration::from_secs(20);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(3);

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) fleet: Fleet,
    pub(crate) host: FakeHost,
    pub(crate) receivers: Receivers,
    pub(crate) trackers: FakeTrackers,
    pub(crate) given: Given,
    clock: Arc<FakeClock>,
    engine: Option<Engine>,
    mailroom: Mailroom,
    errors: Errors,
    _log: tracing::subscriber::DefaultGuard,
}

/// What was logged as an error: nobody expects any.
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

impl Drop for World {
    fn drop(&mut self) {
        let errors = self.errors.0.lock().unwrap().clone();
        if !std::thread::panicking() {
            assert!(errors.is_empty(), "the log has errors: {errors:#?}");
        }
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let clis: Vec<Arc<dyn AgentCli>> = vec![Arc::new(FakeCli)];
        Self::with_programs(limits, clis).await
    }

    pub(crate) async fn with_programs(limits: Limits, clis: Vec<Arc<dyn AgentCli>>) -> Self {
        let errors = Errors::default();
        let log =
            tracing::subscriber::set_default(tracing_subscriber::registry().with(errors.clone()));
        let clock = Arc::new(FakeClock::new());
        let store = optio_store::testing::database().await;
        let store = optio_store::testing::with_secrets(&store, clock.now()).await;
        let fleet = Fleet::new(Arc::clone(&clock));
        let host = FakeHost::default();
        let receivers = Receivers::default();
        let trackers = FakeTrackers::default();
        let given = Given {
            store: store.clone(),
            links: Links::default(),
            stream: Stream::start(store.clone()),
            sandboxes: Arc::new(fleet.clone()),
            clis: Arc::new(by_runtime(clis)),
            hosts: GitHosts::new(vec![Arc::new(host.clone())]),
            notifier: Arc::new(receivers.clone()),
            trackers: Arc::new(trackers.clone()),
            clock: Arc::<FakeClock>::clone(&clock),
            ids: Arc::new(FakeIds::default()),
            signer: Signer::new(&[7; 32]).unwrap(),
            api_url: "http://127.0.0.1:1".to_owned(),
            runs: KnownRuns::default(),
            limits,
        };
        let (engine, mailroom) = start(&given, &fleet).await;
        Self {
            store,
            fleet,
            host,
            receivers,
            trackers,
            given,
            clock,
            engine: Some(engine),
            mailroom,
            errors,
            _log: log,
        }
    }

    /// The control plane goes away; runners and sandboxes go on.
    pub(crate) async fn stop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
    }

    /// Another control plane starts on the same database, and the runners find it.
    pub(crate) async fn start_again(&mut self) {
        self.stop().await;
        self.given.links = Links::default();
        self.given.runs = KnownRuns::default();
        self.given.stream = Stream::start(self.store.clone());
        let (engine, mailroom) = start(&self.given, &self.fleet).await;
        engine.resync().await.unwrap();
        (self.engine, self.mailroom) = (Some(engine), mailroom);
    }

    pub(crate) fn hints(&self) -> optio_runtime::Hints {
        self.engine.as_ref().unwrap().hints()
    }

    pub(crate) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    /// Time passes; whoever is due is told, as the timer does.
    pub(crate) async fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
        for (_at, key) in self.store.due(self.clock.now(), None, 1_000).await.unwrap() {
            self.hints().look(key);
        }
    }

    /// An agent whose mission is done already.
    pub(crate) async fn agent(&self, slug: &str) -> AgentId {
        self.agent_with(slug, |_spec| {}).await
    }

    /// The same, with something changed about it.
    pub(crate) async fn agent_with(
        &self,
        slug: &str,
        change: impl FnOnce(&mut AgentSpec),
    ) -> AgentId {
        let id = self.new_agent(slug, change, []).await;
        self.finished(id, 1).await;
        id
    }

    /// An agent whose first turns go like this.
    pub(crate) async fn new_agent(
        &self,
        slug: &str,
        change: impl FnOnce(&mut AgentSpec),
        plays: impl IntoIterator<Item = Play>,
    ) -> AgentId {
        let mut spec = AgentSpec::new(slug, slug, "Greet the team.");
        change(&mut spec);
        let id = AgentId(self.given.ids.fresh());
        self.fleet.plays(place(id), plays);
        let mission = NewMessage {
            sender: Sender::System("initial".to_owned()),
            source: WakeSource::Initial,
            ..self.letter(id, &spec.initial_prompt)
        };
        let created = self
            .store
            .create_agent(id, "default", &spec, "user:local", &mission);
        created.await.unwrap();
        if let Some(engine) = &self.engine {
            engine.hints().look(id.into());
        }
        id
    }

    /// What the agent's runner does with its next runs.
    pub(crate) fn plays(&self, agent: AgentId, plays: impl IntoIterator<Item = Play>) {
        self.fleet.plays(place(agent), plays);
    }

    fn letter(&self, to: impl Into<ActorKey>, body: &str) -> NewMessage {
        NewMessage {
            id: MessageId(self.given.ids.fresh()),
            receiver: to.into(),
            sender: Sender::User("local".to_owned()),
            sender_name: None,
            source: WakeSource::User,
            key: None,
            body: body.to_owned(),
            payload: None,
            broadcasted: false,
            marks: Marks::default(),
            cause: None,
            at: self.clock.now(),
        }
    }

    /// A person writes to an agent or a task.
    pub(crate) async fn write(&self, to: impl Into<ActorKey>, body: &str) -> MessageId {
        self.mailroom.send(self.letter(to, body)).await.unwrap().id
    }

    /// A person writes a message of a class.
    pub(crate) async fn write_as(&self, to: AgentId, body: &str, class: Class) -> MessageId {
        let mut message = self.letter(to, body);
        message.marks.class = class;
        self.mailroom.send(message).await.unwrap().id
    }

    /// An agent asks another, for so long.
    pub(crate) async fn ask(&self, from: AgentId, to: AgentId, body: &str, wait: TimeDelta) {
        let mut question = self.letter(to, body);
        let deadline = self.now() + wait;
        question.sender = Sender::Agent {
            workspace: "default".to_owned(),
            slug: self.row(from).await.spec.slug,
        };
        question.marks.reply_by = Some(deadline);
        let bounds = (&self.given.limits).into();
        let asked = self.store.ask(&question, Some(from), deadline, bounds, 9);
        asked.await.unwrap();
        self.hints().look(to.into());
    }

    /// A person interrupts an agent.
    pub(crate) async fn interrupt(&self, to: AgentId, body: &str) -> MessageId {
        let mut message = self.letter(to, body);
        message.marks.class = Class::Interrupt;
        self.mailroom.send(message).await.unwrap().id
    }

    /// A person tells an agent to stop. False when it had no open turn.
    pub(crate) async fn tell_to_stop(&self, agent: AgentId) -> bool {
        let mut message = self.letter(agent, "stop");
        message.marks.class = Class::Stop;
        let stopped = self.store.send_stop(&message).await.unwrap();
        self.hints().look(agent.into());
        stopped.turn.is_some()
    }

    /// A person wants something of an agent.
    pub(crate) async fn want(&self, agent: AgentId, intent: Intent) {
        let wanted = self.store.want(agent, intent, self.clock.now()).await;
        assert!(wanted.unwrap(), "{intent:?}");
        self.hints().look(agent.into());
    }

    /// A person changes an agent.
    pub(crate) async fn change(&self, agent: AgentId, change: impl FnOnce(&mut AgentSpec)) {
        let mut spec = self.row(agent).await.spec;
        change(&mut spec);
        let changed = self
            .store
            .change_agent(agent, &spec, self.clock.now())
            .await;
        changed.unwrap().unwrap();
        self.hints().look(agent.into());
    }

    pub(crate) async fn row(&self, agent: AgentId) -> AgentRow {
        self.store.agent(agent).await.unwrap().unwrap()
    }

    pub(crate) async fn actor(&self, agent: AgentId) -> ActorRow {
        self.store.actor(agent.into()).await.unwrap().unwrap()
    }

    /// An agent's turns, oldest first.
    pub(crate) async fn turns(&self, agent: AgentId) -> Vec<TurnRow> {
        let mut turns = self.store.turns(agent, None, 1_000).await.unwrap();
        turns.reverse();
        turns
    }

    /// An agent's messages, oldest first.
    pub(crate) async fn mail(&self, agent: AgentId) -> Vec<MessageRow> {
        let inbox = self.store.messages(agent.into(), Wanted::All, None, 1_000);
        let mut mail = inbox.await.unwrap();
        mail.reverse();
        mail
    }

    /// The last message, which must say `body`.
    pub(crate) async fn message(&self, agent: AgentId, body: &str) -> MessageRow {
        let mail = self.mail(agent).await;
        mail.into_iter()
            .find(|message| message.body == body)
            .unwrap()
    }

    /// Waits until a value is there.
    pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
        &self,
        what: impl Debug,
        look: impl Fn() -> F,
    ) -> T {
        let waiting = async {
            loop {
                if let Some(value) = look().await {
                    return value;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(TRUE_MAX, waiting).await {
            Ok(value) => value,
            Err(_late) => panic!("never came true: {what:?}\n{}", self.account().await),
        }
    }

    /// What everybody is doing, for whoever reads why a test failed.
    async fn account(&self) -> String {
        let mut account = String::new();
        for row in self.store.agents("default", None, 40).await.unwrap() {
            let actor = self.actor(row.id).await;
            let wait = actor.wait;
            account.push_str(&format!(
                "{} {:?} waits for {:?} of {:?} until {:?}, {} pending\n  {:#?}\n",
                row.spec.slug,
                row.state,
                wait.reason,
                wait.holder,
                wait.until,
                actor.pending,
                actor.decisions,
            ));
        }
        let wanted = optio_store::tasks::WantedTasks::default();
        let page = optio_store::tasks::TaskPage {
            after: None,
            offset: 0,
            limit: 40,
        };
        for row in self.store.tasks("default", &wanted, page).await.unwrap() {
            let actor = self.store.actor(row.id.into()).await.unwrap().unwrap();
            account.push_str(&format!(
                "task {} {:?} {:?} waits for {:?}\n  {:#?}\n",
                row.id, row.state, row.state_reason, actor.wait, actor.decisions,
            ));
        }
        account
    }

    /// Waits until so many turns are over and returns the last.
    pub(crate) async fn finished(&self, agent: AgentId, number: i32) -> TurnRow {
        self.until(format!("turn {number} is over"), async || {
            let turns = self.turns(agent).await;
            let turn = turns.into_iter().find(|turn| turn.turn_number == number);
            turn.filter(|turn| turn.finished_at.is_some())
        })
        .await
    }

    /// Waits until the agent waits for this.
    pub(crate) async fn waits(&self, agent: AgentId, reason: &str) -> Wait {
        self.until(format!("the agent waits for {reason}"), async || {
            let wait = self.actor(agent).await.wait;
            wait.reason.contains(reason).then_some(wait)
        })
        .await
    }

    /// The same, once the wait has a deadline that is not now.
    pub(crate) async fn waits_a_while(&self, agent: AgentId, reason: &str) -> Wait {
        self.until(
            format!("the agent waits a while for {reason}"),
            async || {
                let wait = self.actor(agent).await.wait;
                let later = wait.until.is_some_and(|until| self.now() < until);
                (later && wait.reason.contains(reason)).then_some(wait)
            },
        )
        .await
    }

    /// Waits until the agent is in a state.
    pub(crate) async fn stands(&self, agent: AgentId, state: &str) -> AgentState {
        self.until(format!("the agent is {state}"), async || {
            let row = self.row(agent).await;
            (row.state.name() == state).then_some(row.state)
        })
        .await
    }

    /// Waits until a run of the agent is alive and its agent is `running`.
    pub(crate) async fn running(&self, agent: AgentId) -> RunId {
        self.stands(agent, "running").await;
        self.until("a run is alive", async || self.fleet.run(place(agent)))
            .await
    }
}

/// The sandbox of an agent.
pub(crate) fn place(agent: AgentId) -> SandboxId {
    SandboxId::of_agent(agent)
}

async fn start(given: &Given, fleet: &Fleet) -> (Engine, Mailroom) {
    let kinds = Kinds::new(given);
    let engine = Engine::start(given.store.clone(), Arc::clone(&given.clock), kinds.all());
    let engine = engine.await.unwrap();
    kinds.introduce(&engine.hints());
    let (hints, stream) = (engine.hints(), given.stream.clone());
    let mailroom = Mailroom::start(given.store.clone(), hints.clone(), stream, given.limits);
    let wire = Wire {
        links: given.links.clone(),
        reports: Reports::new(given.clone(), hints),
    };
    fleet.dial_all(wire).await;
    (engine, mailroom)
}
