//! Turns: opened with their mail, closed with its fate, in one transaction each.

use chrono::{DateTime, Utc};
use optio_domain::id::{AgentId, TurnId};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::{Store, StoreError};

mod closing;
mod opening;
mod starting;
pub(crate) mod steering;

pub use closing::{Aftermath, Closed, Keep};
pub use opening::{Opened, Opening};
pub use steering::InputAnswer;

/// A turn as the API shows it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct TurnRow {
    /// Its identity.
    pub id: Uuid,
    /// Whose turn.
    pub agent_id: Uuid,
    /// From 1.
    pub turn_number: i32,
    /// The agent's epoch.
    pub epoch: i64,
    /// What woke the agent.
    pub wake_source: String,
    /// The message that woke it.
    pub wake_payload: Option<Value>,
    /// What the agent was told.
    pub prompt_used: String,
    /// Messages it was given.
    pub messages: i32,
    /// Why it halted.
    pub halt_reason: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// The class of that.
    pub error_class: Option<String>,
    /// Dollars.
    pub cost_usd: Option<Decimal>,
    /// Tokens sent.
    pub input_tokens: Option<i64>,
    /// Tokens received.
    pub output_tokens: Option<i64>,
    /// The model that answered.
    pub model_used: Option<String>,
    /// The vendor's session.
    pub session_id: Option<String>,
    /// The agent's last words.
    pub summary: Option<String>,
    /// When it was opened.
    pub started_at: DateTime<Utc>,
    /// When it was closed.
    pub finished_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "id, agent_id, turn_number, epoch, wake_source, wake_payload, prompt_used, \
    messages, halt_reason, error, error_class, cost_usd, input_tokens, output_tokens, model_used, \
    session_id, summary, started_at, finished_at";

/// What a token's bearer may still do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A turn is open that its process serves.
    Open {
        /// Which turn.
        turn: TurnId,
        /// The agent's slug.
        slug: String,
        /// The agent's name.
        name: String,
    },
    /// Its process serves no open turn.
    Ended {
        /// The number of the turn it was started for.
        number: i32,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// There is no such turn.
    Unknown,
}

#[derive(FromRow)]
struct RawStanding {
    turn_number: i32,
    finished_at: Option<DateTime<Utc>>,
    epoch: i64,
    slug: String,
    name: String,
    updated_at: DateTime<Utc>,
    served: Option<Uuid>,
}

impl Store {
    /// One page of an agent's turns, newest first, before turn number `before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn turns(
        &self,
        agent: AgentId,
        before: Option<i32>,
        limit: i64,
    ) -> Result<Vec<TurnRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM turns WHERE agent_id = $1 AND ($2::int IS NULL OR turn_number < $2)
             ORDER BY turn_number DESC LIMIT $3"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(agent.0)
            .bind(before)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Reads one turn of an agent.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn turn(&self, agent: AgentId, turn: TurnId) -> Result<Option<TurnRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM turns WHERE agent_id = $1 AND id = $2");
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(agent.0)
            .bind(turn.0)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Looks which open turn is served by the process of a token: `turn` and `epoch` are those it was
    /// started for.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn standing(
        &self,
        agent: AgentId,
        turn: TurnId,
        epoch: i64,
    ) -> Result<Standing, StoreError> {
        let row: Option<RawStanding> = sqlx::query_as(
            "SELECT t.turn_number, t.finished_at, t.epoch, g.slug, g.name, g.updated_at,
                    o.id AS served
                 FROM turns t JOIN agents g ON g.id = t.agent_id
                 LEFT JOIN runs r ON r.id = g.open_turn AND r.open
                 LEFT JOIN turns o ON o.id = r.id AND o.finished_at IS NULL
                      AND $1 IN (o.id, r.process_id)
                 WHERE t.id = $1 AND t.agent_id = $2",
        )
        .bind(turn.0)
        .bind(agent.0)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(Standing::Unknown);
        };
        Ok(match row.served.filter(|_| row.epoch == epoch) {
            Some(served) => Standing::Open {
                turn: TurnId(served),
                slug: row.slug,
                name: row.name,
            },
            None => Standing::Ended {
                number: row.turn_number,
                at: row.finished_at.unwrap_or(row.updated_at),
            },
        })
    }
}
