//! Repositories: their addresses and what people decided about them.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::RepoId,
    repo::{
        ExternalReviewFilters, ExternalReviewMode, ExternalReviews, GitPlatform, RepoSpec, RepoUrl,
        ReviewTrigger, SlackAddress, SlackNotice, SlackSettings,
    },
    sandbox::SandboxSpec,
    secret::Place,
};
use sqlx::{FromRow, PgConnection, Postgres, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    notices::write_address,
    secrets::{self, SecretError},
};

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoRow {
    /// Its identity.
    pub id: RepoId,
    /// Whose it is.
    pub workspace: String,
    /// What people decided about it.
    pub spec: RepoSpec,
    /// Who added it.
    pub created_by: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When its settings last changed.
    pub updated_at: DateTime<Utc>,
}

/// What became of a repository that was to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    Yes(Box<RepoRow>),
    /// Its address was there before; this is its identity.
    Already(RepoId),
}

#[derive(FromRow)]
struct Columns {
    id: Uuid,
    workspace: String,
    repo_url: String,
    full_name: String,
    git_platform: String,
    default_branch: String,
    default_agent_type: String,
    claude_model: String,
    max_turns_coding: i32,
    max_turns_review: i32,
    auto_merge: bool,
    cautious_mode: bool,
    auto_resume: bool,
    max_auto_resumes: Option<i32>,
    planning_mode_enabled: bool,
    max_concurrent_tasks: i32,
    max_pod_instances: i32,
    max_agents_per_pod: i32,
    review_enabled: bool,
    review_trigger: String,
    review_model: String,
    review_agent_type: Option<String>,
    review_prompt_template: Option<String>,
    prompt_template_override: Option<String>,
    test_command: Option<String>,
    off_peak_only: bool,
    external_review_mode: String,
    external_review_wait_for_ci: bool,
    external_review_filters: Json<ExternalReviewFilters>,
    slack_enabled: bool,
    slack_channel: Option<String>,
    slack_notify_on: Vec<String>,
    slack_address: bool,
    sandbox: Json<SandboxSpec>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The columns of [`Columns`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace, repo_url, full_name, git_platform, default_branch, \
             default_agent_type, claude_model, max_turns_coding, max_turns_review, auto_merge, \
             cautious_mode, auto_resume, max_auto_resumes, planning_mode_enabled, \
             max_concurrent_tasks, max_pod_instances, max_agents_per_pod, review_enabled, \
             review_trigger, review_model, review_agent_type, review_prompt_template, \
             prompt_template_override, test_command, off_peak_only, external_review_mode, \
             external_review_wait_for_ci, external_review_filters, slack_enabled, slack_channel, \
             slack_notify_on, EXISTS (SELECT FROM secrets s WHERE s.workspace = repos.workspace \
             AND s.scope = 'of:slack:' || repos.id) AS slack_address, sandbox, created_by, created_at, \
             updated_at FROM repos ",
            $rest
        )
    };
}

const INSERT: &str = "INSERT INTO repos (id, updated_at, created_at, repo_url, full_name, git_platform, \
    default_branch, default_agent_type, claude_model, max_turns_coding, max_turns_review, auto_merge, \
    cautious_mode, auto_resume, max_auto_resumes, planning_mode_enabled, max_concurrent_tasks, \
    max_pod_instances, max_agents_per_pod, review_enabled, review_trigger, review_model, \
    review_agent_type, review_prompt_template, prompt_template_override, test_command, off_peak_only, \
    external_review_mode, external_review_wait_for_ci, external_review_filters, external_look_at, \
    slack_enabled, slack_channel, slack_notify_on, sandbox, workspace, created_by) \
    VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
    $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, CASE WHEN $27 <> 'off' THEN $2 END, $30, $31, $32, $33, \
    $34, $35) \
    ON CONFLICT (workspace, repo_url) DO NOTHING";
const UPDATE: &str = "UPDATE repos SET updated_at = $2, repo_url = $3, full_name = $4, \
    git_platform = $5, default_branch = $6, default_agent_type = $7, claude_model = $8, \
    max_turns_coding = $9, max_turns_review = $10, auto_merge = $11, cautious_mode = $12, \
    auto_resume = $13, max_auto_resumes = $14, planning_mode_enabled = $15, \
    max_concurrent_tasks = $16, max_pod_instances = $17, max_agents_per_pod = $18, \
    review_enabled = $19, review_trigger = $20, review_model = $21, review_agent_type = $22, \
    review_prompt_template = $23, prompt_template_override = $24, test_command = $25, \
    off_peak_only = $26, external_review_mode = $27, external_review_wait_for_ci = $28, \
    external_review_filters = $29, external_look_at = CASE WHEN $27 <> 'off' THEN $2 END, \
    slack_enabled = $30, slack_channel = $31, slack_notify_on = $32, sandbox = $33 WHERE id = $1";

