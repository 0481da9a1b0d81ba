//! How a command fails: what a person reads, and the exit code a script reads.

use serde_json::{Value, json};

/// The exit codes of `optio`. They are part of its interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Something else went wrong.
    General,
    /// The command line or the configuration is wrong.
    Usage,
    /// Not signed in, or not allowed.
    Auth,
    /// There is no such thing.
    NotFound,
    /// It contradicts the state things are in.
    Conflict,
    /// Ctrl-C.
    Interrupted,
    /// Whoever read our output has left; nobody is told, and nothing is wrong.
    PipeClosed,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::General => 1,
            Self::Usage => 2,
            Self::Auth => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command failed, in words that say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What was wrong.
    pub message: String,
    /// More lines: a field and its rule, a setting and its remedy.
    pub details: Vec<String>,
    /// Which exit code.
    pub exit: Exit,
}

impl Failure {
    /// A failure with an exit code.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            details: Vec::new(),
            exit,
        }
    }

    /// A failure of no special kind.
    #[must_use]
    pub fn general(message: impl Into<String>) -> Self {
        Self::new(Exit::General, message)
    }

    /// A wrong command line or configuration.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The same with more lines.
    #[must_use]
    pub fn with(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// The form for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"error": self.message, "details": self.details, "exit": self.exit.code()})
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Exit::PipeClosed, "nobody reads the output any more");
        }
        Self::general(error.to_string())
    }
}
