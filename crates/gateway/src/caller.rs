//! Who is asking: a person, or an agent in one of its turns.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use optio_domain::{
    id::TurnId,
    mail::Sender,
    token::{RUN_PREFIX, TurnClaims, Verb},
};
use optio_store::turns::Standing;

use crate::{Gateway, error::ApiError};

/// The header agents send their token in.
const AGENT_HEADER: &str = "x-optio-agent-token";
/// Who everybody is who is no agent: there is one owner, and no login yet.
const LOCAL: &str = "local";

/// Who is asking.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// A person.
    Person(String),
    /// An agent in an open turn.
    Agent(AgentCaller),
}

/// An agent in an open turn.
#[derive(Debug, Clone)]
pub(crate) struct AgentCaller {
    pub(crate) claims: TurnClaims,
    /// The open turn, which need not be the one the token was given for.
    pub(crate) turn: TurnId,
    pub(crate) slug: String,
    pub(crate) name: String,
}

impl AgentCaller {
    /// Refuses what the token does not allow.
    pub(crate) fn may(&self, verb: Verb) -> Result<(), ApiError> {
        if self.claims.verbs.contains(&verb) {
            return Ok(());
        }
        Err(ApiError::Forbidden(
            format!("this token does not allow {verb:?}").to_lowercase(),
        ))
    }

    /// The agent as a sender.
    pub(crate) fn sender(&self) -> Sender {
        Sender::Agent {
            workspace: self.claims.workspace.clone(),
            slug: self.slug.clone(),
        }
    }
}

impl Caller {
    /// The caller as a sender.
    pub(crate) fn sender(&self) -> Sender {
        match self {
            Self::Person(id) => Sender::User(id.clone()),
            Self::Agent(agent) => agent.sender(),
        }
    }
}

impl FromRequestParts<Gateway> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        if bearer(&parts.headers).is_some_and(|token| token.starts_with(RUN_PREFIX)) {
            return Err(ApiError::Forbidden(
                "a run's token allows asking for git credentials only".to_owned(),
            ));
        }
        match agent_token(&parts.headers) {
            Some(token) => agent(&token, gateway).await.map(Self::Agent),
            None => Ok(Self::Person(LOCAL.to_owned())),
        }
    }
}

/// A person. An agent's token opens the inter-agent API and nothing else.
pub(crate) struct Person(pub(crate) String);

impl FromRequestParts<Gateway> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, gateway).await? {
            Caller::Person(id) => Ok(Self(id)),
            Caller::Agent(_) => Err(ApiError::Forbidden(
                "an agent's token allows the inter-agent API only".to_owned(),
            )),
        }
    }
}

impl FromRequestParts<Gateway> for AgentCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let token = agent_token(&parts.headers).ok_or_else(|| {
            ApiError::Unauthorized(
                "no agent token: send OPTIO_AGENT_TOKEN in the header X-Optio-Agent-Token"
                    .to_owned(),
            )
        })?;
        agent(&token, gateway).await
    }
}

pub(crate) fn agent_token(headers: &HeaderMap) -> Option<String> {
    let text =
        |value: &axum::http::HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    if let Some(token) = headers.get(AGENT_HEADER) {
        return Some(text(token));
    }
    bearer(headers).filter(|token| token.starts_with("optio_turn_"))
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

pub(crate) async fn agent(token: &str, gateway: &Gateway) -> Result<AgentCaller, ApiError> {
    let unknown = || {
        ApiError::Unauthorized(
            "the agent token is unknown: it was not issued by this Optio, or was changed"
                .to_owned(),
        )
    };
    let claims = gateway
        .world()
        .signer
        .read_turn(token)
        .map_err(|_unknown| unknown())?;
    let standing = gateway
        .world()
        .store
        .standing(claims.agent, claims.turn, claims.epoch)
        .await?;
    match standing {
        Standing::Open { turn, slug, name } => Ok(AgentCaller {
            claims,
            turn,
            slug,
            name,
        }),
        Standing::Ended { number, at } => Err(ApiError::Unauthorized(format!(
            "the agent token has ended: turn {number} was over at {}; a token is good for the turns \
             that its own process serves, while they are open",
            at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        ))),
        Standing::Unknown => Err(unknown()),
    }
}
