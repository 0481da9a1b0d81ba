//! Stands before `gh` and `glab`: asks for a token, and gives it to that one process.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use optio_domain::wire::credentials::{CredentialAnswer, CredentialQuestion};

use super::target::target;
use super::{Env, ask};

/// A program that speaks to a git host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// That of GitHub.
    Gh,
    /// That of GitLab.
    Glab,
}

/// What the programs say without asking anybody.
const TALK: [&str; 5] = ["--version", "version", "--help", "help", "completion"];

impl Tool {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Gh, Self::Glab];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gh => "gh",
            Self::Glab => "glab",
        }
    }

    /// Where it goes when nothing says otherwise.
    pub(super) fn home(self) -> &'static str {
        match self {
            Self::Gh => "github.com",
            Self::Glab => "gitlab.com",
        }
    }

    /// The variables that name another host, first the one that wins, and the one that names a
    /// repository (<https://cli.github.com/manual/gh_help_environment>,
    /// <https://docs.gitlab.com/cli/#environment-variables>).
    pub(super) fn variables(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Gh => (&["GH_HOST"], "GH_REPO"),
            Self::Glab => (&["GITLAB_HOST", "GL_HOST", "GITLAB_URI"], "GITLAB_REPO"),
        }
    }

    /// Variables from which it would take another token.
    fn tokens(self) -> &'static [&'static str] {
        match self {
            Self::Gh => &[
                "GH_TOKEN",
                "GITHUB_TOKEN",
                "GH_ENTERPRISE_TOKEN",
                "GITHUB_ENTERPRISE_TOKEN",
            ],
            Self::Glab => &["GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN", "OAUTH_TOKEN"],
        }
    }

    /// Where it is had from.
    fn page(self) -> &'static str {
        match self {
            Self::Gh => "https://cli.github.com",
            Self::Glab => "https://docs.gitlab.com/cli",
        }
    }

    /// Gives the token to this process alone.
    fn equip(self, command: &mut Command, question: CredentialQuestion, answer: CredentialAnswer) {
        let CredentialQuestion { host, protocol, .. } = question;
        // Nobody is there to be asked anything.
        match self {
            Self::Gh => command.env("GH_PROMPT_DISABLED", "1"),
            Self::Glab => command
                .env("NO_PROMPT", "1")
                .env("GLAB_CHECK_UPDATE", "false"),
        };
        match self {
            Self::Gh if host == self.home() => command.env("GH_TOKEN", answer.password),
            Self::Gh => {
                // Tenants of the hosted enterprise product take the token of github.com.
                let token = if host.ends_with(".ghe.com") {
                    "GH_TOKEN"
                } else {
                    "GH_ENTERPRISE_TOKEN"
                };
                command.env(token, answer.password).env("GH_HOST", host)
            }
            Self::Glab => command
                .env("GITLAB_TOKEN", answer.password)
                .env("GITLAB_HOST", format!("{protocol}://{host}")),
        };
    }
}

/// What becomes of a call.
pub enum Called {
    /// This is to be executed in the place of the present process.
    Execute(Command),
    /// It cannot be done: the words for people, and the exit code.
    Refuse(String, u8),
}

/// Finds the real program and a token for it. `me`: the program that stands before it.
pub fn before(tool: Tool, me: &Path, args: &[OsString], env: Env<'_>) -> Called {
    let path = env("PATH").unwrap_or_default();
    let Some(program) = real(tool, &path, me) else {
        let words = format!(
            "optio: {} is not installed in this sandbox; install it ({}), or use git, and the API with \
             curl\n",
            tool.name(),
            tool.page()
        );
        return Called::Refuse(words, 127);
    };
    let mut command = Command::new(program);
    command.args(args);
    let args = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    let args: Vec<String> = args.collect();
    if args
        .first()
        .is_none_or(|first| TALK.contains(&first.as_str()))
    {
        return Called::Execute(command);
    }
    let question = target(tool, &args, env, origin);
    let answer = match ask(env, &question) {
        Ok(answer) => answer,
        Err(error) => return Called::Refuse(format!("optio: {error}\n"), 1),
    };
    for name in tool.tokens() {
        command.env_remove(name);
    }
    tool.equip(&mut command, question, answer);
    Called::Execute(command)
}

/// The first one in the path that is not this program under another name.
fn real(tool: Tool, path: &str, me: &Path) -> Option<PathBuf> {
    let me = me.canonicalize().ok();
    std::env::split_paths(path)
        .map(|dir| dir.join(tool.name()))
        .find(|candidate| {
            let executable = fs::metadata(candidate)
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
            executable && candidate.canonicalize().ok() != me
        })
}

/// Where the repository is in which this process was started.
fn origin() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["config", "--get", "remote.origin.url"]);
    let out = git.output().ok().filter(|out| out.status.success())?;
    let url = String::from_utf8(out.stdout).ok()?;
    Some(url.trim().to_owned())
}
