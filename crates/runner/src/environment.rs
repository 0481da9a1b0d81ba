//! What is in the environment of a program: of an agent, of a repository's setup script, of git.

use std::collections::BTreeMap;

use optio_domain::wire::checkout::Checkout;
use optio_domain::wire::credentials::{OUTPUTS_DIR, RUN_TOKEN};
use optio_domain::wire::runner::RunSpec;

use crate::directory;
use crate::door::{configure, sign};
use crate::runs::Runs;

/// Transports that git may use; others can be made to execute programs.
const PROTOCOLS: &str = "https:http";
const PROTOCOLS_WITH_FILES: &str = "https:http:file";
/// How git is used by us: without anybody's hooks, without work in the background, and not waiting
/// for a remote that sends less than so many bytes per second for so many seconds.
const OURS: [(&str, &str); 7] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("advice.detachedHead", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
];

/// The environment of the agent, and of the setup script.
pub(crate) fn of_agent(runs: &Runs, spec: &RunSpec) -> BTreeMap<String, String> {
    let mut env = spec.env.clone();
    env.extend(spec.secrets.clone());
    if let Some(checkout) = &spec.checkout {
        sign(&mut env, &checkout.author);
    }
    if let (Some(outputs), Ok(seen)) = (directory::outputs(spec), runs.place().seen()) {
        let outputs = seen.join(outputs).to_string_lossy().into_owned();
        env.insert(OUTPUTS_DIR.to_owned(), outputs);
    }
    runs.door().open(runs.place(), &mut env);
    env
}

/// The environment of git, where we use it for a run: of the secrets only what credentials are
/// asked for with.
pub(crate) fn of_git(runs: &Runs, spec: &RunSpec, checkout: &Checkout) -> BTreeMap<String, String> {
    let mut env = spec.env.clone();
    let token = spec.secrets.get(RUN_TOKEN);
    env.extend(token.map(|token| (RUN_TOKEN.to_owned(), token.clone())));
    runs.door().open(runs.place(), &mut env);
    let files = checkout.url.starts_with("file://");
    ours(runs, &mut env, files);
    env
}

/// The environment of git, where we use it for no run: it reaches no remote.
pub(crate) fn of_upkeep(runs: &Runs) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    ours(runs, &mut env, false);
    env
}

fn ours(runs: &Runs, env: &mut BTreeMap<String, String>, files: bool) {
    configure(env, &OURS);
    let protocols = if files {
        PROTOCOLS_WITH_FILES
    } else {
        PROTOCOLS
    };
    env.insert("GIT_ALLOW_PROTOCOL".to_owned(), protocols.to_owned());
    env.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
    // A question must not hold up the agent's own git.
    env.insert("GIT_OPTIONAL_LOCKS".to_owned(), "0".to_owned());
    // A directory that has lost its `.git` is not to be taken for part of another repository.
    if let Ok(seen) = runs.place().seen() {
        let seen = seen.to_string_lossy();
        let ceiling = format!("{seen}:{seen}/tasks");
        env.insert("GIT_CEILING_DIRECTORIES".to_owned(), ceiling);
    }
}
