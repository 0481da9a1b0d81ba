//! What can go wrong, named by what the caller can do about it.

use optio_domain::{id::TaskId, mail::Sender};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote since it was read: look again.
    #[error("the row has moved since it was read")]
    Moved,
    /// The actor's shard has another owner by now, or our lease is over; nothing was written.
    #[error("another control plane runs this actor")]
    NotOwner,
    /// The database is away: try again later; nothing was written.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The slug is taken.
    #[error("the slug `{0}` is taken")]
    SlugTaken(String),
    /// Another one of its kind has the name.
    #[error("the name `{name}` is taken by another {what}")]
    NameTaken {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Another trigger hears calls there.
    #[error("another webhook hears calls at `{0}`")]
    PathTaken(String),
    /// The receiver does not exist.
    #[error("there is no such receiver")]
    NoReceiver,
    /// The inbox is full.
    #[error("the inbox is full: {0} messages wait")]
    InboxFull(i64),
    /// The same sender used the key for another message.
    #[error("the idempotency key was used by {0} for another message")]
    KeyReused(Sender),
    /// It would reach too many.
    #[error("{0} receivers are more than the limit of limits.fan_out_max")]
    FanOut(i64),
    /// Too many agents lie between it and whoever was not an agent.
    #[error("the message came through {0} agents, one causing the next")]
    Hops(i32),
    /// Whoever is asked waits, directly or over others, for the asker: from the asker back to it.
    #[error("the question would close a circle of waits: {}", .0.join(" waits for "))]
    Cycle(Vec<String>),
    /// The asker has too many open questions.
    #[error("{0} questions of this agent wait for their reply")]
    AsksOpen(i64),
    /// The question was answered before.
    #[error("the question was answered before")]
    Answered,
    /// There is no such task in the workspace.
    #[error("there is no task {0}")]
    UnknownTask(TaskId),
    /// A task would wait for itself in the end: from the task back to it.
    #[error("the dependency would close a circle: {}", words(.0))]
    TaskCircle(Vec<TaskId>),
    /// Another task that is not over has the ticket.
    #[error("a task that is not over has the ticket {0} already")]
    TicketTaken(String),
    /// A bound of the store; the words name it.
    #[error("{0}")]
    TooMany(String),
    /// What is stored makes no sense, or a statement is wrong: a person must look.
    #[error("the store holds or was given something that makes no sense: {0}")]
    Corrupt(String),
    /// A statement failed for a reason nobody planned for.
    #[error("a statement failed")]
    Failed(#[source] sqlx::Error),
}

fn words(circle: &[TaskId]) -> String {
    let tasks: Vec<String> = circle.iter().map(ToString::to_string).collect();
    tasks.join(" waits for ")
}

impl StoreError {
    /// The database is away, as several callers of one statement are told.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::Unavailable(sqlx::Error::PoolTimedOut)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_away(&error) {
            Self::Unavailable(error)
        } else if lost_a_race(&error) {
            Self::Moved
        } else {
            Self::Failed(error)
        }
    }
}

/// Postgres ended the statement for the sake of another: 40001 and 40P01. Nothing was written.
fn lost_a_race(error: &sqlx::Error) -> bool {
    has_code(error, &["40001", "40P01"])
}

fn is_away(error: &sqlx::Error) -> bool {
    let broken = matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_)
    );
    // 57P: shutdowns and start-ups; 08: connection; 53: resources (disk full, too many clients);
    // 25P03: the server did not wait for us any longer.
    broken || has_code(error, &["57P", "08", "53", "25P03"])
}

fn has_code(error: &sqlx::Error, beginnings: &[&str]) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| beginnings.iter().any(|class| code.starts_with(class)))
}
