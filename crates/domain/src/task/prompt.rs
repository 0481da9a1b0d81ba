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
    agent::prompt::envelope, mail::Letter, template::Template, wire::credentials::OUTPUTS_DIR,
};

/// Where the task itself is written down in the worktree.
pub const TASK_FILE: &str = ".optio/task.md";

/// What a repository's own words for its agents may ask for.
pub const NAMES: [&str; 12] = [
    "AUTO_MERGE",
    "BASE_BRANCH",
    "BRANCH_NAME",
    "DRAFT_PR",
    "GIT_PLATFORM_GITLAB",
    "ISSUE_NUMBER",
    "PLANNING_MODE",
    "REPO_NAME",
    "TASK_FILE",
    "TASK_ID",
    "TASK_TITLE",
    "TEST_COMMAND",
];
/// What its own words for its reviewers may ask for.
pub const REVIEW_NAMES: [&str; 7] = [
    "BASE_BRANCH",
    "GIT_PLATFORM_GITLAB",
    "PR_NUMBER",
    "REPO_NAME",
    "TASK_FILE",
    "TASK_TITLE",
    "TEST_COMMAND",
];

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
    /// The repository's own words for its agents, in the place of ours: a template.
    pub own_words: Option<&'a str>,
    /// Whether its host is a GitLab.
    pub gitlab: bool,
    /// How its tests are run.
    pub test_command: Option<&'a str>,
}

