//! Questions with a deadline: asked, answered or timed out, each once.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{AgentId, MessageId},
    mail::ask::{AskState, Reply, cycle},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    mail::{self, Bounds, NewMessage, Receipt, Stored},
};

/// An arbitrary number; whichever agent asks takes this lock until its question is stored, so that
/// two questions that would close a circle together cannot both be.
const ASK_LOCK: i64 = 0x6f70_7469_6f02;

/// A question as the API shows it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct AskRow {
    /// The question's message.
    pub id: Uuid,
    /// `user`, `agent`, `system` or `external`.
    pub asker_type: String,
    /// Which one; for an agent workspace/slug.
    pub asker_name: String,
    /// Which agent asks, where one does.
    pub asker_id: Option<Uuid>,
    /// The agent that is to reply.
    pub asked_id: Uuid,
    /// When the wait is over.
    pub deadline: DateTime<Utc>,
    /// `open`, `answered` or `timed_out`.
    pub state: String,
    /// The reply.
    pub reply_id: Option<Uuid>,
    /// Its text, for an asker without an inbox.
    pub reply_body: Option<String>,
    /// Its structured data.
    pub reply_payload: Option<Value>,
    /// Whether it came after the deadline.
    pub late: bool,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// When it was answered or timed out.
    pub ended_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, asker_type, asker_name, asker_id, asked_id, deadline, state, reply_id, \
    reply_body, reply_payload, late, asked_at, ended_at";

impl AskRow {
    /// What became of it.
    #[must_use]
    pub fn state(&self) -> AskState {
        AskState::parse(&self.state).unwrap_or(AskState::TimedOut)
    }
}

