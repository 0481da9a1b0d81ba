//! The course of a run: its directory, its worktree, its program, and what it leaves. Needs nobody: no connection,
//! no control plane.

use std::sync::Arc;

use optio_domain::wire::checkout::Checkout;
use optio_domain::wire::outputs::{self, RunDirectory};
use optio_domain::wire::runner::{EndCause, Ended, FRAME_BYTES_MAX, Happening, RunLimits, RunSpec};

use crate::command::{Order, What, failed};
use crate::directory;
use crate::environment;
use crate::files;
use crate::git::below;
use crate::held::Held;
use crate::prepare::{Errand, unprepared, write_files};
use crate::program::Program;
use crate::redact::Redactor;
use crate::run::{Left, Run};
use crate::runs::Runs;
use crate::setup;
use crate::tools::Halt;
use crate::warm;

/// A byte can become six in JSON, and a line must fit one frame.
const LINE_BYTES_MAX: usize = FRAME_BYTES_MAX / 8;

/// Carries a run out. When this returns nothing of it is alive, but for a program that waits for the
/// next run, and what it says is the last event.
pub(crate) async fn carry_out(runs: &Arc<Runs>, held: &Held, spec: RunSpec) -> Ended {
    let redactor = Arc::new(Redactor::new(spec.secrets.values().map(String::as_str)));
    let mut ended = match in_directory(runs, held, &spec, &redactor).await {
        Ok(ended) | Err(ended) => ended,
    };
    ended.detail = ended.detail.map(|detail| redactor.text(&detail));
    ended
}

async fn in_directory(
    runs: &Arc<Runs>,
    held: &Held,
    spec: &RunSpec,
    redactor: &Arc<Redactor>,
) -> Result<Ended, Ended> {
    let _claim = directory::prepare(runs, held, spec).await?;
    let ended = match (&spec.checkout, &spec.directory) {
        (Some(checkout), _) => {
            let errand = Errand {
                runs,
                held,
                spec,
                checkout,
                redactor,
            };
            in_worktree(&errand).await?
        }
        (None, Some(RunDirectory { name, .. })) => {
            let dir = outputs::below(name);
            setup::carry_out(runs, held, spec, &dir, redactor).await?;
            serve(runs, held, spec, &dir, redactor).await?
        }
        (None, None) => serve(runs, held, spec, "", redactor).await?,
    };
    if ended.cause != EndCause::JournalFailed {
        files::keep(runs, held, spec, redactor).await?;
    }
    Ok(ended)
}

async fn in_worktree(errand: &Errand<'_>) -> Result<Ended, Ended> {
    let Errand {
        runs,
        held,
        spec,
        checkout,
        redactor,
    } = *errand;
    let refused = |words: String| unprepared(Halt::Failed(words), String::new());
    checkout
        .check()
        .map_err(|error| refused(error.to_string()))?;
    let Checkout {
        worktree, clone, ..
    } = checkout;
    let claims = runs.claims();
    let _claim = claims
        .claim(worktree, clone)
        .ok_or_else(|| refused(format!("somebody works in the worktree {worktree}")))?;
    errand.prepare().await?;
    setup::carry_out(runs, held, spec, &below(worktree), redactor).await?;
    let ended = serve(runs, held, spec, &below(worktree), redactor).await;
    let left = match errand.account().await {
        Ok(state) => Happening::Worktree(state),
        Err(reason) => Happening::Preparing {
            line: format!("what is left in the worktree could not be found out: {reason}"),
            cut: 0,
        },
    };
    if let Err(error) = held.record(left) {
        tracing::warn!(%error, run.id = %spec.run, "what a run has left was not written");
        return Err(files::unwritten(&error));
    }
    ended
}

/// Lets a program serve the run: the one that waits, or a new one. `dir`: where it works, below the
/// workspace.
async fn serve(
    runs: &Arc<Runs>,
    held: &Held,
    spec: &RunSpec,
    dir: &str,
    redactor: &Arc<Redactor>,
) -> Result<Ended, Ended> {
    let limits = RunLimits {
        line_bytes: spec.limits.line_bytes.min(LINE_BYTES_MAX),
        ..spec.limits
    };
    let mut ears = held.ears();
    let waiting = spec.dialogue.as_ref().and_then(|dialogue| dialogue.process);
    if let (Some(program), Some(dialogue)) = (warm::take(runs, waiting, dir).await, &spec.dialogue)
    {
        let run = Run::new(runs, held, limits, program, Some(dialogue));
        match run.live(&dialogue.next, &mut ears).await {
            Left::Over(ended) => return Ok(ended),
            Left::Unbegun => tracing::info!(run.id = %spec.run, "the waiting program was dead"),
        }
    }
    let program = start(runs, spec, dir, redactor, limits.line_bytes)?;
    let run = Run::new(runs, held, limits, program, spec.dialogue.as_ref());
    match run.live(&spec.stdin, &mut ears).await {
        Left::Over(ended) => Ok(ended),
        Left::Unbegun => Err(failed("the program died before it began".to_owned())),
    }
}

/// Starts the program of a run, with the files that it needs.
fn start(
    runs: &Runs,
    spec: &RunSpec,
    dir: &str,
    redactor: &Arc<Redactor>,
    line_bytes: usize,
) -> Result<Program, Ended> {
    let place = runs.place();
    place
        .prepare()
        .map_err(|error| failed(format!("workspace or home cannot be made: {error}")))?;
    write_files(place, &spec.files).map_err(failed)?;
    let env = environment::of_agent(runs, spec);
    let order = Order {
        marker: spec.run,
        program: What::Program(&spec.program),
        args: &spec.args,
        dir,
        env: &env,
        read_only: &spec.read_only,
    };
    Program::start(runs, &order, Arc::clone(redactor), line_bytes)
}
