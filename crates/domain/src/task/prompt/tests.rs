//! What agents are told.

use super::*;
use crate::{
    prompt_template::{Origin, TemplateKind},
    task::spec::{PRIORITY_DEFAULT, RETRIES_DEFAULT},
};

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
    let prompt = assemble(&Order {
        spec: &spec(),
        branch: "optio/task-1",
        repo: "o/r",
        pull,
        plans,
        brief,
        letters: &[],
        policy: &Policy::default(),
        words: &Words::built_in(TemplateKind::Prompt),
        gitlab: false,
        test_command: Some("make test"),
    });
    assert_eq!(prompt.warning, None);
    prompt.text
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
fn our_own_words_say_what_is_to_be_done() {
    let text = prompt(&Brief::Start, false, None);
    let start = "# Your task\n\nDo the task below in this worktree, on the branch `optio/task-1`, which is checked \
                 out. Run the tests that are there and add those that are missing. When it works, commit, push the \
                 branch `optio/task-1` and open a pull request into `main` that says what was done and why, and \
                 names issue #7. You are done when the pull request is open; whoever watches it will call you \
                 again.\n\nRepository: o/r.";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn the_words_of_others_are_a_template() {
    let own = "Work on {{BRANCH_NAME}} of {{REPO_NAME}}.{{#if DRAFT_PR}} Draft.{{else}} Ready.{{/if}}\n\
               {{#if ISSUE_NUMBER}}\nCloses #{{ISSUE_NUMBER}}.\n{{/if}}\nTests: {{TEST_COMMAND}}. {{NOBODY}}";
    let spec = spec();
    let words = Words {
        origin: Origin::Workspace,
        template: own.to_owned(),
    };
    let order = Order {
        spec: &spec,
        branch: "optio/task-1",
        repo: "o/r",
        pull: None,
        plans: false,
        brief: &Brief::Start,
        letters: &[],
        policy: &Policy::default(),
        words: &words,
        gitlab: false,
        test_command: Some("make test"),
    };
    let prompt = assemble(&order);
    let start = "Work on optio/task-1 of o/r. Ready.\nCloses #7.\nTests: make test. {{NOBODY}}\n\nRepository: o/r.";
    assert!(prompt.text.starts_with(start), "{}", prompt.text);
    let warning =
        "the workspace's prompt template asks for what is not there: NOBODY (line 5, column 26)";
    assert_eq!(prompt.warning.as_deref(), Some(warning));
    let given = values(&order);
    for kind in [TemplateKind::Prompt, TemplateKind::Review] {
        let known = kind.names(None).unwrap();
        assert!(
            known.iter().all(|name| given.contains_key(*name)),
            "{known:?}"
        );
    }
}
