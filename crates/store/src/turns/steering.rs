//! Messages that reach a turn while it runs: assigned to it, given to its runner, answered by it.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::{AgentId, MessageId, RunId, TurnId},
    limits::TURN_MESSAGES_MAX,
    mail::Class,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use crate::{
    Store, StoreError,
    mail::{self, MessageRow},
    step::{self, NewEvent, Write, moved, written},
    tasks,
};

/// What a runner says about one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputAnswer {
    /// The message.
    pub message: MessageId,
    /// When, by the runner's clock.
    pub at: DateTime<Utc>,
    /// Why it was not taken; `None` is that it was.
    pub refused: Option<String>,
}

/// Assigns messages to the open turn, and notes that its runner is told of them and of those it has not
/// answered.
const STEER: &str = concat!(
    "WITH ",
    moved!(
        "$17",
        "$17",
        "EXISTS (SELECT FROM turns WHERE id = $13 AND finished_at IS NULL)"
    ),
    ", assigned AS (
  UPDATE messages SET state = 'assigned', turn_id = $13 FROM moved WHERE seq = ANY($14)
), given AS (
  INSERT INTO steered_messages (turn_id, message_id, given_at)
  SELECT $13, m, $16 FROM moved, UNNEST($15::uuid[]) AS m
), again AS (
  UPDATE steered_messages SET given_at = $16 FROM moved WHERE turn_id = $13 AND taken_at IS NULL
), turn AS (
  UPDATE turns SET messages = messages - $17 FROM moved WHERE id = $13
)
SELECT epoch FROM moved"
);

impl Store {
    /// The interrupts that wait, oldest first, as many as fit one turn.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn interrupts(&self, receiver: ActorKey) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM messages
             WHERE receiver_kind = $1 AND receiver_id = $2 AND class = $3 AND state = 'pending'
             ORDER BY seq LIMIT $4",
            mail::columns()
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(receiver.kind.name())
            .bind(receiver.id)
            .bind(Class::Interrupt.name())
            .bind(TURN_MESSAGES_MAX)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Whether the open turn of an agent takes further input.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn takes_input(&self, agent: AgentId) -> Result<bool, StoreError> {
        let row: Option<(bool,)> = sqlx::query_as(
            "SELECT r.setting IS NOT NULL FROM agents g JOIN runs r ON r.id = g.open_turn
             WHERE g.id = $1",
        )
        .bind(agent.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.is_some_and(|(takes,)| takes))
    }

    /// What a turn was given while it ran and has not answered, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn untaken(&self, turn: TurnId) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM messages WHERE turn_id = $1 AND state = 'assigned' AND id IN
               (SELECT message_id FROM steered_messages WHERE turn_id = $1 AND taken_at IS NULL)
             ORDER BY seq",
            mail::columns()
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(turn.0)
            .fetch_all(&self.pool)
            .await?)
    }

    /// A step that gives waiting messages to the open turn.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when somebody else took a step since, or the turn is over.
    pub async fn steer(
        &self,
        write: &Write<'_>,
        turn: TurnId,
        mail: &[MessageRow],
    ) -> Result<(), StoreError> {
        let seqs: Vec<i64> = mail.iter().map(|row| row.seq).collect();
        let ids: Vec<_> = mail.iter().map(|row| row.id).collect();
        let taken = i32::try_from(mail.len()).unwrap_or(i32::MAX);
        let fence = self.fence(write.key)?;
        let row: Option<(i64,)> = written(STEER, write, fence)
            .bind(turn.0)
            .bind(seqs)
            .bind(ids)
            .bind(write.decision.at)
            .bind(-taken)
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some((_epoch,)) => Ok(()),
            None => Err(self.why_unwritten(fence, &self.pool).await?),
        }
    }
}

/// Writes what a runner says about inputs. What it refuses goes back when the turn is closed, because
/// mail is moved by steps of its actor only; the turn is spoken to no more.
pub(crate) async fn answered(
    tx: &mut Transaction<'_, Postgres>,
    actor: ActorKey,
    run: RunId,
    answers: &[InputAnswer],
) -> Result<(), StoreError> {
    for answer in answers {
        let Some(reason) = &answer.refused else {
            taken(tx, actor, run, answer).await?;
            continue;
        };
        tracing::warn!(run.id = %run, message.id = %answer.message, reason, "a turn took no input");
        sqlx::query("UPDATE runs SET setting = NULL WHERE id = $1")
            .bind(run.0)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

async fn taken(
    tx: &mut Transaction<'_, Postgres>,
    actor: ActorKey,
    run: RunId,
    answer: &InputAnswer,
) -> Result<(), StoreError> {
    if actor.kind == ActorKind::Task {
        if tasks::taken(tx, run, answer.message, answer.at).await? {
            let event = NewEvent {
                actor_id: actor.id,
                turn_id: Some(run.0),
                type_name: "task:message_delivered",
                data: json!({ "taskId": actor.id, "runId": run, "messageId": answer.message }),
                at: answer.at,
            };
            step::tell(tx, &[event]).await?;
        }
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE steered_messages SET taken_at = $3
         WHERE turn_id = $1 AND message_id = $2 AND taken_at IS NULL",
    )
    .bind(run.0)
    .bind(answer.message.0)
    .bind(answer.at)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(());
    }
    let event = NewEvent {
        actor_id: actor.id,
        turn_id: Some(run.0),
        type_name: "persistent_agent:message_steered",
        data: json!({ "agentId": actor.id, "turnId": run, "messageId": answer.message }),
        at: answer.at,
    };
    step::tell(tx, &[event]).await
}
