//! The runner's program as it is used inside the sandbox: it asks the control plane for the
//! credentials of a repository, for one use, and keeps nothing.

mod git;
mod target;
mod tool;

use std::time::{Duration, Instant};

use optio_domain::wire::credentials::{
    API_URL, CredentialAnswer, CredentialQuestion, PATH, RUN_TOKEN,
};
use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

pub use git::{Reply, git_credential};
pub use tool::{Called, Tool, before};

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long it is asked again where nobody answers.
const PATIENCE: Duration = Duration::from_mins(2);
/// Names another such time, in milliseconds, in the environment.
const PATIENCE_MS: &str = "OPTIO_CREDENTIALS_WAIT_MS";
/// How long after an answer that was none it is asked again, at first and at most.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// Characters of a refusal that are shown.
const REFUSAL_CHARS_MAX: usize = 300;

/// Reads a variable of the environment.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// This process was not started by a run that may ask.
    #[error("{0} is not set: only runs of a repository can ask for credentials")]
    NoRun(&'static str),
    /// Nobody answered, or not in time.
    #[error("the control plane at {url} does not answer: {reason}")]
    Absent {
        /// Its base URL.
        url: String,
        /// What happened.
        reason: String,
    },
    /// It does not give them.
    #[error("no credentials for {host}: {status} {reason}")]
    Refused {
        /// What they were wanted for.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Its words.
        reason: String,
    },
    /// It answered something else.
    #[error("the control plane at {url} answered something that is no credential")]
    Nonsense {
        /// Its base URL.
        url: String,
    },
}

impl AskError {
    /// Whether asking again may help: nobody is there, or who is there cannot answer now.
    fn is_passing(&self) -> bool {
        match self {
            Self::Absent { .. } => true,
            Self::Refused { status, .. } => matches!(status, 429 | 502..=504),
            Self::NoRun(_) | Self::Nonsense { .. } => false,
        }
    }
}

/// An error as the control plane words it.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Asks for credentials with the token of the run, again and again while nobody answers: a control plane
/// that is replaced is away for some seconds, and the agent's work is not to fail for that.
fn ask(env: Env<'_>, question: &CredentialQuestion) -> Result<CredentialAnswer, AskError> {
    let patience = env(PATIENCE_MS)
        .and_then(|text| text.parse().ok())
        .map_or(PATIENCE, Duration::from_millis);
    let (began, mut pause) = (Instant::now(), PAUSE_MIN);
    loop {
        let answer = ask_once(env, question);
        let away = answer.as_ref().err().is_some_and(AskError::is_passing);
        if !away || patience <= began.elapsed() + pause {
            return answer;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn ask_once(env: Env<'_>, question: &CredentialQuestion) -> Result<CredentialAnswer, AskError> {
    let given = |name| {
        env(name)
            .filter(|it| !it.is_empty())
            .ok_or(AskError::NoRun(name))
    };
    let (url, token) = (given(API_URL)?, given(RUN_TOKEN)?);
    let absent = |error: ureq::Error| AskError::Absent {
        url: url.clone(),
        reason: error.to_string(),
    };
    let nonsense = || AskError::Nonsense { url: url.clone() };
    let body = serde_json::to_string(question).map_err(|_| nonsense())?;
    let mut response = agent(&url)
        .post(format!("{}{PATH}", url.trim_end_matches('/')))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .send(body)
        .map_err(absent)?;
    let status = response.status().as_u16();
    let text = response
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_string()
        .map_err(absent)?;
    if status != 200 {
        let said = serde_json::from_str(&text).map(|Refusal { error }| error);
        return Err(AskError::Refused {
            host: question.host.clone(),
            status,
            reason: said
                .unwrap_or(text)
                .chars()
                .take(REFUSAL_CHARS_MAX)
                .collect(),
        });
    }
    let answer: CredentialAnswer = serde_json::from_str(&text).map_err(|_| nonsense())?;
    // Git reads lines: a value with one more could say anything else as well.
    let plain = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    if plain(&answer.username) && plain(&answer.password) {
        Ok(answer)
    } else {
        Err(nonsense())
    }
}

/// A client that keeps the token to the address it was told: no redirects, and no proxy where the
/// control plane is on this machine.
pub(crate) fn agent(url: &str) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(ANSWER_MAX))
        .max_redirects(0)
        .http_status_as_error(false);
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let config = if url.starts_with("https://") {
        config.tls_config(TlsConfig::builder().root_certs(trusted()).build())
    } else {
        config
    };
    let here = ["127.", "localhost", "[::1]"];
    let config = if here.iter().any(|host| rest.starts_with(host)) {
        config.proxy(None)
    } else {
        config
    };
    config.build().into()
}

/// Whom this machine trusts, as git does: a control plane may have a certificate of its own house.
fn trusted() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<_> = found
        .iter()
        .map(|found| Certificate::from_der(found).to_owned())
        .collect();
    RootCerts::new_with_certs(&certificates)
}
