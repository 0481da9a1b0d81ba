//! The runner's own program inside the sandbox: git asks it for credentials, and it stands in the
//! place of `gh` and `glab`, so that a token is there for one use and nowhere else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use optio_domain::wire::checkout::Author;
use optio_domain::wire::credentials::{API_URL, RUN_TOKEN};

use crate::command::{Order, PATH, What};
use crate::credentials::Tool;
use crate::place::Place;

/// Where isolated runs see the program.
pub(crate) const SEEN: &str = "/run/optio/optio-runner";
/// Where isolated runs see what comes first in their PATH.
const SEEN_FIRST: &str = "/run/optio/bin";
/// The same below the home of runs that are not isolated.
const FIRST: &str = ".optio/bin";

/// The door.
pub(crate) struct Door {
    program: String,
}

impl Door {
    /// The program that runs here.
    pub(crate) fn here() -> io::Result<Self> {
        Ok(Self {
            program: std::env::current_exe()?.to_string_lossy().into_owned(),
        })
    }

    /// The program, as this machine sees it.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// What bubblewrap is told, so that a run which may ask sees the program and cannot change it, and
    /// so that the program itself can be executed.
    pub(crate) fn shown(&self, order: &Order<'_>) -> Vec<OsString> {
        let may_ask = may_ask(order.env);
        if !may_ask && !matches!(order.program, What::Ourselves) {
            return Vec::new();
        }
        let mut args: Vec<OsString> = vec!["--ro-bind".into(), self.program.clone().into()];
        args.push(SEEN.into());
        if !may_ask {
            return args;
        }
        for tool in Tool::ALL {
            args.extend(["--symlink".into(), SEEN.into()]);
            args.push(format!("{SEEN_FIRST}/{}", tool.name()).into());
        }
        args
    }

    /// Makes the link for a run that may ask and for which nothing is bound.
    pub(crate) fn prepare(&self, place: &Place, env: &BTreeMap<String, String>) -> io::Result<()> {
        if place.bwrap.is_some() || !may_ask(env) {
            return Ok(());
        }
        Tool::ALL.into_iter().try_for_each(|tool| {
            let program = Path::new(&self.program);
            place.link(&format!("{FIRST}/{}", tool.name()), program)
        })
    }

    /// Adds to the environment of a run that has a token what makes git, `gh` and `glab` ask with it.
    pub(crate) fn open(&self, place: &Place, env: &mut BTreeMap<String, String>) {
        if !may_ask(env) {
            return;
        }
        let path = env.get("PATH").map_or(PATH, String::as_str);
        let path = format!("{}:{path}", self.first(place));
        env.insert("PATH".to_owned(), path);
        // An empty helper forgets those of the machine and of the repository.
        let helper = format!("!{} git-credential", quoted(&self.seen(place)));
        configure(
            env,
            &[
                ("credential.helper", ""),
                ("credential.helper", &helper),
                ("credential.useHttpPath", "true"),
            ],
        );
    }

    fn seen(&self, place: &Place) -> String {
        if place.bwrap.is_some() {
            SEEN.to_owned()
        } else {
            self.program.clone()
        }
    }

    fn first(&self, place: &Place) -> String {
        if place.bwrap.is_some() {
            SEEN_FIRST.to_owned()
        } else {
            place.home.join(FIRST).to_string_lossy().into_owned()
        }
    }
}

/// Whether a run has a token, and knows where to ask with it.
fn may_ask(env: &BTreeMap<String, String>) -> bool {
    env.contains_key(RUN_TOKEN) && env.contains_key(API_URL)
}

/// Whose the commits of a run are, and that `git push` needs no further words.
pub(crate) fn sign(env: &mut BTreeMap<String, String>, author: &Author) {
    configure(
        env,
        &[
            ("user.name", &author.name),
            ("user.email", &author.mail),
            ("push.default", "current"),
            ("push.autoSetupRemote", "true"),
        ],
    );
    // Nobody is there to be asked for a password.
    env.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
}

/// Adds settings of git to an environment, after those that it has.
pub(crate) fn configure(env: &mut BTreeMap<String, String>, settings: &[(&str, &str)]) {
    let count = env.get("GIT_CONFIG_COUNT");
    let mut count: usize = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    for (key, value) in settings {
        env.insert(format!("GIT_CONFIG_KEY_{count}"), (*key).to_owned());
        env.insert(format!("GIT_CONFIG_VALUE_{count}"), (*value).to_owned());
        count += 1;
    }
    env.insert("GIT_CONFIG_COUNT".to_owned(), count.to_string());
}

/// One word for the shell with which git starts its helpers.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
