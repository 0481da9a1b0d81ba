//! The directory of a run: made before its program starts, and as it was where work goes on.

use std::sync::Arc;
use std::time::Duration;

use optio_domain::wire::outputs::{DirectoryStart, RunDirectory, below};
use optio_domain::wire::runner::{EndCause, Ended, RunSpec};
use tokio::time::Instant;

use crate::claims::Claim;
use crate::command::failed;
use crate::environment;
use crate::held::Held;
use crate::prepare::unprepared;
use crate::redact::Redactor;
use crate::runs::Runs;
use crate::tools::{Halt, Tools};
use crate::warm;

/// How long the removal of what an earlier run has left may take.
const CLEARING_MAX: Duration = Duration::from_secs(300);

/// Where the files of a run lie that are kept, below the workspace.
pub(crate) fn outputs(spec: &RunSpec) -> Option<String> {
    let directory = spec.run_directory()?;
    let outputs = spec.outputs.as_ref()?;
    Some(format!("{}/{}", below(&directory.name), outputs.dir))
}

/// Makes the directory of a run, where it has one, and keeps others out of it as long as the answer
/// lives.
///
/// # Errors
/// How the run ends without having begun.
pub(crate) async fn prepare<'a>(
    runs: &'a Runs,
    held: &Held,
    spec: &RunSpec,
) -> Result<Option<Claim<'a>>, Ended> {
    let refused = |words: String| Ended {
        cause: EndCause::Unprepared,
        ..failed(words)
    };
    spec.check_directory()
        .map_err(|error| refused(error.to_string()))?;
    let Some(RunDirectory { name, start }) = spec.run_directory() else {
        return Ok(None);
    };
    let dir = below(&name);
    let claim = runs
        .claims()
        .claim(&dir, "")
        .ok_or_else(|| refused(format!("somebody works in the directory {dir}")))?;
    runs.place()
        .prepare()
        .map_err(|error| failed(format!("workspace or home cannot be made: {error}")))?;
    if start == DirectoryStart::Fresh {
        clear(runs, held, spec, &dir).await?;
    }
    let outputs = outputs(spec);
    for dir in [Some(&dir), outputs.as_ref()].into_iter().flatten() {
        runs.place()
            .make(dir)
            .map_err(|error| refused(format!("{dir} cannot be made: {error}")))?;
    }
    Ok(Some(claim))
}

/// Throws away what is there.
async fn clear(runs: &Runs, held: &Held, spec: &RunSpec, dir: &str) -> Result<(), Ended> {
    // A program that waits in a directory that is gone cannot work in the new one.
    warm::end_in(runs, dir).await;
    let tools = Tools {
        runs,
        held: Some(held),
        redactor: Arc::new(Redactor::new([])),
        read_only: &spec.read_only,
        until: Instant::now() + CLEARING_MAX,
    };
    let env = environment::of_upkeep(runs);
    tools.delete(&env, dir).await.map_err(|halt: Halt| {
        let late = format!(
            "it took longer than {} s to empty {dir}",
            CLEARING_MAX.as_secs()
        );
        unprepared(halt, late)
    })
}
