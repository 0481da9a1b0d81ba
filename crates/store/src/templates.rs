//! The library of prompt templates, and which words a prompt begins with.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::TemplateId,
    prompt_template::{Origin, TemplateKind, TemplateSpec, Words},
    repo::RepoUrl,
};
use serde_json::{Map, Value};
use sqlx::{FromRow, PgConnection, Postgres, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError};

/// What the template is called that a workspace's words are first kept as.
pub const DEFAULT_NAME: &str = "default";

/// A template of the library.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateRow {
    /// Its identity.
    pub id: TemplateId,
    /// Whose it is.
    pub workspace: String,
    /// What people decided about it.
    pub spec: TemplateSpec,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What became of a template that was to be kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// It is there now.
    Yes(Box<TemplateRow>),
    /// Another one of its kind has the name.
    NameTaken,
}

/// The words that a prompt begins with, and where they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The template of the library that they are, where they are one.
    pub template: Option<TemplateId>,
    /// The words.
    pub words: Words,
}

#[derive(FromRow)]
struct Columns {
    id: Uuid,
    workspace: String,
    kind: String,
    name: String,
    template: String,
    description: Option<String>,
    params_schema: Option<Json<Map<String, Value>>>,
    default_agent_type: Option<String>,
    is_default: bool,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The columns of [`Columns`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, workspace, kind, name, template, description, params_schema, \
             default_agent_type, is_default, created_by, created_at, updated_at \
             FROM prompt_templates ",
            $rest
        )
    };
}

const INSERT: &str = "INSERT INTO prompt_templates (id, updated_at, created_at, kind, name, template, \
    description, params_schema, default_agent_type, is_default, workspace, created_by) \
    VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const UPDATE: &str = "UPDATE prompt_templates SET updated_at = $2, kind = $3, name = $4, template = $5, \
    description = $6, params_schema = $7, default_agent_type = $8, is_default = $9 WHERE id = $1";

impl Store {
    /// Keeps a new template. Where it is to be the default, the one before is it no more.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when another one becomes the default at the same moment; others when the database
    /// is away.
    pub async fn add_template(
        &self,
        id: TemplateId,
        workspace: &str,
        spec: &TemplateSpec,
        created_by: &str,
        now: DateTime<Utc>,
    ) -> Result<Kept, StoreError> {
        let mut transaction = self.pool.begin().await?;
        make_room(&mut transaction, workspace, id, spec).await?;
        let done = with_spec(INSERT, id, spec, now)
            .bind(workspace)
            .bind(created_by)
            .execute(&mut *transaction)
            .await;
        if let Some(refused) = refused(done)? {
            return Ok(refused);
        }
        transaction.commit().await?;
        Ok(Kept::Yes(Box::new(TemplateRow {
            id,
            workspace: workspace.to_owned(),
            spec: spec.clone(),
            created_by: created_by.to_owned(),
            created_at: now,
            updated_at: now,
        })))
    }