impl Store {
    /// Stores a question and the wait for its reply, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Cycle`] when the asked agent waits for the asker, [`StoreError::AsksOpen`] when
    /// the asker waits too often, and as for every message.
    pub async fn ask(
        &self,
        question: &NewMessage,
        asker: Option<AgentId>,
        deadline: DateTime<Utc>,
        bounds: Bounds,
        open_max: i64,
    ) -> Result<(Receipt, DateTime<Utc>), StoreError> {
        let mut tx = self.pool.begin().await?;
        let asked = AgentId(question.receiver.id);
        if asker.is_some() {
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(ASK_LOCK)
                .execute(&mut *tx)
                .await?;
        }
        if let Some(asker) = asker {
            there(&mut tx, asker, asked).await?;
        }
        let receipt = one(mail::send(&mut tx, std::slice::from_ref(question), bounds).await?)?;
        if receipt.repeated {
            let (deadline,): (DateTime<Utc>,) =
                sqlx::query_as("SELECT deadline FROM asks WHERE id = $1")
                    .bind(receipt.id.0)
                    .fetch_optional(&mut *tx)
                    .await?
                    .ok_or_else(|| StoreError::KeyReused(question.sender.clone()))?;
            return Ok((receipt, deadline));
        }
        if let Some(asker) = asker {
            may_wait(&mut tx, asker, asked, question.at, open_max).await?;
        }
        sqlx::query(
            "INSERT INTO asks (id, asker_type, asker_name, asker_id, asked_id, deadline, asked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(question.id.0)
        .bind(question.sender.type_name())
        .bind(question.sender.id())
        .bind(asker.map(|agent| agent.0))
        .bind(asked.0)
        .bind(deadline)
        .bind(question.at)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.counters.accepted_all(question.marks.class, 1);
        Ok((receipt, deadline))
    }

    /// Reads a question.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn asked(&self, ask: MessageId) -> Result<Option<AskRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM asks WHERE id = $1");
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(ask.0)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Stores the asked agent's reply to an agent, and ends the wait where it still lasts. A reply
    /// after the timeout is marked as late.
    ///
    /// # Errors
    /// As for every message; then the wait goes on.
    pub async fn reply(
        &self,
        reply: &NewMessage,
        ask: MessageId,
        bounds: Bounds,
    ) -> Result<(Receipt, Reply), StoreError> {
        let mut tx = self.pool.begin().await?;
        let row = locked(&mut tx, ask).await?;
        let meaning = row.state().reply();
        let mut reply = reply.clone();
        reply.marks.late = meaning == Reply::Late;
        let receipt = one(mail::send(&mut tx, std::slice::from_ref(&reply), bounds).await?)?;
        if !receipt.repeated && meaning != Reply::More {
            end(&mut tx, &row, &reply, None).await?;
        }
        tx.commit().await?;
        if !receipt.repeated {
            self.counters.accepted_all(reply.marks.class, 1);
        }
        Ok((receipt, meaning))
    }

    /// Stores the asked agent's reply to somebody without an inbox: with the question itself.
    ///
    /// # Errors
    /// [`StoreError::Answered`] when there is another reply already.
    pub async fn reply_outside(
        &self,
        reply: &NewMessage,
        ask: MessageId,
    ) -> Result<(Receipt, Reply), StoreError> {
        let mut tx = self.pool.begin().await?;
        let row = locked(&mut tx, ask).await?;
        let meaning = row.state().reply();
        if let Some(id) = row.reply_id {
            let same = row.reply_body.as_ref() == Some(&reply.body);
            let receipt = Receipt {
                id: MessageId(id),
                repeated: true,
            };
            return if same && row.reply_payload == reply.payload {
                Ok((receipt, meaning))
            } else {
                Err(StoreError::Answered)
            };
        }
        end(&mut tx, &row, reply, Some(&reply.body)).await?;
        tx.commit().await?;
        let receipt = Receipt {
            id: reply.id,
            repeated: false,
        };
        Ok((receipt, meaning))
    }

    /// Questions whose time is over, the longest overdue first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn due_asks(&self, now: DateTime<Utc>, max: i64) -> Result<Vec<AskRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM asks WHERE state = 'open' AND deadline <= $1
             ORDER BY deadline LIMIT $2"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(now)
            .bind(max)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Ends the wait of a question without a reply, and tells the asker by `notice` where it has an
    /// inbox. False when the wait was over already: whoever is first does it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn time_out(
        &self,
        ask: &AskRow,
        notice: Option<&NewMessage>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let done = sqlx::query(
            "UPDATE asks SET state = 'timed_out', ended_at = $2
             WHERE id = $1 AND state = 'open' AND deadline <= $2",
        )
        .bind(ask.id)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(notice) = notice {
            mail::insert(&mut tx, notice).await?;
        }
        tell(&mut tx, ask, "persistent_agent:ask_timed_out", None, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The one answer to a batch of one.
fn one(mut stored: Vec<Stored>) -> Result<Receipt, StoreError> {
    match stored.pop() {
        Some(Stored::Done(receipt)) => Ok(receipt),
        Some(Stored::Refused(error)) => Err(error),
        Some(Stored::Again) | None => Err(StoreError::Moved),
    }
}

/// Holds the rows of both, in the order in which mail holds those of its receivers, so that the asker is
/// not removed while its question is stored: nobody would ever be told of the answer.
async fn there(tx: &mut PgConnection, asker: AgentId, asked: AgentId) -> Result<(), StoreError> {
    let rows: Vec<(Uuid,)> = sqlx::query_as(
        "SELECT id FROM actors WHERE kind = 'agent' AND id IN ($1, $2) ORDER BY kind, id
         FOR NO KEY UPDATE",
    )
    .bind(asker.0)
    .bind(asked.0)
    .fetch_all(tx)
    .await?;
    if rows.contains(&(asker.0,)) {
        Ok(())
    } else {
        Err(StoreError::NoReceiver)
    }
}

/// Whether this agent may begin to wait for that one.
async fn may_wait(
    tx: &mut PgConnection,
    asker: AgentId,
    asked: AgentId,
    now: DateTime<Utc>,
    open_max: i64,
) -> Result<(), StoreError> {
    let (open,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM asks WHERE asker_id = $1 AND state = 'open'")
            .bind(asker.0)
            .fetch_one(&mut *tx)
            .await?;
    if open_max <= open {
        return Err(StoreError::AsksOpen(open));
    }
    let waits: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "WITH RECURSIVE waits AS (
           SELECT q.asker_id, q.asked_id FROM asks q
           WHERE q.asker_id = $1 AND q.state = 'open' AND $2 < q.deadline
           UNION
           SELECT q.asker_id, q.asked_id FROM waits w JOIN asks q ON q.asker_id = w.asked_id
           WHERE q.state = 'open' AND $2 < q.deadline
         ) SELECT asker_id, asked_id FROM waits",
    )
    .bind(asked.0)
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    let waits: Vec<_> = waits
        .into_iter()
        .map(|(waiter, waited)| (AgentId(waiter), AgentId(waited)))
        .collect();
    let Some(path) = cycle(asker, asked, &waits) else {
        return Ok(());
    };
    let ids: Vec<Uuid> = path.iter().map(|agent| agent.0).collect();
    let names: Vec<(String,)> = sqlx::query_as(
        "SELECT COALESCE(g.slug, p.id::text)
         FROM UNNEST($1::uuid[]) WITH ORDINALITY AS p (id, ord) LEFT JOIN agents g ON g.id = p.id
         ORDER BY p.ord",
    )
    .bind(ids)
    .fetch_all(tx)
    .await?;
    Err(StoreError::Cycle(
        names.into_iter().map(|(name,)| name).collect(),
    ))
}

/// Held until the end of the transaction: a reply and the timeout meet here, and one is first.
async fn locked(tx: &mut PgConnection, ask: MessageId) -> Result<AskRow, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM asks WHERE id = $1 FOR UPDATE");
    let row: Option<AskRow> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(ask.0)
        .fetch_optional(tx)
        .await?;
    row.ok_or(StoreError::NoReceiver)
}

async fn end(
    tx: &mut PgConnection,
    ask: &AskRow,
    reply: &NewMessage,
    body: Option<&str>,
) -> Result<(), StoreError> {
    let payload = body.and(reply.payload.as_ref());
    sqlx::query(
        "UPDATE asks SET reply_id = $2, reply_body = $3, reply_payload = $4,
                late = (state = 'timed_out'), ended_at = COALESCE(ended_at, $5),
                state = CASE WHEN state = 'open' THEN 'answered' ELSE state END
         WHERE id = $1",
    )
    .bind(ask.id)
    .bind(reply.id.0)
    .bind(body)
    .bind(payload)
    .bind(reply.at)
    .execute(&mut *tx)
    .await?;
    let kind = "persistent_agent:ask_answered";
    tell(tx, ask, kind, Some(reply.id), reply.at).await
}

async fn tell(
    tx: &mut PgConnection,
    ask: &AskRow,
    kind: &str,
    reply: Option<MessageId>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let late = reply.is_some() && ask.state() == AskState::TimedOut;
    sqlx::query("INSERT INTO events (actor_id, type, data, at) VALUES ($1, $2, $3, $4)")
        .bind(ask.asked_id)
        .bind(kind)
        .bind(json!({
            "agentId": ask.asked_id, "askId": ask.id, "replyId": reply, "late": late,
            "askerType": ask.asker_type, "askerId": ask.asker_name,
        }))
        .bind(at)
        .execute(tx)
        .await?;
    Ok(())
}
