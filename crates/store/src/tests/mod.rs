//! Every query and every race that matters, on a real Postgres with a database per test.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{ActorKey, Decision, Wait},
    agent::{
        AgentState, prompt,
        spec::AgentSpec,
        warm::{Server, Service},
    },
    id::{AgentId, MessageId, TurnId},
    limits::{ATTEMPTS_MAX, TURN_BYTES_MAX, TURN_MESSAGES_MAX},
    mail::{Marks, Sender, WakeSource},
    sandbox::{ImagePreset, SandboxSpec},
    transcript::Facts,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    agents::AgentSight,
    mail::{MessageRow, NewMessage, Receipt, Stored, Wanted},
    step::{Step, Write},
    turns::{Closed, Keep, Opened, Opening},
};

mod actors;
mod agents;
mod asks;
mod breaker;
mod broadcast;
mod capacity;
mod classes;
mod closing;
mod dead;
mod events;
mod idempotency;
mod inbox;
mod intake;
mod jobs;
mod notices;
mod opening;
mod ownership;
mod pr_reviews;
mod repos;
mod retention;
mod run_files;
mod schema;
mod secrets;
mod send;
mod starting;
mod steps;
mod templates;
mod tickets;
mod topics;
mod trackers;
mod triggers;
mod warm;

/// Room enough for every test that is not about room.
const ROOMY: i32 = 10_000;
/// Turns that may be open at once in every test that is not about it.
const ROOM: i64 = 100;
/// How long a test waits for what must happen.
const LIMIT: Duration = Duration::from_secs(20);

/// A database with verbs.
#[derive(Clone)]
struct World {
    store: Store,
    at: DateTime<Utc>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests need identities nobody else uses"
)]
fn fresh() -> Uuid {
    Uuid::new_v4()
}

fn user() -> Sender {
    Sender::User("ada".to_owned())
}

fn peer(slug: &str) -> Sender {
    Sender::Agent {
        workspace: "default".to_owned(),
        slug: slug.to_owned(),
    }
}

impl World {
    async fn new() -> Self {
        let store = crate::testing::database().await;
        store.make_room(ROOM).await.unwrap();
        Self {
            store,
            at: "2026-01-01T12:00:00Z".parse().unwrap(),
        }
    }

    fn later(&self, seconds: i64) -> DateTime<Utc> {
        self.at + TimeDelta::seconds(seconds)
    }

    /// An idle agent with an empty inbox, which waits for nothing but mail.
    async fn agent(&self, slug: &str) -> AgentId {
        let id = AgentId(fresh());
        let mission = NewMessage {
            source: WakeSource::Initial,
            sender: Sender::System("initial".to_owned()),
            ..letter(id, "go", self.at)
        };
        let spec = AgentSpec::new(slug, slug, "go");
        self.store
            .create_agent(id, "default", &spec, "user:ada", &mission)
            .await
            .unwrap();
        self.sql(&format!(
            "DELETE FROM messages WHERE receiver_id = '{id}'; DELETE FROM events;
             UPDATE actors SET inbox_pending = 0, inbox_waking = 0, wake_at = NULL WHERE id = '{id}'"
        ))
        .await;
        id
    }

    fn letter(&self, to: AgentId, body: &str) -> NewMessage {
        letter(to, body, self.at)
    }

    fn keyed(&self, to: AgentId, body: &str, key: &str) -> NewMessage {
        NewMessage {
            key: Some(key.to_owned()),
            ..self.letter(to, body)
        }
    }

    async fn send(&self, batch: &[NewMessage], inbox_max: i32) -> Vec<Stored> {
        self.store.send(batch, inbox_max).await.unwrap()
    }