    /// A template of a workspace by its identity.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn named_template(
        &self,
        workspace: &str,
        id: TemplateId,
    ) -> Result<Option<TemplateRow>, StoreError> {
        let found: Option<Columns> = sqlx::query_as(select!("WHERE id = $1 AND workspace = $2"))
            .bind(id.0)
            .bind(workspace)
            .fetch_optional(&self.pool)
            .await?;
        found.map(TemplateRow::try_from).transpose()
    }

    /// One page of the templates of a workspace, in the order in which they were made; those of one kind,
    /// where one is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn templates(
        &self,
        workspace: &str,
        kind: Option<TemplateKind>,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<TemplateRow>, StoreError> {
        let found: Vec<Columns> = sqlx::query_as(select!(
            "WHERE workspace = $1 AND ($2::text IS NULL OR kind = $2)
               AND ($3::timestamptz IS NULL OR ($3, $4) < (created_at, id))
             ORDER BY created_at, id LIMIT $5"
        ))
        .bind(workspace)
        .bind(kind.map(TemplateKind::name))
        .bind(after.map(|(at, _)| at))
        .bind(after.map(|(_, id)| id))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        found.into_iter().map(TemplateRow::try_from).collect()
    }

    /// Changes what is decided about a template: nobody else changes it in between. `None` when there is
    /// none; what `change` refuses is handed back, and nothing is written.
    ///
    /// # Errors
    /// As [`Self::add_template`].
    pub async fn change_template<E>(
        &self,
        workspace: &str,
        id: TemplateId,
        now: DateTime<Utc>,
        change: impl FnOnce(TemplateSpec) -> Result<TemplateSpec, E>,
    ) -> Result<Option<Result<Kept, E>>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(mut row) = held(&mut transaction, workspace, id).await? else {
            return Ok(None);
        };
        row.spec = match change(row.spec) {
            Ok(spec) => spec,
            Err(refused) => return Ok(Some(Err(refused))),
        };
        row.updated_at = now;
        make_room(&mut transaction, workspace, id, &row.spec).await?;
        let done = with_spec(UPDATE, id, &row.spec, now)
            .execute(&mut *transaction)
            .await;
        if let Some(refused) = refused(done)? {
            return Ok(Some(Ok(refused)));
        }
        transaction.commit().await?;
        Ok(Some(Ok(Kept::Yes(Box::new(row)))))
    }

    /// Removes a template. False when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_template(
        &self,
        workspace: &str,
        id: TemplateId,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM prompt_templates WHERE id = $1 AND workspace = $2")
            .bind(id.0)
            .bind(workspace)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The template that a workspace's prompts of a kind begin with.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn default_template(
        &self,
        workspace: &str,
        kind: TemplateKind,
    ) -> Result<Option<TemplateRow>, StoreError> {
        let found: Option<Columns> =
            sqlx::query_as(select!("WHERE workspace = $1 AND kind = $2 AND is_default"))
                .bind(workspace)
                .bind(kind.name())
                .fetch_optional(&self.pool)
                .await?;
        found.map(TemplateRow::try_from).transpose()
    }

    /// The words that a prompt of a repository begins with: its own ones, else those of its workspace, else
    /// ours. Also one that nobody has registered has those of its workspace.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn effective_template(
        &self,
        workspace: &str,
        repo_url: &str,
        kind: TemplateKind,
    ) -> Result<Effective, StoreError> {
        let spec = match RepoUrl::parse(repo_url) {
            Ok(url) => self.repo_at(workspace, &url).await?.map(|row| row.spec),
            Err(_invalid) => None,
        };
        let own = spec.and_then(|spec| match kind {
            TemplateKind::Prompt => spec.prompt_template_override,
            TemplateKind::Review => spec.review_prompt_template,
            TemplateKind::Job | TemplateKind::Task => None,
        });
        match own {
            Some(template) => Ok(Effective {
                template: None,
                words: Words {
                    origin: Origin::Repository,
                    template,
                },
            }),
            None => self.workspace_template(workspace, kind).await,
        }
    }

    /// The words that a workspace's prompts of a kind begin with: its own ones, else ours.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn workspace_template(
        &self,
        workspace: &str,
        kind: TemplateKind,
    ) -> Result<Effective, StoreError> {
        let row = self.default_template(workspace, kind).await?;
        Ok(row.map_or_else(
            || Effective {
                template: None,
                words: Words::built_in(kind),
            },
            |row| Effective {
                template: Some(row.id),
                words: Words {
                    origin: Origin::Workspace,
                    template: row.spec.template,
                },
            },
        ))
    }
}

/// There is one default of a kind: what was it before is it no more.
async fn make_room(
    connection: &mut PgConnection,
    workspace: &str,
    id: TemplateId,
    spec: &TemplateSpec,
) -> Result<(), StoreError> {
    if !spec.is_default {
        return Ok(());
    }
    sqlx::query(
        "UPDATE prompt_templates SET is_default = false
         WHERE workspace = $1 AND kind = $2 AND is_default AND id <> $3",
    )
    .bind(workspace)
    .bind(spec.kind.name())
    .bind(id.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// What a write was refused for, in words that the caller understands.
fn refused<T>(done: Result<T, sqlx::Error>) -> Result<Option<Kept>, StoreError> {
    let Err(error) = done else {
        return Ok(None);
    };
    let database = error.as_database_error();
    match database.and_then(|error| error.constraint()) {
        Some("prompt_templates_of_one_name") => Ok(Some(Kept::NameTaken)),
        Some("prompt_templates_of_all") => Err(StoreError::Moved),
        Some(_) | None => Err(error.into()),
    }
}

async fn held(
    connection: &mut PgConnection,
    workspace: &str,
    id: TemplateId,
) -> Result<Option<TemplateRow>, StoreError> {
    let found: Option<Columns> =
        sqlx::query_as(select!("WHERE id = $1 AND workspace = $2 FOR UPDATE"))
            .bind(id.0)
            .bind(workspace)
            .fetch_optional(connection)
            .await?;
    found.map(TemplateRow::try_from).transpose()
}

/// A statement whose first parameters are the identity, the time, and what people decide.
fn with_spec<'q>(
    statement: &'static str,
    id: TemplateId,
    spec: &'q TemplateSpec,
    at: DateTime<Utc>,
) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(id.0)
        .bind(at)
        .bind(spec.kind.name())
        .bind(&spec.name)
        .bind(&spec.template)
        .bind(&spec.description)
        .bind(spec.params_schema.as_ref().map(Json))
        .bind(&spec.default_agent_type)
        .bind(spec.is_default)
}

impl TryFrom<Columns> for TemplateRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let kind = TemplateKind::parse(&row.kind)
            .ok_or_else(|| StoreError::Corrupt(format!("template {}: {}", row.id, row.kind)))?;
        Ok(Self {
            id: TemplateId(row.id),
            workspace: row.workspace,
            spec: TemplateSpec {
                name: row.name,
                kind,
                template: row.template,
                description: row.description,
                params_schema: row.params_schema.map(|json| json.0),
                default_agent_type: row.default_agent_type,
                is_default: row.is_default,
            },
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
