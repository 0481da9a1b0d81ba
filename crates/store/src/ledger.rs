//! What runs have cost, of agents, tasks, jobs and reviews together.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::{Store, StoreError};

/// Every run that has ended in the workspace `$1` since `$2`, of the repository `$3` where one is named.
const LEDGER: &str = "WITH ledger AS (
    SELECT t.finished_at AS at, 'agent' AS kind, g.id AS subject, g.slug AS name, NULL::text AS repo,
           t.model_used AS model, t.cost_usd AS cost, t.input_tokens, t.output_tokens,
           t.halt_reason = 'natural' AS well
      FROM turns t JOIN agents g ON g.id = t.agent_id
     WHERE g.workspace = $1 AND t.finished_at >= $2
    UNION ALL
    SELECT r.finished_at, t.kind, t.id, t.title, t.repo_url, r.model_used, r.cost_usd, r.input_tokens,
           r.output_tokens, r.error_class IS NULL
      FROM task_runs r JOIN tasks t ON t.id = r.task_id
     WHERE t.workspace = $1 AND r.finished_at >= $2
    UNION ALL
    SELECT r.finished_at, 'pr_review', v.id, v.title, v.repo_url, r.model_used, r.cost_usd, r.input_tokens,
           r.output_tokens, r.outcome = 'completed'
      FROM pr_review_runs r JOIN pr_reviews v ON v.id = r.review_id
     WHERE v.workspace = $1 AND r.finished_at >= $2
), chosen AS (SELECT * FROM ledger WHERE $3::text IS NULL OR repo = $3)";

/// What the runs of one day, kind, model and repository have cost.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct CostRow {
    /// The day, in UTC.
    pub day: NaiveDate,
    /// agent, coding, review, job or `pr_review`.
    pub kind: String,
    /// The model, where the agent program said one.
    pub model: Option<String>,
    /// The repository, where there is one.
    pub repo: Option<String>,
    /// How many runs.
    pub runs: i64,
    /// Those that ended well.
    pub well: i64,
    /// Dollars.
    pub cost: Decimal,
    /// Tokens sent.
    pub input_tokens: Decimal,
    /// Tokens received.
    pub output_tokens: Decimal,
}

/// What one agent, task or review has cost.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct CostlyRow {
    /// As [`CostRow::kind`].
    pub kind: String,
    /// Which.
    pub subject: Uuid,
    /// What people call it.
    pub name: String,
    /// How many runs.
    pub runs: i64,
    /// Dollars.
    pub cost: Decimal,
}

impl Store {
    /// What runs that ended since then have cost, by day, kind, model and repository.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn costs(
        &self,
        workspace: &str,
        since: DateTime<Utc>,
        repo: Option<&str>,
    ) -> Result<Vec<CostRow>, StoreError> {
        let sql = format!(
            "{LEDGER} SELECT (at AT TIME ZONE 'UTC')::date AS day, kind, model, repo, count(*) AS runs,
                    count(*) FILTER (WHERE well) AS well, COALESCE(sum(cost), 0) AS cost,
                    COALESCE(sum(input_tokens), 0) AS input_tokens,
                    COALESCE(sum(output_tokens), 0) AS output_tokens
             FROM chosen GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(workspace)
            .bind(since)
            .bind(repo)
            .fetch_all(&self.pool)
            .await?)
    }

    /// What has cost most since then.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn costliest(
        &self,
        workspace: &str,
        since: DateTime<Utc>,
        repo: Option<&str>,
        limit: i64,
    ) -> Result<Vec<CostlyRow>, StoreError> {
        let sql = format!(
            "{LEDGER} SELECT kind, subject, name, count(*) AS runs, sum(cost) AS cost FROM chosen
             GROUP BY 1, 2, 3 HAVING 0 < sum(cost) ORDER BY 5 DESC, 2 LIMIT $4"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql))
            .bind(workspace)
            .bind(since)
            .bind(repo)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?)
    }
}