impl Store {
    /// Adds a repository, unless its address is there already.
    ///
    /// # Errors
    /// [`SecretError`] when the database is away, or its way to Slack cannot be kept.
    pub async fn add_repo(
        &self,
        id: RepoId,
        workspace: &str,
        spec: &RepoSpec,
        created_by: &str,
        now: DateTime<Utc>,
    ) -> Result<Added, SecretError> {
        let mut tx = self.pool.begin().await?;
        let done = with_spec(INSERT, id, spec, now)
            .bind(workspace)
            .bind(created_by)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 1 {
            write_address(self, &mut tx, workspace, id, &spec.slack.address, now).await?;
        }
        tx.commit().await?;
        let there = self.repo_at(workspace, &spec.url).await?;
        let there = there.ok_or(StoreError::Moved)?;
        if done.rows_affected() == 1 {
            Ok(Added::Yes(Box::new(there)))
        } else {
            Ok(Added::Already(there.id))
        }
    }

    /// A repository by its identity.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repo(&self, workspace: &str, id: RepoId) -> Result<Option<RepoRow>, StoreError> {
        let found: Option<Columns> = sqlx::query_as(select!("WHERE id = $1 AND workspace = $2"))
            .bind(id.0)
            .bind(workspace)
            .fetch_optional(&self.pool)
            .await?;
        found.map(RepoRow::try_from).transpose()
    }

    /// A repository by its address.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repo_at(
        &self,
        workspace: &str,
        url: &RepoUrl,
    ) -> Result<Option<RepoRow>, StoreError> {
        let found: Option<Columns> =
            sqlx::query_as(select!("WHERE repo_url = $1 AND workspace = $2"))
                .bind(url.as_str())
                .bind(workspace)
                .fetch_optional(&self.pool)
                .await?;
        found.map(RepoRow::try_from).transpose()
    }

    /// One page of the repositories of a workspace, in the order in which they were added.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn repos(
        &self,
        workspace: &str,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<RepoRow>, StoreError> {
        let found: Vec<Columns> = sqlx::query_as(select!(
            "WHERE workspace = $1 AND ($2::timestamptz IS NULL OR ($2, $3) < (created_at, id))
             ORDER BY created_at, id LIMIT $4"
        ))
        .bind(workspace)
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        found.into_iter().map(RepoRow::try_from).collect()
    }

    /// Changes what is decided about a repository: nobody else changes it in between. `None` when
    /// there is none; what `change` refuses is handed back, and nothing is written.
    ///
    /// # Errors
    /// [`SecretError`] when the database is away, or its way to Slack cannot be kept.
    pub async fn change_repo<E>(
        &self,
        workspace: &str,
        id: RepoId,
        now: DateTime<Utc>,
        change: impl FnOnce(RepoSpec) -> Result<RepoSpec, E>,
    ) -> Result<Option<Result<RepoRow, E>>, SecretError> {
        let mut transaction = self.pool.begin().await?;
        let Some(mut row) = held(&mut transaction, workspace, id).await? else {
            return Ok(None);
        };
        row.spec = match change(row.spec) {
            Ok(spec) => spec,
            Err(refused) => return Ok(Some(Err(refused))),
        };
        row.updated_at = now;
        with_spec(UPDATE, id, &row.spec, now)
            .execute(&mut *transaction)
            .await?;
        let address = &mut row.spec.slack.address;
        write_address(self, &mut transaction, workspace, id, address, now).await?;
        transaction.commit().await?;
        if matches!(address, SlackAddress::New(_)) {
            *address = SlackAddress::Stored;
        }
        Ok(Some(Ok(row)))
    }

    /// Removes a repository. False when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_repo(&self, workspace: &str, id: RepoId) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let done = sqlx::query("DELETE FROM repos WHERE id = $1 AND workspace = $2")
            .bind(id.0)
            .bind(workspace)
            .execute(&mut *tx)
            .await?;
        secrets::forget(&mut tx, &Place::of_slack(workspace, id), None).await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

