//! Removes worktrees and run directories that are not needed any more, and never work that is nowhere
//! else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use optio_domain::wire::checkout::Removal;
use optio_domain::wire::{names, outputs};
use tokio::time::Instant;

use crate::environment;
use crate::git::{Git, below};
use crate::prepare::unprepared;
use crate::redact::Redactor;
use crate::runs::Runs;
use crate::tools::{Halt, Tools};
use crate::warm;

/// How long a removal may take.
const REMOVAL_MAX: Duration = Duration::from_secs(300);

/// Begins the removal of a worktree. What becomes of it is said when it is known.
pub(crate) fn begin(runs: &Arc<Runs>, name: String, discard_unpushed: bool) {
    let runs = Arc::clone(runs);
    tokio::spawn(async move {
        // One after the other: who asks twice is told the second time that it is gone.
        let queue = runs.claims().removing();
        let turn = queue.lock().await;
        let outcome = remove(&runs, &name, discard_unpushed).await;
        drop(turn);
        tracing::info!(worktree = name, ?outcome, "asked to remove a worktree");
        runs.removed(name, outcome);
    });
}

async fn remove(runs: &Runs, name: &str, discard_unpushed: bool) -> Removal {
    if let Err(error) = names::directory("the worktree", name) {
        return Removal::Failed {
            reason: error.to_string(),
        };
    }
    // It has no clone that it would use: the clone's lock is what keeps others away.
    let claims = runs.claims();
    let directory = outputs::below(name);
    let (Some(_worktree), Some(_directory)) =
        (claims.claim(name, ""), claims.claim(&directory, ""))
    else {
        return Removal::InUse;
    };
    let _work = claims.work();
    let env = environment::of_upkeep(runs);
    let tools = Tools {
        runs,
        held: None,
        redactor: Arc::new(Redactor::new([])),
        read_only: &[],
        until: Instant::now() + REMOVAL_MAX,
    };
    let removed = async {
        let worktree = if tools.other(&env, "test", &["-e", &below(name)]).await? {
            let git = Git::new(&tools, &env)?;
            with_git(&git, name, discard_unpushed).await?
        } else {
            Removal::Absent
        };
        match worktree {
            Removal::Removed | Removal::Absent => {
                let gone = remove_directory(&tools, &env, &directory).await?;
                Ok(gone.unwrap_or(worktree))
            }
            Removal::InUse | Removal::Unpushed(_) | Removal::Failed { .. } => Ok(worktree),
        }
    };
    removed.await.unwrap_or_else(|halt: Halt| {
        let late = format!("it took longer than {} s", REMOVAL_MAX.as_secs());
        Removal::Failed {
            reason: unprepared(halt, late).detail.unwrap_or_default(),
        }
    })
}

/// Nothing where it was not there.
async fn remove_directory(
    tools: &Tools<'_>,
    env: &BTreeMap<String, String>,
    directory: &str,
) -> Result<Option<Removal>, Halt> {
    if !tools.other(env, "test", &["-e", directory]).await? {
        return Ok(None);
    }
    warm::end_in(tools.runs, directory).await;
    tools.delete(env, directory).await?;
    Ok(Some(Removal::Removed))
}

async fn with_git(git: &Git<'_>, name: &str, discard_unpushed: bool) -> Result<Removal, Halt> {
    let (runs, dir) = (git.tools.runs, below(name));
    warm::end_in(runs, &dir).await;
    let Some(clone) = git.clone_of(name).await? else {
        if !discard_unpushed {
            let reason = "it is no worktree any more, so that nobody knows what is in it";
            return Err(Halt::Failed(reason.to_owned()));
        }
        git.delete(&dir).await?;
        return Ok(Removal::Removed);
    };
    let lock = runs.claims().clone_lock(&clone);
    let _alone = git.tools.patiently(lock.lock()).await?;
    let state = match git.state(name).await {
        Ok(state) => Some(state),
        // Whoever discards it need not know what it is.
        Err(Halt::Failed(_)) if discard_unpushed => None,
        Err(halt) => return Err(halt),
    };
    if let Some(state) = &state
        && !discard_unpushed
        && (0 < state.unpushed || 0 < state.dirty_files)
    {
        return Ok(Removal::Unpushed(state.clone()));
    }
    git.remove(&clone, name).await?;
    if let Some(branch) = state.and_then(|state| state.branch) {
        // Another worktree may be on it: then it stays.
        git.ask(&clone, &["branch", "--quiet", "-D", "--", &branch])
            .await?;
    }
    Ok(Removal::Removed)
}
