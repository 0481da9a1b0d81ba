//! Stands before `gh`: asks for a token, and gives it to that one process.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::target::{GITHUB, target};
use super::{Env, ask};

/// Variables from which `gh` would take another token.
const TOKENS: [&str; 4] = [
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
];
/// What `gh` says without asking anybody.
const TALK: [&str; 5] = ["--version", "version", "--help", "help", "completion"];

/// What becomes of a call of `gh`.
pub enum Gh {
    /// This is to be executed in the place of the present process.
    Execute(Command),
    /// It cannot be done: the words for people, and the exit code.
    Refuse(String, u8),
}

/// Finds the real `gh` and a token for it. `me`: the program that stands before it.
pub fn gh(me: &Path, args: &[OsString], env: Env<'_>) -> Gh {
    let path = env("PATH").unwrap_or_default();
    let Some(program) = real(&path, me) else {
        let words = "optio: gh is not installed in this sandbox; install it (https://cli.github.com), \
                     or use git, and the API with curl\n";
        return Gh::Refuse(words.to_owned(), 127);
    };
    let mut command = Command::new(program);
    command.args(args);
    let args = args.iter().map(|arg| arg.to_string_lossy().into_owned());
    let args: Vec<String> = args.collect();
    if args
        .first()
        .is_none_or(|first| TALK.contains(&first.as_str()))
    {
        return Gh::Execute(command);
    }
    let question = target(&args, env, origin);
    let answer = match ask(env, &question) {
        Ok(answer) => answer,
        Err(error) => return Gh::Refuse(format!("optio: {error}\n"), 1),
    };
    for name in TOKENS {
        command.env_remove(name);
    }
    let host = question.host;
    if host == GITHUB {
        command.env("GH_TOKEN", answer.password);
    } else {
        // Tenants of the hosted enterprise product take the token of github.com.
        let token = if host.ends_with(".ghe.com") {
            "GH_TOKEN"
        } else {
            "GH_ENTERPRISE_TOKEN"
        };
        command.env(token, answer.password).env("GH_HOST", host);
    }
    // Nobody is there to be asked anything.
    command.env("GH_PROMPT_DISABLED", "1");
    Gh::Execute(command)
}

/// The first `gh` in the path that is not this program under another name.
fn real(path: &str, me: &Path) -> Option<PathBuf> {
    let me = me.canonicalize().ok();
    std::env::split_paths(path)
        .map(|dir| dir.join("gh"))
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
