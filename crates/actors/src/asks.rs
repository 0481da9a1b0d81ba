//! Questions whose time is over: their askers are told, once each.

use chrono::{DateTime, SecondsFormat, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::MessageId,
    mail::{Marks, Sender, WakeSource},
};
use optio_runtime::Hints;
use optio_store::{StoreError, asks::AskRow, mail::NewMessage};
use serde_json::json;

use crate::World;

/// Questions ended in one go.
const BATCH: i64 = 100;

/// Ends waits.
#[derive(Clone)]
pub struct Asks {
    world: World,
    hints: Hints,
}

impl Asks {
    /// For the questions of this world.
    #[must_use]
    pub fn new(world: World, hints: Hints) -> Self {
        Self { world, hints }
    }

    /// Ends the waits whose deadline has passed. Several control planes may do it at once.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then what is due stays due.
    pub async fn end_due(&self) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        let due = self.world.store.due_asks(now, BATCH).await?;
        for ask in &due {
            if let Err(error) = self.end(ask, now).await {
                tracing::warn!(ask.id = %ask.id, %error, "a question could not be ended");
            }
        }
        if !due.is_empty() {
            self.world.stream.hint();
        }
        Ok(())
    }

    async fn end(&self, ask: &AskRow, now: DateTime<Utc>) -> Result<(), StoreError> {
        let notice = self.notice(ask, now).await?;
        let ended = self.world.store.time_out(ask, notice.as_ref(), now).await?;
        if let Some(notice) = notice.filter(|_| ended) {
            self.hints.look(notice.receiver);
        }
        Ok(())
    }

    /// What an agent is told; nobody else has an inbox.
    async fn notice(
        &self,
        ask: &AskRow,
        now: DateTime<Utc>,
    ) -> Result<Option<NewMessage>, StoreError> {
        let Some(asker) = ask.asker_id else {
            return Ok(None);
        };
        let question = MessageId(ask.id);
        let message = self.world.store.message(question).await?;
        let thread = message.and_then(|row| row.thread).map(MessageId);
        let deadline = ask.deadline.to_rfc3339_opts(SecondsFormat::Secs, true);
        Ok(Some(NewMessage {
            id: MessageId(self.world.ids.fresh()),
            receiver: ActorKey {
                kind: ActorKind::Agent,
                id: asker,
            },
            sender: Sender::System("ask".to_owned()),
            sender_name: None,
            source: WakeSource::System,
            key: Some(format!("{question}@timeout")),
            body: format!(
                "Nobody answered your question {question} until {deadline}. Go on without the \
                 answer; if it comes later, it is marked as late."
            ),
            payload: Some(json!({ "ask": question, "outcome": "timeout" })),
            broadcasted: false,
            marks: Marks {
                thread: Some(thread.unwrap_or(question)),
                in_reply_to: Some(question),
                ..Marks::default()
            },
            cause: None,
            at: now,
        }))
    }
}