async fn held(
    connection: &mut PgConnection,
    workspace: &str,
    id: RepoId,
) -> Result<Option<RepoRow>, StoreError> {
    let found: Option<Columns> =
        sqlx::query_as(select!("WHERE id = $1 AND workspace = $2 FOR UPDATE"))
            .bind(id.0)
            .bind(workspace)
            .fetch_optional(connection)
            .await?;
    found.map(RepoRow::try_from).transpose()
}

/// A statement whose first parameters are the identity, the time, and what people decide.
fn with_spec<'q>(
    statement: &'static str,
    id: RepoId,
    spec: &'q RepoSpec,
    at: DateTime<Utc>,
) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(id.0)
        .bind(at)
        .bind(spec.url.as_str())
        .bind(&spec.full_name)
        .bind(spec.git_platform.name())
        .bind(&spec.default_branch)
        .bind(&spec.default_agent_type)
        .bind(&spec.claude_model)
        .bind(spec.max_turns_coding)
        .bind(spec.max_turns_review)
        .bind(spec.auto_merge)
        .bind(spec.cautious_mode)
        .bind(spec.auto_resume)
        .bind(spec.max_auto_resumes)
        .bind(spec.planning_mode_enabled)
        .bind(spec.max_concurrent_tasks)
        .bind(spec.max_pod_instances)
        .bind(spec.max_agents_per_pod)
        .bind(spec.review_enabled)
        .bind(spec.review_trigger.name())
        .bind(&spec.review_model)
        .bind(&spec.review_agent_type)
        .bind(&spec.review_prompt_template)
        .bind(&spec.prompt_template_override)
        .bind(&spec.test_command)
        .bind(spec.off_peak_only)
        .bind(spec.external_reviews.mode.name())
        .bind(spec.external_reviews.wait_for_ci)
        .bind(Json(&spec.external_reviews.filters))
        .bind(spec.slack.enabled)
        .bind(&spec.slack.channel)
        .bind(
            spec.slack
                .notify_on
                .iter()
                .map(|it| it.name())
                .collect::<Vec<_>>(),
        )
        .bind(Json(&spec.sandbox))
}

impl TryFrom<Columns> for RepoRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("repository {}: {what}", row.id));
        let spec = RepoSpec {
            url: RepoUrl::parse(&row.repo_url).map_err(|invalid| corrupt(&invalid.to_string()))?,
            git_platform: GitPlatform::parse(&row.git_platform)
                .ok_or_else(|| corrupt(&row.git_platform))?,
            review_trigger: ReviewTrigger::parse(&row.review_trigger)
                .ok_or_else(|| corrupt(&row.review_trigger))?,
            full_name: row.full_name,
            default_branch: row.default_branch,
            default_agent_type: row.default_agent_type,
            claude_model: row.claude_model,
            max_turns_coding: row.max_turns_coding,
            max_turns_review: row.max_turns_review,
            auto_merge: row.auto_merge,
            cautious_mode: row.cautious_mode,
            auto_resume: row.auto_resume,
            max_auto_resumes: row.max_auto_resumes,
            planning_mode_enabled: row.planning_mode_enabled,
            max_concurrent_tasks: row.max_concurrent_tasks,
            max_pod_instances: row.max_pod_instances,
            max_agents_per_pod: row.max_agents_per_pod,
            review_enabled: row.review_enabled,
            review_model: row.review_model,
            review_agent_type: row.review_agent_type,
            review_prompt_template: row.review_prompt_template,
            prompt_template_override: row.prompt_template_override,
            test_command: row.test_command,
            off_peak_only: row.off_peak_only,
            external_reviews: ExternalReviews {
                mode: ExternalReviewMode::parse(&row.external_review_mode)
                    .ok_or_else(|| corrupt(&row.external_review_mode))?,
                wait_for_ci: row.external_review_wait_for_ci,
                filters: row.external_review_filters.0,
            },
            slack: SlackSettings {
                enabled: row.slack_enabled,
                address: if row.slack_address {
                    SlackAddress::Stored
                } else {
                    SlackAddress::None
                },
                channel: row.slack_channel,
                notify_on: row
                    .slack_notify_on
                    .iter()
                    .filter_map(|name| SlackNotice::parse(name))
                    .collect(),
            },
            sandbox: row.sandbox.0,
        };
        Ok(Self {
            id: RepoId(row.id),
            workspace: row.workspace,
            spec,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
