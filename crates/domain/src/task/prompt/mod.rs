//! What an agent is told at the start of a task's run.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    feedback::Feedback,
    policy::Policy,
    seen::TaskType,
    spec::{BRANCH_PREFIX, TaskSpec},
};
use crate::{
    agent::prompt::envelope,
    mail::Letter,
    prompt_template::{Prompt, Words},
    wire::credentials::OUTPUTS_DIR,
};

/// Where the task itself is written down in the worktree.
pub const TASK_FILE: &str = ".optio/task.md";

/// Why a run is opened. Kept in the task's row from the moment it is known until the run is opened, so
/// that no run is without its reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Brief {
    /// The first run.
    #[default]
    Start,
    /// A person agreed with the plan, or said what to change.
    Execute {
        /// What the person said.
        words: Option<String>,
    },
    /// The run before failed.
    Again {
        /// How.
        failure: String,
    },
    /// The pull request needs more work.
    Feedback {
        /// What.
        feedback: Feedback,
    },
    /// A person lets it go on.
    Resume {
        /// What the person said.
        words: Option<String>,
    },
}

/// A task as far as its prompt depends on it.
#[derive(Debug)]
pub struct Order<'a> {
    /// What was asked for.
    pub spec: &'a TaskSpec,
    /// The branch it works on.
    pub branch: &'a str,
    /// Its repository, as `owner/name`.
    pub repo: &'a str,
    /// Its pull request, where it has one.
    pub pull: Option<&'a str>,
    /// Whether this run only plans.
    pub plans: bool,
    /// Why the run is opened.
    pub brief: &'a Brief,
    /// What people wrote to it.
    pub letters: &'a [Letter],
    /// The settings of its repository.
    pub policy: &'a Policy,
    /// The words it begins with.
    pub words: &'a Words,
    /// Whether its host is a GitLab.
    pub gitlab: bool,
    /// How its tests are run.
    pub test_command: Option<&'a str>,
}

/// Assembles the prompt of a run; sections are joined by a line of three dashes.
#[must_use]
pub fn assemble(order: &Order<'_>) -> Prompt {
    let mut sections = Vec::new();
    sections.extend(brief(order.brief));
    if !order.letters.is_empty() {
        let letters: Vec<String> = order.letters.iter().map(envelope).collect();
        sections.push(format!("# Messages to you\n\n{}", letters.join("\n\n")));
    }
    let words = order.words.filled(&values(order));
    sections.push(match order.spec.kind {
        TaskType::Coding => format!("{}\n\n{}", words.text, facts(order)),
        TaskType::Job => job(order),
        TaskType::Review => reviewing(order, &words.text),
    });
    Prompt {
        text: sections.join("\n\n---\n\n"),
        warning: words.warning,
    }
}

/// The task as the file in the worktree has it.
#[must_use]
pub fn task_file(spec: &TaskSpec) -> String {
    format!("# {}\n\n{}\n", spec.title.trim(), spec.prompt.trim())
}

fn brief(brief: &Brief) -> Option<String> {
    let said = |words: &Option<String>, default: &str| {
        let words = words.as_deref().map(str::trim).filter(|it| !it.is_empty());
        words.unwrap_or(default).to_owned()
    };
    Some(match brief {
        Brief::Start => return None,
        Brief::Execute { words } => format!(
            "# Your plan was read\n\n{}",
            said(words, "Carry your plan out now.")
        ),
        Brief::Again { failure } => format!(
            "# Go on\n\nYour last run did not end well: {failure}\n\nLook at what is there already and go on \
             from there."
        ),
        Brief::Resume { words } => format!(
            "# Go on\n\n{}",
            said(words, "Go on with the task from where it stands.")
        ),
        Brief::Feedback { feedback } => feedback_words(feedback),
    })
}

