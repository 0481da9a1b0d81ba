//! What prepares the directory of a run before its program: a script that comes with the run.

use std::sync::Arc;
use std::time::Duration;

use optio_domain::wire::runner::{Ended, RunSpec};
use tokio::time::Instant;

use crate::environment;
use crate::held::Held;
use crate::prepare::{WAIT_MAX, shell, unprepared};
use crate::redact::Redactor;
use crate::runs::Runs;
use crate::tools::{Halt, Tool, Tools, Voice};

/// Carries the script out, where there is one, in the run's directory and as its program will run.
///
/// # Errors
/// How the run ends without having begun.
pub(crate) async fn carry_out(
    runs: &Runs,
    held: &Held,
    spec: &RunSpec,
    dir: &str,
    redactor: &Arc<Redactor>,
) -> Result<(), Ended> {
    let Some(setup) = &spec.setup else {
        return Ok(());
    };
    let tools = Tools {
        runs,
        held: Some(held),
        redactor: Arc::clone(redactor),
        read_only: &spec.read_only,
        until: Instant::now() + Duration::from_millis(setup.ms_max).min(WAIT_MAX),
    };
    let done = script(runs, spec, &tools, &setup.script, dir).await;
    done.map_err(|halt| {
        let late = format!("the setup took longer than {} ms", setup.ms_max);
        unprepared(halt, late)
    })
}

async fn script(
    runs: &Runs,
    spec: &RunSpec,
    tools: &Tools<'_>,
    script: &str,
    dir: &str,
) -> Result<(), Halt> {
    tools.say("executing the setup".to_owned(), 0)?;
    let (shell, env) = (shell()?, environment::of_agent(runs, spec));
    let done = tools
        .run(&Tool {
            program: &shell,
            args: vec!["-c".to_owned(), script.to_owned()],
            dir,
            env: &env,
            voice: Voice::Loud,
        })
        .await?;
    if done.success {
        return Ok(());
    }
    Err(Halt::Failed(format!(
        "the setup failed: {}",
        done.complaint()
    )))
}
