//! Topics: who hears what.

use chrono::{DateTime, Utc};
use optio_domain::{id::AgentId, mail::Topic};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError};

/// A topic, while somebody hears it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TopicRow {
    /// Its name.
    pub topic: String,
    /// How many agents hear it.
    pub subscribers: i64,
}

/// An agent that hears a topic.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Subscriber {
    /// Which.
    pub id: Uuid,
    /// Its slug.
    pub slug: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// One page of the topics of a workspace, by name, after `after`; those that one agent hears,
    /// where one is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn topics(
        &self,
        workspace: &str,
        of: Option<AgentId>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<TopicRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT s.topic, count(*) AS subscribers FROM subscriptions s
             WHERE s.workspace = $1 AND ($2::text IS NULL OR $2 < s.topic)
               AND ($3::uuid IS NULL OR EXISTS (SELECT 1 FROM subscriptions o
                      WHERE o.workspace = s.workspace AND o.topic = s.topic AND o.agent_id = $3))
             GROUP BY s.topic ORDER BY s.topic LIMIT $4",
        )
        .bind(workspace)
        .bind(after)
        .bind(of.map(|agent| agent.0))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }

    /// One page of the agents that hear a topic, by slug, after `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn subscribers(
        &self,
        workspace: &str,
        topic: &Topic,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Subscriber>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT g.id, g.slug, s.created_at FROM subscriptions s JOIN agents g ON g.id = s.agent_id
             WHERE s.workspace = $1 AND s.topic = $2 AND NOT g.deleting
               AND ($3::text IS NULL OR $3 < g.slug)
             ORDER BY g.slug LIMIT $4",
        )
        .bind(workspace)
        .bind(topic.name())
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }

    /// An agent hears a topic from now on. False when it does already, or is gone.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn subscribe(
        &self,
        workspace: &str,
        topic: &Topic,
        agent: AgentId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO subscriptions (workspace, topic, agent_id, created_at)
             SELECT $1, $2, g.id, $4 FROM agents g
             WHERE g.id = $3 AND g.workspace = $1 AND NOT g.deleting
             ON CONFLICT DO NOTHING",
        )
        .bind(workspace)
        .bind(topic.name())
        .bind(agent.0)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// An agent hears a topic no more. False when it did not.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn unsubscribe(
        &self,
        workspace: &str,
        topic: &Topic,
        agent: AgentId,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM subscriptions WHERE workspace = $1 AND topic = $2 AND agent_id = $3",
        )
        .bind(workspace)
        .bind(topic.name())
        .bind(agent.0)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
