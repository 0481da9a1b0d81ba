//! Prepares the worktree of a run before its agent starts, and gives account of it afterwards.

use std::sync::Arc;
use std::time::Duration;

use optio_domain::wire::checkout::{Checkout, CheckoutStart, SETUP, WorktreeState};
use optio_domain::wire::runner::{EndCause, Ended, FileSpec, Happening, RunSpec};
use tokio::time::Instant;

use crate::command::{failed, installed};
use crate::environment;
use crate::git::{Git, below};
use crate::held::{Held, Wish};
use crate::place::{Place, WORKSPACE};
use crate::redact::Redactor;
use crate::runs::Runs;
use crate::site::{COMPLETE, Site};
use crate::tools::{Halt, Tool, Tools, Voice};

/// How long the look at what a run has left may take.
const ACCOUNT_MAX: Duration = Duration::from_secs(20);
/// The same where the runner itself ends: whoever ends it does not wait for long.
const ACCOUNT_SOON_MAX: Duration = Duration::from_millis(500);
/// Longer times are as good as no limit, and cannot overflow a point in time.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Bytes of a clone's list of what git is not to see.
const EXCLUDE_BYTES_MAX: u64 = 256 << 10;

/// A run with a worktree.
pub(crate) struct Errand<'a> {
    pub(crate) runs: &'a Arc<Runs>,
    pub(crate) held: &'a Held,
    pub(crate) spec: &'a RunSpec,
    pub(crate) checkout: &'a Checkout,
    pub(crate) redactor: &'a Arc<Redactor>,
}

