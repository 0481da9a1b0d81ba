//! Jobs: work that can be started again and again. A standalone job's runs end when their agent is done; a
//! blueprint's runs are tasks that end in a pull request.

use rust_decimal::Decimal;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    agent::spec::Invalid,
    id::{JobId, TriggerId},
    repo::RepoUrl,
    sandbox::SandboxSpec,
    task::spec::{PRIORITY, RETRIES, TITLE_CHARS_MAX, is_branch},
    template::{BadTemplate, Template},
};

pub mod environment;
pub mod params;
pub mod plan;
pub mod start;

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Runs of a job at once, where nobody says it.
pub const RUNS_DEFAULT: i32 = 2;
/// Runs of a job at once, at most.
pub const RUNS_MAX: i32 = 1_000;
/// Retries of a job's run, where nobody says it.
pub const RETRIES_DEFAULT: i32 = 1;
/// Sandboxes of a job.
pub const SANDBOXES: std::ops::RangeInclusive<i32> = 1..=20;
/// Runs in one of them.
pub const RUNS_EACH: std::ops::RangeInclusive<i32> = 1..=50;

/// The kinds of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Its runs end when their agent is done.
    Standalone,
    /// Its runs are tasks: they end in a pull request.
    Blueprint,
}

impl JobKind {
    const ALL: [Self; 2] = [Self::Standalone, Self::Blueprint];

    /// The word used in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Blueprint => "blueprint",
        }
    }

    /// The word by which people know it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Standalone => "job",
            Self::Blueprint => "blueprint",
        }
    }

    /// Reads the word of SQL back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// Everything a person decides about a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSpec {
    /// Which kind it is.
    pub kind: JobKind,
    /// Its name.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// The title of each run, a template; the job's name where there is none.
    pub title: Option<String>,
    /// What the agent of each run is to do, a template.
    pub prompt: String,
    /// The template of the library that takes the place of the prompt.
    pub template: Option<Uuid>,
    /// The repository's address, without credentials.
    pub repo_url: Option<String>,
    /// The branch its runs start from; the repository's own where there is none.
    pub base_branch: Option<String>,
    /// The agent program.
    pub agent_type: String,
    /// The model, where one is chosen.
    pub model: Option<String>,
    /// The lower, the sooner.
    pub priority: i32,
    /// How often a failed run is tried again by itself.
    pub retries_max: i32,
    /// Model calls of one attempt.
    pub turns_max: Option<i32>,
    /// Dollars one run may cost, all its attempts together.
    pub budget_usd: Option<Decimal>,
    /// Runs of it at once.
    pub runs_max: i32,
    /// Sandboxes kept started while nothing runs in them.
    pub warm: i32,
    /// Sandboxes at once.
    pub sandboxes_max: i32,
    /// Runs in one sandbox at once.
    pub runs_each_max: i32,
    /// What each run finds, as it was given; [`environment::Environment`] reads it.
    pub environment: Option<Value>,
    /// What is decided about the sandboxes of its runs; a blueprint's are those of its repository.
    pub sandbox: SandboxSpec,
    /// JSON Schema of the parameters of a run.
    pub params_schema: Option<Value>,
    /// Whether it can be started.
    pub enabled: bool,
}

