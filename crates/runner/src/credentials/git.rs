//! A credential helper of git: `git-credential get` with lines of `name=value` on standard input.

use optio_domain::wire::credentials::CredentialQuestion;

use super::{Env, ask};

/// What is written where.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// Standard output, for git.
    pub output: String,
    /// Standard error, for people.
    pub complaint: Option<String>,
}

/// Answers git. `store` and `erase` are for helpers that keep something.
#[must_use]
pub fn git_credential(operation: &str, input: &str, env: Env<'_>) -> Reply {
    if operation != "get" {
        return Reply {
            output: String::new(),
            complaint: None,
        };
    }
    let answer = question(input)
        .ok_or_else(|| "git named no protocol and host".to_owned())
        .and_then(|question| ask(env, &question).map_err(|error| error.to_string()));
    match answer {
        Ok(answer) => {
            let expiry = answer
                .expires_at
                .map(|at| format!("password_expiry_utc={}\n", at.timestamp()));
            let (username, password) = (answer.username, answer.password);
            Reply {
                output: format!(
                    "username={username}\npassword={password}\n{}",
                    expiry.unwrap_or_default()
                ),
                complaint: None,
            }
        }
        // Nobody else is to be asked: neither another helper nor a person.
        Err(reason) => Reply {
            output: "quit=1\n".to_owned(),
            complaint: Some(format!("optio: {reason}\n")),
        },
    }
}

fn question(input: &str) -> Option<CredentialQuestion> {
    let value = |name: &str| {
        let line = input
            .lines()
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(line.to_owned())
    };
    Some(CredentialQuestion {
        protocol: value("protocol")?,
        host: value("host")?,
        path: value("path"),
    })
}
