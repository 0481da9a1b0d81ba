//! Every query and every race that matters, on a real Postgres with a database per test.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{ActorKey, Decision, Wait},
    agent::spec::AgentSpec,
    id::{AgentId, MessageId, TurnId},
    limits::{ATTEMPTS_MAX, TURN_BYTES_MAX, TURN_MESSAGES_MAX},
    mail::{Sender, WakeSource},
    transcript::Facts,
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    agents::AgentSight,
    mail::{MessageRow, NewMessage, Receipt, Stored, Wanted},
    step::Step,
    turns::{Closed, Opening},
};

mod actors;
mod agents;
mod broadcast;
mod capacity;
mod closing;
mod events;
mod idempotency;
mod inbox;
mod intake;
mod opening;
mod ownership;
mod schema;
mod send;
mod steps;
mod triggers;

/// Room enough for every test that is not about room.
const ROOMY: i32 = 10_000;
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
        Self {
            store: crate::testing::database().await,
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
             UPDATE actors SET inbox_pending = 0, wake_at = NULL WHERE id = '{id}'"
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

    /// Opens a turn as the agent's shell does; `None` when no mail waits.
    async fn open(&self, agent: AgentId) -> Option<TurnId> {
        let sight = self.see(agent).await;
        let turn = TurnId(fresh());
        let mut step = self.begin(agent).await;
        let opening = Opening {
            agent,
            turn,
            spec: &sight.agent.spec,
            session: sight.agent.session_id.as_deref(),
            provision_ms: 60_000,
        };
        if !step.open_turn(&opening).await.unwrap() {
            return None;
        }
        let to = optio_domain::agent::AgentState::Provisioning { turn };
        step.agent_state(sight.agent.state, to, "turn opened")
            .await
            .unwrap();
        step.commit().await.unwrap();
        Some(turn)
    }

    async fn close(
        &self,
        agent: AgentId,
        turn: TurnId,
        closing: &optio_domain::agent::closing::Closing,
        facts: &Facts,
    ) -> Result<(), StoreError> {
        let from = self.see(agent).await.agent.state;
        let mut step = self.begin(agent).await;
        step.close_turn(&Closed {
            agent,
            turn,
            closing,
            facts,
        })
        .await?;
        step.agent_state(from, optio_domain::agent::AgentState::Idle, "closed")
            .await?;
        step.commit().await
    }

    /// The promise of the counter: it is the number of messages that wait, of every actor.
    async fn counters_are_right(&self) {
        let wrong: Vec<(Uuid, i32, i64)> = sqlx::query_as(
            "SELECT a.id, a.inbox_pending, m.n FROM actors a CROSS JOIN LATERAL
               (SELECT count(*) AS n FROM messages m WHERE m.receiver_kind = a.kind
                  AND m.receiver_id = a.id AND m.state = 'pending') m
             WHERE a.inbox_pending <> m.n",
        )
        .fetch_all(&self.store.pool)
        .await
        .unwrap();
        assert!(wrong.is_empty(), "counted and waiting differ: {wrong:?}");
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
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < LIMIT, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
