//! `optio doctor`: looks at everything Optio needs from this machine and says how to mend what is
//! wrong. It changes nothing.

use serde_json::{Value, json};

use crate::{
    config::{Config, Runtime, surroundings},
    console::{Console, Tone},
    failure::Failure,
};

mod cluster;
mod place;
mod programs;
mod trial;

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// As it should be; the words say what was found.
    Good(String),
    /// Optio runs, but not as well as it could.
    Warning { problem: String, remedy: String },
    /// Optio cannot run like this.
    Broken { problem: String, remedy: String },
}

impl Verdict {
    fn broken(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Broken {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    fn warning(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Warning {
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    name: &'static str,
    verdict: Verdict,
}

/// Checks everything and prints it.
///
/// # Errors
/// When something is wrong that Optio cannot do without.
pub fn run(config: &Config, console: &mut Console) -> Result<(), Failure> {
    let path = surroundings::search_path();
    let mut checks = vec![place::database(config)];
    match &config.runtime {
        Runtime::Process => {
            checks.extend([
                programs::bubblewrap(config, &path),
                programs::claude(config),
                programs::runner(config),
            ]);
            checks.extend(["curl", "jq", "git"].map(|name| programs::tool(name, &path)));
        }
        // What agents call is in their image, which only a pod can tell.
        Runtime::Kubernetes(settings) => checks.extend(cluster::checks(settings)),
    }
    checks.extend([
        place::port(config.listen),
        place::data_dir(&config.data_dir),
        place::credentials(&config.credentials),
    ]);
    print(&checks, console)?;
    let broken = |check: &&Check| matches!(check.verdict, Verdict::Broken { .. });
    match checks.iter().filter(broken).count() {
        0 => Ok(()),
        1 => Err(Failure::general("one thing must be mended first")),
        count => Err(Failure::general(format!(
            "{count} things must be mended first"
        ))),
    }
}

fn print(checks: &[Check], console: &mut Console) -> Result<(), Failure> {
    if console.is_json() {
        let checks: Vec<Value> = checks.iter().map(to_json).collect();
        return Ok(console.json(&json!({ "checks": checks }))?);
    }
    for Check { name, verdict } in checks {
        let (tone, mark, words, remedy) = match verdict {
            Verdict::Good(words) => (Tone::Good, "ok", words, None),
            Verdict::Warning { problem, remedy } => {
                (Tone::Warning, "warning", problem, Some(remedy))
            }
            Verdict::Broken { problem, remedy } => (Tone::Bad, "broken", problem, Some(remedy)),
        };
        let mark = console.paint(tone, &format!("{mark:<8}"));
        console.line(&format!("{mark}{name:<16}{words}"))?;
        if let Some(remedy) = remedy {
            console.line(&format!("{:<24}→ {remedy}", ""))?;
        }
    }
    Ok(())
}

fn to_json(Check { name, verdict }: &Check) -> Value {
    match verdict {
        Verdict::Good(words) => json!({"name": name, "verdict": "ok", "found": words}),
        Verdict::Warning { problem, remedy } => {
            json!({"name": name, "verdict": "warning", "problem": problem, "remedy": remedy})
        }
        Verdict::Broken { problem, remedy } => {
            json!({"name": name, "verdict": "broken", "problem": problem, "remedy": remedy})
        }
    }
}
