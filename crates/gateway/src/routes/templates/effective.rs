//! Which words the prompts of tasks and reviews begin with, and how these are set.

use std::convert::Infallible;

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{
    agent::spec::Invalid,
    id::TemplateId,
    mail::Sender,
    prompt_template::{TemplateKind, TemplateSpec},
    repo::{RepoSpec, RepoUrl},
};
use optio_store::templates::{DEFAULT_NAME, Kept};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::agents::WORKSPACE,
    written::{OfWords, address},
};
use crate::{
    Gateway,
    body::{Body, Params},
    caller::Person,
    error::{ApiError, Problem},
};

/// The words that prompts begin with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EffectiveWords {
    /// The template of the library that they are, where they are one.
    id: Option<Uuid>,
    template: String,
    /// repository, workspace or built-in.
    source: &'static str,
    /// Whether the repository merges what is green.
    auto_merge: bool,
    /// Whether its pull requests are drafts.
    cautious_mode: bool,
}

/// Shows the words that the prompts of a repository, or of the workspace, begin with.
#[utoipa::path(get, path = "/api/prompt-templates/effective", tag = "templates", params(OfWords),
    responses((status = 200, body = EffectiveWords), (status = 400, body = Problem)))]
pub(crate) async fn effective(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(of): Params<OfWords>,
) -> Result<Json<EffectiveWords>, ApiError> {
    let (kind, repo) = (of.kind()?, of.repo()?);
    let store = &gateway.world().store;
    let (spec, effective) = match &repo {
        Some(url) => (
            store.repo_at(WORKSPACE, url).await?.map(|row| row.spec),
            store
                .effective_template(WORKSPACE, url.as_str(), kind)
                .await?,
        ),
        None => (None, store.workspace_template(WORKSPACE, kind).await?),
    };
    Ok(Json(EffectiveWords {
        id: effective.template.map(|id| id.0),
        template: effective.words.template,
        source: effective.words.origin.name(),
        auto_merge: spec.as_ref().is_some_and(|spec| spec.auto_merge),
        cautious_mode: spec.as_ref().is_some_and(|spec| spec.cautious_mode),
    }))
}

/// Words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnlyWords {
    template: String,
}

/// Shows the built-in words of tasks.
#[utoipa::path(get, path = "/api/prompt-templates/builtin-default", tag = "templates",
    responses((status = 200, body = OnlyWords)))]
pub(crate) async fn built_in(_person: Person) -> Json<OnlyWords> {
    let template = TemplateKind::Prompt
        .built_in()
        .unwrap_or_default()
        .to_owned();
    Json(OnlyWords { template })
}

/// Shows the words of reviews where their repository has none: those of the workspace, or the built-in ones.
#[utoipa::path(get, path = "/api/prompt-templates/review-default", tag = "templates",
    responses((status = 200, body = OnlyWords)))]
pub(crate) async fn of_reviews(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<OnlyWords>, ApiError> {
    let store = &gateway.world().store;
    let kind = TemplateKind::Review;
    let effective = store.workspace_template(WORKSPACE, kind).await?;
    let template = effective.words.template;
    Ok(Json(OnlyWords { template }))
}

/// Words to begin with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWords {
    /// The text, up to 64 KiB.
    #[schema(min_length = 1)]
    template: String,
    /// Whether the repository merges what is green; it is decided for each repository.
    auto_merge: Option<bool>,
    /// The address of the repository whose words they are; the workspace's where it is left out.
    repo_url: Option<String>,
    /// They are for reviews, and not for tasks.
    #[serde(default)]
    is_review: bool,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WordsSaved {
    ok: bool,
}

/// Sets the words that prompts begin with from now on: those of a repository, or of the workspace.
#[utoipa::path(post, path = "/api/prompt-templates", tag = "templates", request_body = NewWords,
    responses((status = 201, body = WordsSaved), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn save(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Body(sent): Body<NewWords>,
) -> Result<(StatusCode, Json<WordsSaved>), ApiError> {
    let kind = if sent.is_review {
        TemplateKind::Review
    } else {
        TemplateKind::Prompt
    };
    let spec = TemplateSpec {
        is_default: true,
        ..TemplateSpec::new(DEFAULT_NAME, kind, &sent.template)
    };
    spec.check().map_err(ApiError::Invalid)?;
    match address(sent.repo_url.as_deref())? {
        Some(url) => of_repository(&gateway, &url, spec, sent.auto_merge).await?,
        None if sent.auto_merge == Some(true) => {
            let rule = "is decided for each repository; name one with repoUrl";
            return Err(Invalid::new("autoMerge", rule).into());
        }
        None => of_workspace(&gateway, spec, &Sender::User(person).to_string()).await?,
    }
    Ok((StatusCode::CREATED, Json(WordsSaved { ok: true })))
}

async fn of_repository(
    gateway: &Gateway,
    url: &RepoUrl,
    words: TemplateSpec,
    auto_merge: Option<bool>,
) -> Result<(), ApiError> {
    let world = gateway.world();
    let missing = || {
        ApiError::Missing(format!(
            "there is no repository {url}; POST /api/repos adds it"
        ))
    };
    let row = world.store.repo_at(WORKSPACE, url).await?;
    let id = row.ok_or_else(missing)?.id;
    let change = |mut spec: RepoSpec| {
        match words.kind {
            TemplateKind::Review => spec.review_prompt_template = Some(words.template),
            TemplateKind::Prompt | TemplateKind::Job | TemplateKind::Task => {
                spec.prompt_template_override = Some(words.template);
            }
        }
        spec.auto_merge = auto_merge.unwrap_or(spec.auto_merge);
        Ok::<_, Infallible>(spec)
    };
    let changed = world
        .store
        .change_repo(WORKSPACE, id, world.clock.now(), change)
        .await?;
    changed.map(|_row| ()).ok_or_else(missing)
}

/// The template that is the default has another text from now on, whatever it is called.
async fn of_workspace(gateway: &Gateway, spec: TemplateSpec, by: &str) -> Result<(), ApiError> {
    let world = gateway.world();
    let (store, now) = (&world.store, world.clock.now());
    let kept = match store.default_template(WORKSPACE, spec.kind).await? {
        Some(row) => {
            let change = |mut there: TemplateSpec| {
                there.template = spec.template;
                there.is_default = true;
                Ok::<_, Infallible>(there)
            };
            let changed = store
                .change_template(WORKSPACE, row.id, now, change)
                .await?;
            // It was removed at the same moment.
            changed
                .and_then(Result::ok)
                .ok_or(optio_store::StoreError::Moved)?
        }
        None => {
            let id = TemplateId(world.ids.fresh());
            store.add_template(id, WORKSPACE, &spec, by, now).await?
        }
    };
    match kept {
        Kept::Yes(_) => Ok(()),
        Kept::NameTaken => Err(ApiError::Conflict(format!(
            "there is a template called {DEFAULT_NAME} that is not the default; make it that with isDefault, \
             or give it another name"
        ))),
    }
}
