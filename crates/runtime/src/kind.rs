//! What a kind of actor must be able to do for the engine.

use chrono::{DateTime, Utc};
use optio_domain::{actor::ActorKind, ports::Eventually};
use optio_store::StoreError;
use uuid::Uuid;

/// A kind of actor: how one of them looks, plans, commits and carries out.
pub trait Kind: Send + Sync + 'static {
    /// Which kind.
    fn kind(&self) -> ActorKind;
    /// Takes at most one step of one actor. The engine never runs two for the same actor at once.
    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>>;
}

/// What a step leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It moved: look again at once.
    Again,
    /// Nothing more to do now.
    Rest {
        /// When to look again without being told.
        until: Option<DateTime<Utc>>,
    },
    /// The actor no longer exists.
    Gone,
}

/// Why a step was not taken, by what follows.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Somebody else wrote in between: look again.
    #[error("the actor has moved")]
    Moved,
    /// Another control plane runs the actor: it is forgotten here.
    #[error("another control plane runs the actor")]
    NotOwner,
    /// The database is away: look again later. Nobody's fault.
    #[error("the database is away")]
    Away(#[source] StoreError),
    /// The actor cannot trust what it holds: it falls, and its supervisor starts it again.
    #[error("the actor fell: {0}")]
    Fallen(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Moved => Self::Moved,
            StoreError::NotOwner => Self::NotOwner,
            StoreError::Unavailable(_) => Self::Away(error),
            StoreError::SlugTaken(_)
            | StoreError::NameTaken { .. }
            | StoreError::PathTaken(_)
            | StoreError::NoReceiver
            | StoreError::InboxFull(_)
            | StoreError::KeyReused(_)
            | StoreError::Hops(_)
            | StoreError::Cycle(_)
            | StoreError::AsksOpen(_)
            | StoreError::Answered
            | StoreError::FanOut(_)
            | StoreError::UnknownTask(_)
            | StoreError::TaskCircle(_)
            | StoreError::TicketTaken(_)
            | StoreError::TooMany(_)
            | StoreError::Corrupt(_)
            | StoreError::Failed(_) => Self::Fallen(with_source(&error)),
        }
    }
}

fn with_source(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