/// Assembles the prompt of a run; sections are joined by a line of three dashes.
#[must_use]
pub fn assemble(order: &Order<'_>) -> String {
    let mut sections = Vec::new();
    sections.extend(brief(order.brief));
    if !order.letters.is_empty() {
        let letters: Vec<String> = order.letters.iter().map(envelope).collect();
        sections.push(format!("# Messages to you\n\n{}", letters.join("\n\n")));
    }
    sections.push(match order.spec.kind {
        TaskType::Coding => coding(order),
        TaskType::Job => job(order),
        TaskType::Review => reviewing(order),
    });
    sections.join("\n\n---\n\n")
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

fn coding(order: &Order<'_>) -> String {
    if let Some(own) = order.own_words {
        let own = filled(own, &values(order));
        return format!("{}\n\n{}", own.trim(), facts(order));
    }
    let todo = if order.plans {
        "Do not change anything yet. Read what you need, then end with a plan: what you would change, \
         where, and how you would know that it works. A person reads it before you go on."
            .to_owned()
    } else {
        let draft = if order.policy.cautious {
            " as a draft"
        } else {
            ""
        };
        let done = match order.pull {
            Some(pull) => {
                format!("Push to the same branch: the pull request {pull} is open already.")
            }
            None => format!(
                "When it works, commit, push the branch `{}` and open a pull request{draft} into `{}` that \
                 says what was done and why{}. You are done when the pull request is open; whoever watches it \
                 will call you again.",
                order.branch,
                order.spec.base_branch,
                closes(order)
            ),
        };
        format!(
            "Do the task below in this worktree, on the branch `{}`, which is checked out. Run the tests \
             that are there and add those that are missing. {done}",
            order.branch
        )
    };
    format!("# Your task\n\n{todo}\n\n{}", facts(order))
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

/// What the repository's own words may ask for, as it is.
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

/// A repository's own words with these values. Words that are no template, which were stored before there
/// were any, stand as they are.
pub(crate) fn filled(own: &str, values: &Map<String, Value>) -> String {
    Template::parse(own).map_or_else(|_| own.to_owned(), |template| template.render(values).text)
}

/// Where its ticket is an issue of the same host, the pull request names it.
fn closes(order: &Order<'_>) -> String {
    match (&order.spec.ticket_source, &order.spec.ticket_id) {
        (Some(source), Some(id)) if source == "github" || source == "gitlab" => {
            format!(", and names issue #{}", id.trim_start_matches('#'))
        }
        _ => String::new(),
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

fn reviewing(order: &Order<'_>) -> String {
    let ours = "Review the pull request whose head is checked out in this worktree. Read the change against its \
                base, run what tests there are, and look for what is wrong, unsafe, untested or unclear. Change \
                nothing and push nothing.";
    let own = order.own_words.map(|own| filled(own, &values(order)));
    let words = own.as_deref().unwrap_or(ours);
    format!(
        "# Your review\n\n{}\n\nEnd with one JSON object and nothing after it: `{{\"verdict\": \"approve\" | \
         \"request_changes\" | \"comment\", \"summary\": \"what the author has to know\"}}`.\n\nRepository: {}. \
         Base: `origin/{}`.{} Pull request: {}.\n\n# What the change is for\n\n{}",
        words.trim(),
        order.repo,
        order.spec.base_branch,
        tests(order),
        order.pull.unwrap_or("unknown"),
        order.spec.prompt.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::spec::{PRIORITY_DEFAULT, RETRIES_DEFAULT};

    fn spec() -> TaskSpec {
        TaskSpec {
            kind: TaskType::Coding,
            title: "Add /healthz".to_owned(),
            prompt: "It answers 200.".to_owned(),
            repo_url: "https://github.com/o/r".to_owned(),
            base_branch: "main".to_owned(),
            agent_type: "claude-code".to_owned(),
            model: None,
            priority: PRIORITY_DEFAULT,
            retries_max: RETRIES_DEFAULT,
            ticket_source: Some("github".to_owned()),
            ticket_id: Some("7".to_owned()),
            metadata: None,
            parent: None,
            blocks_parent: false,
            head: None,
        }
    }

    fn prompt(brief: &Brief, plans: bool, pull: Option<&str>) -> String {
        assemble(&Order {
            spec: &spec(),
            branch: "optio/task-1",
            repo: "o/r",
            pull,
            plans,
            brief,
            letters: &[],
            policy: &Policy::default(),
            own_words: None,
            gitlab: false,
            test_command: Some("make test"),
        })
    }

    #[test]
    fn the_first_run_names_branch_base_and_issue() {
        let text = prompt(&Brief::Start, false, None);
        for part in [
            "`optio/task-1`",
            "into `main`",
            "names issue #7",
            "It answers 200.",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_run_that_plans_is_told_to_change_nothing() {
        let text = prompt(&Brief::Start, true, None);
        assert!(text.contains("Do not change anything yet"));
        assert!(!text.contains("open a pull request"));
    }

    #[test]
    fn feedback_comes_first_and_names_the_real_base() {
        let feedback = Feedback::Conflict {
            base: "trunk".to_owned(),
        };
        let text = prompt(
            &Brief::Feedback { feedback },
            false,
            Some("https://x/pull/1"),
        );
        assert!(text.starts_with("# Your pull request has conflicts"));
        assert!(text.contains("origin/trunk") && text.contains("is open already"));
    }

    #[test]
    fn a_repositorys_own_words_are_a_template() {
        let own = "Work on {{BRANCH_NAME}} of {{REPO_NAME}}.{{#if DRAFT_PR}} Draft.{{else}} Ready.{{/if}}\n\
                   {{#if ISSUE_NUMBER}}\nCloses #{{ISSUE_NUMBER}}.\n{{/if}}\nTests: {{TEST_COMMAND}}.";
        let spec = spec();
        let order = Order {
            spec: &spec,
            branch: "optio/task-1",
            repo: "o/r",
            pull: None,
            plans: false,
            brief: &Brief::Start,
            letters: &[],
            policy: &Policy::default(),
            own_words: Some(own),
            gitlab: false,
            test_command: Some("make test"),
        };
        let text = assemble(&order);
        let start = "Work on optio/task-1 of o/r. Ready.\nCloses #7.\nTests: make test.\n\nRepository: o/r.";
        assert!(text.starts_with(start), "{text}");
        for names in [&NAMES[..], &REVIEW_NAMES[..]] {
            let known = values(&order);
            assert!(
                names.iter().all(|name| known.contains_key(*name)),
                "{names:?}"
            );
        }
        assert_eq!(
            filled("{{ color: red }}", &values(&order)),
            "{{ color: red }}"
        );
    }
}
