//! What the scenario parser takes and what it refuses.

use proptest::prelude::*;

use super::*;

/// The scenario is refused, and the refusal names the place, the field and the remedy.
fn refused(text: &str, words: &[&str]) {
    let error = Scenario::parse(text).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is missing in: {error}");
    }
}

fn rule(fields: &str) -> String {
    format!(
        "name = \"x\"\n[call.send]\nbash = \"echo {{{{to:sh}}}}\"\n[[rule]]\nname = \"r\"\n{fields}"
    )
}

#[test]
fn the_embedded_scenarios_are_valid() {
    for name in Scenario::builtin_names() {
        assert_eq!(Scenario::builtin(name).unwrap().name(), name);
    }
    refused_builtin();
}

fn refused_builtin() {
    let error = Scenario::builtin("nothing").unwrap_err().to_string();
    assert!(
        error.contains("nothing") && error.contains("forge"),
        "{error}"
    );
}

#[test]
fn an_unknown_field_is_refused_with_the_name_of_the_rule() {
    refused(&rule("inbx = 'a'"), &["rule `r`", "inbx", "README"]);
    refused(
        &rule("inbox = ''\nsteps = [{ shout = 'a' }]"),
        &["rule `r`", "steps[0]", "shout"],
    );
    assert!(matches!(
        Scenario::parse("name = 'x'\nrules = []"),
        Err(crate::ScenarioError::Toml(_))
    ));
}

#[test]
fn a_rule_without_a_name_is_refused_by_its_number() {
    refused(
        "name = 'x'\n[[rule]]\ninbox = ''",
        &["rule number 1", "name", "add name"],
    );
    let twice = format!("{}\n[[rule]]\nname = 'r'\ninbox = ''", rule("inbox = ''"));
    refused(&twice, &["rule `r`", "name", "its own name"]);
}

#[test]
fn a_rule_is_for_exactly_one_kind_of_occasion() {
    refused(
        &rule(""),
        &["rule `r`", "exactly one", "prompt, mission, tick"],
    );
    refused(&rule("mission = ''\ninbox = ''"), &["exactly one"]);
    refused(
        "name = 'x'\n[default]\ninbox = ''",
        &["the default rule", "inbox"],
    );
    refused(&rule("type = 'shout'"), &["type", "shout", "broadcast"]);
}

#[test]
fn a_broken_pattern_is_refused_with_its_field() {
    refused(
        &rule("from = '('"),
        &["rule `r`", "`from`", "regular expression"],
    );
}

#[test]
fn a_step_does_exactly_one_thing() {
    refused(
        &rule("inbox = ''\nsteps = [{ say = 'a', bash = 'b' }]"),
        &["steps[0]", "does 2"],
    );
    refused(&rule("inbox = ''\nsteps = [{}]"), &["does 0"]);
    refused(
        &rule("inbox = ''\nsteps = [{ error = 418 }]"),
        &["418", "529"],
    );
    refused(
        &rule("inbox = ''\nsteps = [{ delay_ms = 9000000 }]"),
        &["600000"],
    );
}

#[test]
fn a_detail_without_effect_is_refused() {
    refused(
        &rule("inbox = ''\nsteps = [{ bash = 'a', trickle_ms = 1 }]"),
        &["trickle_ms", "say"],
    );
    refused(
        &rule("inbox = ''\nsteps = [{ say = 'a', times = 1 }]"),
        &["times", "error"],
    );
    refused(
        &rule("inbox = ''\nsteps = [{ hang = true, retry_after = 1 }]"),
        &["retry_after"],
    );
}

#[test]
fn a_template_may_only_use_what_has_a_value() {
    refused(
        &rule("inbox = ''\nsummary = '{{feature}}'"),
        &["summary", "{{feature}}", "capture"],
    );
    refused(
        &rule("mission = ''\nsummary = '{{sender}}'"),
        &["{{sender}}"],
    );
    refused(&rule("inbox = ''\nsummary = '{{body'"), &["never closed"]);
    refused(
        &rule("inbox = ''\nsummary = '{{body:loud}}'"),
        &["loud", "slug"],
    );
}

#[test]
fn a_value_never_reaches_the_shell_unquoted() {
    refused(
        &rule("inbox = ''\nsteps = [{ bash = 'echo {{body}}' }]"),
        &["unquoted", "{{body:sh}}"],
    );
    refused(
        "name = 'x'\n[call.a]\nbash = 'echo {{b:line}}'",
        &["call `a`", "{{b:sh}}"],
    );
}

#[test]
fn a_call_wants_exactly_its_arguments() {
    refused(
        &rule("inbox = ''\nsteps = [{ call = 'sned' }]"),
        &["sned", "send"],
    );
    refused(
        &rule("inbox = ''\nsteps = [{ call = 'send' }]"),
        &["give exactly: to"],
    );
}

/// Lines that look like scenarios, so that more than the TOML reader is reached.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("name = 'x'".to_owned()),
        Just("[[rule]]".to_owned()),
        Just("[default]".to_owned()),
        Just("[call.send]".to_owned()),
        "(inbox|from|agent|prompt|summary|bash|type) = '[a-z(){}:|*?<>]{0,12}'",
        "steps = \\[\\{ (say|bash|call|tool|error|delay_ms) = ('[a-z{}:]{0,8}'|[0-9]{1,20}) \\}\\]",
        "usage = \\{ input = -?[0-9]{1,20} \\}",
        "\\PC{0,40}",
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in prop_oneof![lines(), "\\PC{0,200}", any::<String>()]) {
        if let Err(error) = Scenario::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_prompt_gets_an_answer(text in any::<String>(), body in any::<String>()) {
        let scenario = Scenario::builtin("forge").unwrap();
        prop_assert!(!ask(&scenario, &text, &[]).beats.is_empty());
        let inbox = [envelope("user:ada", "instruction", &body)];
        for agent in ["Vesper", "Forge", "Sentinel", "Chronicler"] {
            let answers = play(&scenario, &prompt(agent, None, &inbox));
            prop_assert!(!words_of(answers.last().unwrap()).is_empty());
        }
    }
}
