//! What may be kept, and what becomes of it.

use serde_json::json;

use super::*;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            panic!("an object is needed: {value}")
        }
    }
}

fn refused(spec: &TemplateSpec) -> Vec<String> {
    let broken = spec.check().unwrap_err();
    broken.iter().map(ToString::to_string).collect()
}

#[test]
fn our_own_words_may_be_saved_as_ones_own() {
    for kind in [TemplateKind::Prompt, TemplateKind::Review] {
        let ours = kind.built_in().unwrap();
        assert_eq!(TemplateSpec::new("ours", kind, ours).check(), Ok(()));
        let shown = preview(kind, ours, None, &Map::new()).unwrap();
        assert_eq!(shown.warnings, [""; 0]);
        assert!(!shown.rendered.contains("{{"), "{}", shown.rendered);
    }
}

#[test]
fn a_text_may_ask_only_for_what_its_kind_is_given() {
    let text = "{{TASK_TITLE}}\n{{PR_NUMBER}} {{TASK_ID}}";
    let of = |kind| TemplateSpec::new("x", kind, text);
    let words = refused(&of(TemplateKind::Prompt));
    assert_eq!(words.len(), 1);
    assert!(
        words[0]
            .starts_with("template: unknown: PR_NUMBER (line 2, column 1); known are AUTO_MERGE, ")
    );
    let words = refused(&of(TemplateKind::Review));
    assert!(
        words[0]
            .starts_with("template: unknown: TASK_ID (line 2, column 15); known are BASE_BRANCH, ")
    );
    assert_eq!(of(TemplateKind::Job).check(), Ok(()));
}

#[test]
fn what_jobs_and_tasks_may_ask_for_is_in_their_schema() {
    let schema = |value| Some(object(value));
    let mut spec = TemplateSpec::new("x", TemplateKind::Job, "{{repo.name}} {{count}}");
    spec.params_schema = schema(json!({ "properties": { "repo": {}, "count": { "default": 3 } } }));
    assert_eq!(spec.check(), Ok(()));
    spec.params_schema = schema(json!({ "properties": { "repo": {} } }));
    let words = refused(&spec);
    assert!(
        words[0].contains("unknown: count (line 1, column 15); known are repo;"),
        "{words:?}"
    );
    for open in [
        json!({}),
        json!({ "type": "object" }),
        json!({ "properties": {}, "additionalProperties": true }),
        json!({ "properties": {}, "additionalProperties": { "type": "string" } }),
    ] {
        spec.params_schema = schema(open);
        assert_eq!(spec.check(), Ok(()));
    }
}

#[test]
fn every_rule_that_is_broken_is_named() {
    let broken = TemplateSpec {
        name: " x".to_owned(),
        kind: TemplateKind::Review,
        template: " \n".to_owned(),
        description: Some("d".repeat(DESCRIPTION_CHARS_MAX + 1)),
        params_schema: Some(object(json!({ "type": "array" }))),
        default_agent_type: Some("claude-code".to_owned()),
        is_default: true,
    };
    let words = refused(&broken).join("\n");
    for start in [
        "name: must be one line",
        "template: must be a text",
        "description: must have at most",
        "paramsSchema: is for templates of jobs and tasks; what a review is given is fixed",
        "defaultAgentType: is for templates of jobs and tasks",
        "paramsSchema: must be the schema of an object",
    ] {
        assert!(words.contains(start), "{start}: {words}");
    }
    let job = TemplateSpec {
        kind: TemplateKind::Job,
        params_schema: Some(object(json!({ "properties": [] }))),
        default_agent_type: Some("nobody".to_owned()),
        ..broken
    };
    let words = refused(&job).join("\n");
    for start in [
        "defaultAgentType: must be one of: claude-code",
        "isDefault: is for templates of prompts and reviews",
        "paramsSchema: its `properties` must be",
    ] {
        assert!(words.contains(start), "{start}: {words}");
    }
    let long = TemplateSpec::new("x", TemplateKind::Job, &"a".repeat(TEXT_BYTES_MAX + 1));
    assert!(refused(&long)[0].contains("65536 bytes"));
}

#[test]
fn a_preview_shows_examples_defaults_and_what_is_wrong() {
    let text = "{{BRANCH_NAME}} {{TASK_TITLE}} {{TSK}}";
    let params = object(json!({ "TASK_TITLE": "Mine" }));
    let shown = preview(TemplateKind::Prompt, text, None, &params).unwrap();
    assert_eq!(
        shown.rendered,
        "optio/task-0190a000-0000-7000-8000-000000000001 Mine {{TSK}}"
    );
    assert_eq!(shown.warnings.len(), 2, "{:?}", shown.warnings);
    assert!(shown.warnings[0].starts_with("it cannot be saved: unknown: TSK (line 1, column 32)"));
    assert_eq!(
        shown.warnings[1],
        "line 1, column 32: there is no value for TSK, which stays as it was written"
    );
    let schema =
        object(json!({ "properties": { "n": { "default": 3 }, "m": { "default": 4 }, "o": {} } }));
    let shown = preview(
        TemplateKind::Job,
        "{{n}} {{m}} {{o}}",
        Some(&schema),
        &object(json!({ "m": 5 })),
    );
    let shown = shown.unwrap();
    assert_eq!(shown.rendered, "3 5 {{o}}");
    assert_eq!(shown.warnings.len(), 1);
    assert!(preview(TemplateKind::Job, "{{#if", None, &params).is_err());
}

#[test]
fn words_that_lack_something_say_so_and_do_not_say_all_of_it() {
    let words = |template: &str| Words {
        origin: Origin::Repository,
        template: template.to_owned(),
    };
    let values = object(json!({ "A": "x" }));
    let good = words("\n{{A}}\n").filled(&values);
    assert_eq!((good.text.as_str(), good.warning), ("x", None));
    let many = words("{{A}} {{B}} {{C}} {{D}} {{E}} {{F}} {{G}}").filled(&values);
    assert_eq!(many.text, "x {{B}} {{C}} {{D}} {{E}} {{F}} {{G}}");
    let warning = many.warning.unwrap();
    assert!(
        warning.starts_with(
            "the repository's prompt template asks for what is not there: B (line 1, column 7), C"
        ),
        "{warning}"
    );
    assert!(
        warning.ends_with("F (line 1, column 31) and 1 more"),
        "{warning}"
    );
    let none = words(" {{ color: red }}").filled(&values);
    assert_eq!(none.text, "{{ color: red }}");
    let warning = none.warning.unwrap();
    assert!(
        warning.contains("is none, and is taken as it stands: line 1, column 2"),
        "{warning}"
    );
}