impl Errand<'_> {
    /// Prepares the worktree.
    ///
    /// # Errors
    /// How the run ends without having begun.
    pub(crate) async fn prepare(&self) -> Result<(), Ended> {
        let Checkout {
            git_ms_max,
            setup_ms_max,
            ..
        } = *self.checkout;
        self.runs
            .place()
            .prepare()
            .map_err(|error| failed(format!("workspace or home cannot be made: {error}")))?;
        let env = environment::of_git(self.runs, self.spec, self.checkout);
        let late = |what: &str, ms: u64| format!("{what} took longer than {ms} ms");
        let tools = self.tools(git_ms_max);
        let (how, complete) = self
            .with_git(&tools, &env)
            .await
            .map_err(|halt| unprepared(halt, late("git", git_ms_max)))?;
        if !complete {
            let tools = self.tools(setup_ms_max);
            self.set_up(&tools, &env)
                .await
                .map_err(|halt| unprepared(halt, late(SETUP, setup_ms_max)))?;
        }
        self.tell(how, &env)
            .await
            .map_err(|halt| unprepared(halt, late("git", git_ms_max)))
    }

    /// What the run leaves in its worktree, where that can be found out.
    pub(crate) async fn account(&self) -> Result<WorktreeState, String> {
        let env = environment::of_git(self.runs, self.spec, self.checkout);
        let soon = *self.held.wishes().borrow() == Wish::StopSoon;
        let patience = if soon { ACCOUNT_SOON_MAX } else { ACCOUNT_MAX };
        let tools = Tools {
            // A run that was stopped gives account as well.
            held: None,
            until: Instant::now() + patience,
            ..self.tools(0)
        };
        let state = async { Git::new(&tools, &env)?.state(&self.checkout.worktree).await };
        state.await.map_err(|halt: Halt| {
            let ended = unprepared(
                halt,
                format!("it took longer than {} ms", patience.as_millis()),
            );
            self.redactor.text(&ended.detail.unwrap_or_default())
        })
    }

    fn tools(&self, ms: u64) -> Tools<'_> {
        Tools {
            runs: self.runs,
            held: Some(self.held),
            redactor: Arc::clone(self.redactor),
            read_only: &self.spec.read_only,
            until: Instant::now() + Duration::from_millis(ms).min(WAIT_MAX),
        }
    }

    /// Everything that git is needed for; where the worktree came from, and whether it is complete.
    async fn with_git(&self, tools: &Tools<'_>, env: &Environment) -> Result<(String, bool), Halt> {
        let Checkout {
            clone, worktree, ..
        } = self.checkout;
        let git = Git::new(tools, env)?;
        let lock = self.runs.claims().clone_lock(clone);
        let _alone = tools.patiently(lock.lock()).await?;
        let site = Site {
            git: &git,
            checkout: self.checkout,
        };
        let how = site.begin().await?;
        let dir = below(worktree);
        let complete = git.knows(&dir, COMPLETE).await?;
        let moved = matches!(self.checkout.start, CheckoutStart::Detached { .. });
        if self.checkout.submodules && (!complete || moved) {
            let update = ["submodule", "--quiet", "update", "--init", "--recursive"];
            git.must(&dir, &update).await?;
        }
        self.write_files()?;
        Ok((how, complete))
    }

    /// Writes the files of the run and those of the worktree, which git does not see.
    fn write_files(&self) -> Result<(), Halt> {
        let place = self.runs.place();
        let Checkout {
            clone,
            worktree,
            files,
            ..
        } = self.checkout;
        let excluded: Vec<String> = files.iter().map(|file| pattern(&file.path)).collect();
        place
            .add_lines(
                &format!("{clone}/info/exclude"),
                &excluded,
                EXCLUDE_BYTES_MAX,
            )
            .map_err(|error| Halt::Failed(format!("{clone}/info/exclude: {error}")))?;
        let dir = format!("{WORKSPACE}/{}", below(worktree));
        let files = files.iter().map(|file| FileSpec {
            path: format!("{dir}/{}", file.path),
            ..file.clone()
        });
        let files: Vec<FileSpec> = files.chain(self.spec.files.iter().cloned()).collect();
        write_files(place, &files).map_err(Halt::Failed)
    }

    /// Lets the repository's own script complete a new worktree.
    async fn set_up(&self, tools: &Tools<'_>, env: &Environment) -> Result<(), Halt> {
        let git = Git::new(tools, env)?;
        let dir = below(&self.checkout.worktree);
        let script = format!("HEAD:{SETUP}");
        if git.ask(&dir, &["cat-file", "-e", &script]).await?.is_some() {
            tools.say(format!("executing {SETUP}"), 0)?;
            let shell = shell()?;
            let env = environment::of_agent(self.runs, self.spec);
            let done = tools
                .run(&Tool {
                    program: &shell,
                    args: vec![SETUP.to_owned()],
                    dir: &dir,
                    env: &env,
                    voice: Voice::Loud,
                })
                .await?;
            if !done.success {
                return Err(Halt::Failed(format!(
                    "{SETUP} failed: {}",
                    done.complaint()
                )));
            }
        }
        git.must(&dir, &["update-ref", COMPLETE, "HEAD"]).await?;
        Ok(())
    }

    async fn tell(&self, how: String, env: &Environment) -> Result<(), Halt> {
        let tools = self.tools(self.checkout.git_ms_max);
        let git = Git::new(&tools, env)?;
        let (head_sha, branch) = git.head(&self.checkout.worktree).await?;
        let prepared = Happening::Prepared {
            head_sha,
            branch,
            how,
        };
        self.held
            .record(prepared)
            .map_err(|error| Halt::Journal(format!("the journal was not written: {error}")))
    }
}

/// The shell that carries scripts out.
pub(crate) fn shell() -> Result<String, Halt> {
    let shell = installed("bash").or_else(|| installed("sh"));
    shell.ok_or_else(|| Halt::Failed("no shell is installed".to_owned()))
}

/// Writes files for the agent; why not, in words.
pub(crate) fn write_files(place: &Place, files: &[FileSpec]) -> Result<(), String> {
    files.iter().try_for_each(|file| {
        place.write(file).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        })
    })
}

type Environment = std::collections::BTreeMap<String, String>;

/// The end of a run that could not begin. `late`: what is said where it took too long.
pub(crate) fn unprepared(halt: Halt, late: String) -> Ended {
    let (cause, detail) = match halt {
        Halt::Start(ended) => return ended,
        Halt::Stopped => (EndCause::Stopped, "before the agent was started".to_owned()),
        Halt::Late => (EndCause::Unprepared, late),
        Halt::Journal(words) => (EndCause::JournalFailed, words),
        Halt::Failed(words) => (EndCause::Unprepared, words),
    };
    Ended {
        cause,
        ..failed(detail)
    }
}

/// The path as a pattern that means this path and no other.
fn pattern(path: &str) -> String {
    let special = |c: char| "\\*?[ ".contains(c);
    let mut pattern = "/".to_owned();
    for c in path.chars() {
        if special(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