impl JobSpec {
    /// Checks every rule and returns all that are broken.
    ///
    /// # Errors
    /// The broken rules, in the order of the fields.
    pub fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut broken = Vec::new();
        let mut rule = |result: Result<(), Invalid>| broken.extend(result.err());
        rule(named(&self.name));
        rule(self.check_repo());
        rule(within("priority", self.priority, PRIORITY));
        rule(within("maxRetries", self.retries_max, RETRIES));
        rule(within("maxTurns", self.turns_max.unwrap_or(1), 1..=10_000));
        rule(match self.budget_usd {
            Some(budget) if budget <= Decimal::ZERO => Err(Invalid::new(
                "budgetUsd",
                "must be more than 0, such as \"2.50\"",
            )),
            Some(_) | None => Ok(()),
        });
        rule(within("maxConcurrent", self.runs_max, 1..=RUNS_MAX));
        rule(within("maxPodInstances", self.sandboxes_max, SANDBOXES));
        rule(within("maxAgentsPerPod", self.runs_each_max, RUNS_EACH));
        rule(within("warmPoolSize", self.warm, 0..=self.sandboxes_max));
        rule(environment::Environment::read(self.environment.as_ref()).map(drop));
        rule(params::check_schema(self.params_schema.as_ref()));
        rule(self.check_text("promptTemplate", &self.prompt));
        if let Some(title) = &self.title {
            rule(self.check_text("title", title));
            rule(match title.chars().count() {
                1..=TITLE_CHARS_MAX => Ok(()),
                count => Err(Invalid::new(
                    "title",
                    format!("must have 1 to {TITLE_CHARS_MAX} characters, not {count}"),
                )),
            });
        }
        broken.extend(self.sandbox.check().err().into_iter().flatten());
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken)
        }
    }

    fn check_repo(&self) -> Result<(), Invalid> {
        match (&self.repo_url, self.kind) {
            (Some(url), _) => drop(RepoUrl::parse(url)?),
            (None, JobKind::Blueprint) => return Err(Invalid::new("repoUrl", "is missing")),
            (None, JobKind::Standalone) if self.base_branch.is_some() => {
                return Err(Invalid::new("repoBranch", "needs repoUrl beside it"));
            }
            (None, JobKind::Standalone) => {}
        }
        match &self.base_branch {
            Some(branch) if !is_branch(branch) => Err(Invalid::new(
                "repoBranch",
                "must be the name of a branch: letters, digits and ._/- , and what git allows",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// A template asks only for parameters there are. Without a schema nobody knows which those are.
    fn check_text(&self, field: &'static str, text: &str) -> Result<(), Invalid> {
        if text.trim().is_empty() {
            return Err(Invalid::new(field, "must not be empty"));
        }
        let bad = |error: BadTemplate| Invalid::new(field, error.to_string());
        let template = Template::parse(text).map_err(bad)?;
        match params::names(self.params_schema.as_ref()) {
            Some(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                template.check(&names).map_err(bad)
            }
            None => Ok(()),
        }
    }
}

fn named(name: &str) -> Result<(), Invalid> {
    match name.trim().chars().count() {
        1..=NAME_CHARS_MAX => Ok(()),
        count => Err(Invalid::new(
            "name",
            format!("must have 1 to {NAME_CHARS_MAX} characters, not {count}"),
        )),
    }
}

fn within(
    field: &'static str,
    number: i32,
    range: std::ops::RangeInclusive<i32>,
) -> Result<(), Invalid> {
    if range.contains(&number) {
        return Ok(());
    }
    let rule = format!(
        "must be from {} to {}, not {number}",
        range.start(),
        range.end()
    );
    Err(Invalid::new(field, rule))
}

/// Where a run comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The job it is a run of.
    pub job: JobId,
    /// The trigger that started it; `None` where a person did.
    pub trigger: Option<TriggerId>,
    /// The parameters it was started with.
    pub params: Map<String, Value>,
    /// How many runs and messages of ours have caused each other until this one.
    pub hops: i32,
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A job that breaks no rule.
    pub(crate) fn digest() -> JobSpec {
        JobSpec {
            kind: JobKind::Standalone,
            name: "digest".to_owned(),
            description: None,
            title: None,
            prompt: "Say what happened since {{since}}.".to_owned(),
            template: None,
            repo_url: None,
            base_branch: None,
            agent_type: "claude-code".to_owned(),
            model: None,
            priority: 100,
            retries_max: 1,
            turns_max: None,
            budget_usd: None,
            runs_max: 2,
            warm: 0,
            sandboxes_max: 1,
            runs_each_max: 2,
            environment: None,
            sandbox: SandboxSpec::default(),
            params_schema: None,
            enabled: true,
        }
    }

    fn broken(job: &JobSpec) -> Vec<&'static str> {
        let broken = job.check().err().unwrap_or_default();
        broken.into_iter().map(|it| it.field).collect()
    }

    #[test]
    fn a_job_is_told_all_that_is_wrong_with_it_at_once() {
        assert_eq!(broken(&digest()), Vec::<&str>::new());
        let bad = JobSpec {
            name: " ".to_owned(),
            priority: 0,
            runs_max: 0,
            warm: 2,
            prompt: "{{#if x}}".to_owned(),
            budget_usd: Some(Decimal::ZERO),
            ..digest()
        };
        assert_eq!(
            broken(&bad),
            [
                "name",
                "priority",
                "budgetUsd",
                "maxConcurrent",
                "warmPoolSize",
                "promptTemplate"
            ]
        );
    }

    #[test]
    fn a_prompt_asks_only_for_parameters_of_the_schema() {
        let schema = json!({ "type": "object", "properties": { "day": { "type": "string" } } });
        let job = JobSpec {
            params_schema: Some(schema),
            ..digest()
        };
        let words = job.check().unwrap_err().remove(0).rule;
        assert!(words.contains("since") && words.contains("day"), "{words}");
        let meant = JobSpec {
            prompt: "Of {{day}}.".to_owned(),
            ..job
        };
        assert_eq!(broken(&meant), Vec::<&str>::new());
    }

    #[test]
    fn a_blueprint_has_a_repository_and_a_branch_needs_one() {
        let blueprint = JobSpec {
            kind: JobKind::Blueprint,
            ..digest()
        };
        assert_eq!(broken(&blueprint), ["repoUrl"]);
        let branch = JobSpec {
            base_branch: Some("main".to_owned()),
            ..digest()
        };
        assert_eq!(broken(&branch), ["repoBranch"]);
        let both = JobSpec {
            repo_url: Some("https://github.com/acme/shop".to_owned()),
            ..branch
        };
        assert_eq!(broken(&both), Vec::<&str>::new());
    }
}