    /// Sends as the mailroom does: asks again for what it is told to ask again for.
    async fn deliver(&self, message: &NewMessage) -> Result<Receipt, StoreError> {
        for _try in 0..5 {
            match self
                .send(std::slice::from_ref(message), ROOMY)
                .await
                .remove(0)
            {
                Stored::Done(receipt) => return Ok(receipt),
                Stored::Refused(error) => return Err(error),
                Stored::Again => {}
            }
        }
        panic!("the message was never answered");
    }

    async fn mail(&self, to: AgentId, count: usize) {
        let batch: Vec<_> = (0..count)
            .map(|n| self.letter(to, &format!("{n}")))
            .collect();
        for chunk in batch.chunks(500) {
            for stored in self.send(chunk, i32::MAX).await {
                assert!(matches!(stored, Stored::Done(_)), "{stored:?}");
            }
        }
    }

    /// An inbox, oldest first.
    async fn inbox(&self, of: AgentId) -> Vec<MessageRow> {
        let mut rows = self
            .store
            .messages(of.into(), Wanted::All, None, 100_000)
            .await
            .unwrap();
        rows.reverse();
        rows
    }

    async fn bodies(&self, of: AgentId) -> Vec<String> {
        self.inbox(of).await.into_iter().map(|m| m.body).collect()
    }

    async fn states(&self, of: AgentId) -> Vec<(String, i32)> {
        self.inbox(of)
            .await
            .into_iter()
            .map(|message| (message.state, message.attempts))
            .collect()
    }

    async fn see(&self, agent: AgentId) -> AgentSight {
        self.store.see_agent(agent).await.unwrap().unwrap()
    }

    fn decision(&self, step: &str) -> Decision {
        Decision {
            at: self.at,
            step: step.to_owned(),
            seen: "nothing".to_owned(),
        }
    }

    async fn begin(&self, agent: AgentId) -> Step {
        let read = self.see(agent).await.version;
        let wait = Wait::at_rest("mail", "anybody");
        self.store
            .step(agent.into(), read, &wait, &self.decision("test"), true)
            .await
            .unwrap()
    }