fn feedback_words(feedback: &Feedback) -> String {
    match feedback {
        Feedback::Conflict { base } => format!(
            "# Your pull request has conflicts\n\nIt can no longer be merged into `{base}`. Fetch, rebase \
             your branch onto `origin/{base}`, solve the conflicts so that both intentions hold, run the \
             tests, and push with `git push --force-with-lease`."
        ),
        Feedback::ChecksFailed { checks } => {
            let which = if checks.is_empty() {
                String::new()
            } else {
                format!(" ({})", checks.join(", "))
            };
            format!(
                "# The checks of your pull request failed\n\nChecks have failed{which}. Find out why, mend \
                 the cause and not the check, and push to the same branch."
            )
        }
        Feedback::ChangesRequested { text } => format!(
            "# A reviewer asks for changes\n\n{text}\n\nDo what is asked, or say in a comment on the pull \
             request why not, and push to the same branch."
        ),
    }
}

/// A job is done when its agent says so; what is to be kept of it are its last words and the files it leaves.
fn job(order: &Order<'_>) -> String {
    let place = if order.spec.repo_url.is_empty() {
        String::new()
    } else {
        format!(
            " The repository {} is checked out here, from its branch `{}`.",
            order.repo, order.spec.base_branch
        )
    };
    format!(
        "{}\n\n---\n\nYou work alone, and nobody answers questions.{place} Files that are to be kept belong into the \
         directory `${OUTPUTS_DIR}`. End with what a person has to know.",
        order.spec.prompt.trim()
    )
}

/// What the words may ask for, as it is.
fn values(order: &Order<'_>) -> Map<String, Value> {
    let said = |it: bool| Value::from(if it { "true" } else { "" });
    let spec = order.spec;
    let number = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    let task = order.branch.trim_start_matches(BRANCH_PREFIX);
    [
        (
            "AUTO_MERGE",
            said(order.policy.auto_merge && !order.policy.cautious),
        ),
        ("BASE_BRANCH", spec.base_branch.as_str().into()),
        ("BRANCH_NAME", order.branch.into()),
        ("CLOSES_ISSUE", closes(order).into()),
        ("DRAFT_PR", said(order.policy.cautious)),
        ("GIT_PLATFORM_GITLAB", said(order.gitlab)),
        (
            "ISSUE_NUMBER",
            spec.ticket_id.as_deref().unwrap_or_default().into(),
        ),
        ("PLANNING_MODE", said(order.plans)),
        (
            "PR_NUMBER",
            order.pull.map(number).unwrap_or_default().into(),
        ),
        ("PR_URL", order.pull.unwrap_or_default().into()),
        ("REPO_NAME", order.repo.into()),
        ("TASK_FILE", TASK_FILE.into()),
        ("TASK_ID", task.into()),
        ("TASK_TITLE", spec.title.trim().into()),
        (
            "TEST_COMMAND",
            order.test_command.unwrap_or_default().into(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

/// The issue that its pull request names, where its ticket is an issue of the same host.
fn closes<'a>(order: &Order<'a>) -> &'a str {
    match (&order.spec.ticket_source, &order.spec.ticket_id) {
        (Some(source), Some(id)) if source == "github" || source == "gitlab" => {
            id.trim_start_matches('#')
        }
        _ => "",
    }
}

fn facts(order: &Order<'_>) -> String {
    let tests = tests(order);
    format!(
        "Repository: {}. Branch: `{}`, from `{}`.{tests} The task is also in `{TASK_FILE}`, which is not to be \
         committed.\n\n# {}\n\n{}",
        order.repo,
        order.branch,
        order.spec.base_branch,
        order.spec.title.trim(),
        order.spec.prompt.trim()
    )
}

fn tests(order: &Order<'_>) -> String {
    order.test_command.map_or_else(String::new, |command| {
        format!(" Tests: `{}`.", command.trim())
    })
}

fn reviewing(order: &Order<'_>, words: &str) -> String {
    format!(
        "# Your review\n\n{}\n\nEnd with one JSON object and nothing after it: `{{\"verdict\": \"approve\" | \
         \"request_changes\" | \"comment\", \"summary\": \"what the author has to know\"}}`.\n\nRepository: {}. \
         Base: `origin/{}`.{} Pull request: {}.\n\n# What the change is for\n\n{}",
        words,
        order.repo,
        order.spec.base_branch,
        tests(order),
        order.pull.unwrap_or("unknown"),
        order.spec.prompt.trim()
    )
}

#[cfg(test)]
mod tests;
