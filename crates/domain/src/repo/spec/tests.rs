use super::*;

fn spec() -> RepoSpec {
    RepoSpec::new(RepoUrl::parse("https://github.com/ada/engine").unwrap())
}

fn fields(spec: &RepoSpec) -> Vec<&'static str> {
    let broken = spec.check().err().unwrap_or_default();
    broken.iter().map(|invalid| invalid.field).collect()
}

#[test]
fn the_defaults_are_those_of_the_documentation_and_keep_every_rule() {
    let spec = spec();
    assert_eq!(spec.check(), Ok(()));
    assert_eq!(
        (spec.full_name.as_str(), spec.git_platform.name()),
        ("ada/engine", "github")
    );
    assert_eq!(
        (
            spec.max_concurrent_tasks,
            spec.max_pod_instances,
            spec.max_agents_per_pod
        ),
        (2, 1, 2)
    );
    assert_eq!(
        (spec.claude_model.as_str(), spec.review_model.as_str()),
        ("opus", "sonnet")
    );
    assert_eq!(
        (spec.review_enabled, spec.review_trigger.name()),
        (false, "on_ci_pass")
    );
}

#[test]
fn the_platform_is_told_from_the_host() {
    let platform = |url: &str| {
        RepoSpec::new(RepoUrl::parse(url).unwrap())
            .git_platform
            .name()
    };
    assert_eq!(platform("https://gitlab.com/a/b/c"), "gitlab");
    assert_eq!(platform("git@gitlab.example.org:a/b.git"), "gitlab");
    assert_eq!(platform("https://git.example.org/a/b"), "github");
    assert_eq!(platform("https://notgitlab.org/a/b"), "github");
}

#[test]
fn every_broken_rule_is_named_at_once() {
    let bad = RepoSpec {
        full_name: "eve/engine".to_owned(),
        default_branch: "-f".to_owned(),
        default_agent_type: "codex".to_owned(),
        claude_model: "--help".to_owned(),
        max_turns_coding: 0,
        max_auto_resumes: Some(101),
        max_pod_instances: 21,
        test_command: Some(" ".to_owned()),
        review_prompt_template: Some("x".repeat(crate::prompt_template::TEXT_BYTES_MAX + 1)),
        ..spec()
    };
    let broken = [
        "fullName",
        "defaultBranch",
        "defaultAgentType",
        "claudeModel",
        "maxTurnsCoding",
        "maxAutoResumes",
        "maxPodInstances",
        "reviewPromptTemplate",
        "testCommand",
    ];
    assert_eq!(fields(&bad), broken);
}

#[test]
fn a_prompt_asks_for_nothing_that_nobody_gives() {
    let with = |prompt: &str, review: &str| RepoSpec {
        prompt_template_override: Some(prompt.to_owned()),
        review_prompt_template: Some(review.to_owned()),
        ..spec()
    };
    assert_eq!(
        fields(&with(
            "{{TASK_ID}} {{#if DRAFT_PR}}x{{/if}}",
            "{{PR_NUMBER}}"
        )),
        [""; 0]
    );
    let broken = with("{{TASKID}}", "{{#if PR_NUMBER}}");
    assert_eq!(
        fields(&broken),
        ["reviewPromptTemplate", "promptTemplateOverride"]
    );
    let rules = broken.check().unwrap_err();
    let rules: Vec<String> = rules.into_iter().map(|it| it.rule).collect();
    assert!(
        rules[1].contains("unknown: TASKID (line 1, column 1); known are AUTO_MERGE"),
        "{rules:?}"
    );
}

#[test]
fn branches_are_named_as_git_allows() {
    for good in ["main", "release/1.2", "a-b_c", "v1.0"] {
        let spec = RepoSpec {
            default_branch: good.to_owned(),
            ..spec()
        };
        assert_eq!(fields(&spec), [""; 0], "{good}");
    }
    for bad in [
        "", "-x", "a b", "a..b", "a//b", "/a", "a/", "a.", ".a", "a/.b", "a.lock", "a~1", "a:b",
        "@{x",
    ] {
        let spec = RepoSpec {
            default_branch: bad.to_owned(),
            ..spec()
        };
        assert_eq!(fields(&spec), ["defaultBranch"], "{bad}");
    }
}

#[test]
fn whoever_works_on_it_reviews_it_unless_another_is_named() {
    let mut spec = spec();
    assert_eq!(spec.reviewer(), "claude-code");
    spec.review_agent_type = Some("other".to_owned());
    assert_eq!(spec.reviewer(), "other");
}