    /// Opens a turn whose run a runner is given; `None` when no mail waits.
    async fn open(&self, agent: AgentId) -> Option<TurnId> {
        let sight = self.see(agent).await;
        let turn = TurnId(fresh());
        match self.try_open(&sight, turn, ROOM).await {
            Ok(Opened::Yes { .. }) => Some(turn),
            Ok(Opened::NoRoom) => panic!("no room"),
            Err(StoreError::Corrupt(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    async fn try_open(
        &self,
        sight: &AgentSight,
        turn: TurnId,
        turns_max: i64,
    ) -> Result<Opened, StoreError> {
        let agent = sight.agent.id;
        let mail = self.store.mail_for_turn(agent.into()).await.unwrap();
        let letters: Vec<_> = mail.iter().map(MessageRow::letter).collect();
        let opening = Opening {
            agent,
            from: sight.agent.state,
            turn,
            number: sight.agent.turns_taken + 1,
            prompt: &prompt::assemble(&sight.agent.spec, &letters),
            mail: &mail,
            session: sight.agent.session_id.as_deref(),
            provision_ms: 60_000,
            sent: Some(&alone()),
            turns_max,
        };
        let (wait, decision) = (Wait::at_rest("mail", "anybody"), self.decision("test"));
        let write = write(sight, &wait, &decision);
        self.store.open_turn(&write, &opening).await
    }

    async fn close(
        &self,
        agent: AgentId,
        turn: TurnId,
        closing: &optio_domain::agent::closing::Closing,
        facts: &Facts,
    ) -> Result<(), StoreError> {
        self.close_and_keep(agent, turn, closing, facts, Keep::AsItIs)
            .await
    }

    async fn close_and_keep(
        &self,
        agent: AgentId,
        turn: TurnId,
        closing: &optio_domain::agent::closing::Closing,
        facts: &Facts,
        keep: Keep,
    ) -> Result<(), StoreError> {
        let sight = self.see(agent).await;
        let closed = Closed {
            agent,
            turn,
            from: sight.agent.state,
            to: AgentState::Idle,
            reason: "closed",
            closing,
            facts,
            keep,
            warm: None,
        };
        let (wait, decision) = (Wait::at_rest("mail", "anybody"), self.decision("test"));
        let write = write(&sight, &wait, &decision);
        let aftermath = self.store.close_turn(&write, &closed).await?;
        let waking = self.see(agent).await.agent.inbox_waking;
        assert_eq!(aftermath.waking, waking, "the closing counts what waits");
        Ok(())
    }

    /// The promise of the counter: it is the number of messages that wait, of every actor.
    async fn counters_are_right(&self) {
        let wrong: Vec<(Uuid, i32, i64, i32, i64)> = sqlx::query_as(
            "SELECT a.id, a.inbox_pending, m.n, a.inbox_waking, m.waking
             FROM actors a CROSS JOIN LATERAL
               (SELECT count(*) AS n,
                       count(*) FILTER (WHERE m.class IN ('work', 'interrupt')) AS waking
                FROM messages m WHERE m.receiver_kind = a.kind
                  AND m.receiver_id = a.id AND m.state = 'pending') m
             WHERE a.inbox_pending <> m.n OR a.inbox_waking <> m.waking",
        )
        .fetch_all(&self.store.pool)
        .await
        .unwrap();
        assert!(wrong.is_empty(), "counted and waiting differ: {wrong:?}");
    }

    /// What a turn of `from` sends.
    fn sent_in(&self, from: &str, turn: Option<TurnId>, to: AgentId, body: &str) -> NewMessage {
        NewMessage {
            sender: peer(from),
            source: WakeSource::Agent,
            cause: turn,
            ..self.letter(to, body)
        }
    }

    /// Closes a turn that went well.
    async fn done(&self, agent: AgentId, turn: TurnId) {
        let past = optio_domain::agent::closing::Past {
            failures: 0,
            failure_limit: 9,
            rate_limits: 0,
        };
        let verdict = optio_domain::run::Verdict::Done;
        let closing = optio_domain::agent::closing::closing(&verdict, past, self.at);
        self.close(agent, turn, &closing, &Facts::default())
            .await
            .unwrap();
    }

    async fn sql(&self, statements: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
            .execute(&self.store.pool)
            .await
            .unwrap();
    }

    async fn number(&self, query: &str) -> i64 {
        let (number,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(query.to_owned()))
            .fetch_one(&self.store.pool)
            .await
            .unwrap();
        number
    }
}

fn write<'a>(sight: &AgentSight, wait: &'a Wait, decision: &'a Decision) -> Write<'a> {
    Write {
        key: sight.agent.id.into(),
        read: sight.version,
        wait,
        decision,
        new_epoch: true,
    }
}

fn letter(to: AgentId, body: &str, at: DateTime<Utc>) -> NewMessage {
    NewMessage {
        id: MessageId(fresh()),
        receiver: ActorKey::from(to),
        sender: user(),
        sender_name: None,
        source: WakeSource::User,
        key: None,
        body: body.to_owned(),
        payload: None,
        broadcasted: false,
        marks: Marks::default(),
        cause: None,
        at,
    }
}

fn receipt(stored: &Stored) -> Receipt {
    match stored {
        Stored::Done(receipt) => *receipt,
        Stored::Again | Stored::Refused(_) => panic!("not stored: {stored:?}"),
    }
}

/// Waits until a condition holds: what becomes true elsewhere has no moment of its own.
/// A process for one run alone.
fn alone() -> Service {
    Service {
        server: Server::New,
        setting: None,
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < LIMIT, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Something that is decided about sandboxes.
fn rusty() -> SandboxSpec {
    SandboxSpec {
        image_preset: Some(ImagePreset::Rust),
        caches: vec!["~/.cargo/registry".to_owned()],
        ..SandboxSpec::default()
    }
}
