//! The language, as people write it.

use serde_json::json;

use super::*;

fn asked(name: &str, line: usize, column: usize) -> Asked {
    Asked {
        name: name.to_owned(),
        place: Place { line, column },
    }
}

fn rendered(text: &str, values: Value) -> Rendered {
    let Value::Object(values) = values else {
        panic!("an object is needed");
    };
    Template::parse(text).unwrap().render(&values)
}

fn text(template: &str, values: Value) -> String {
    let rendered = rendered(template, values);
    assert_eq!(rendered.missing, [], "{template}");
    rendered.text
}

#[test]
fn values_are_put_in_as_they_are() {
    let values = json!({ "NAME": "Ada & <co>", "n": 7, "nothing": null, "list": [1, 2], "a": { "b": ["x"] } });
    assert_eq!(
        text("Hi {{NAME}}, {{ n }}.", values.clone()),
        "Hi Ada & <co>, 7."
    );
    assert_eq!(
        text("[{{nothing}}] {{list}} {{a.b.0}}", values),
        "[] [1,2] x"
    );
}

#[test]
fn a_condition_is_false_where_nothing_is_said_or_it_is_said_to_be_false() {
    let template = "{{#if X}}yes{{else}}no{{/if}}";
    for (values, expected) in [
        (json!({}), "no"),
        (json!({ "X": "" }), "no"),
        (json!({ "X": "false" }), "no"),
        (json!({ "X": "0" }), "no"),
        (json!({ "X": 0 }), "no"),
        (json!({ "X": [] }), "no"),
        (json!({ "X": "no" }), "yes"),
        (json!({ "X": true }), "yes"),
    ] {
        assert_eq!(text(template, values.clone()), expected, "{values}");
    }
    assert_eq!(text("{{#unless X}}no{{/unless}}", json!({})), "no");
}

#[test]
fn blocks_lie_in_each_other_and_a_tag_alone_in_its_line_leaves_none() {
    let template =
        "{{#if a}}\nA\n{{#if b}}\nB\n{{else}}\nnot B\n{{/if}}\n{{else if c}}\nC\n{{/if}}\nend";
    assert_eq!(text(template, json!({ "a": 1, "b": 1 })), "A\nB\nend");
    assert_eq!(text(template, json!({ "a": 1 })), "A\nnot B\nend");
    assert_eq!(text(template, json!({ "c": 1 })), "C\nend");
    assert_eq!(text(template, json!({})), "end");
}

#[test]
fn a_default_stands_in_for_what_is_missing_or_empty() {
    let template = r#"{{default who "nobody"}}"#;
    assert_eq!(text(template, json!({})), "nobody");
    assert_eq!(text(template, json!({ "who": "" })), "nobody");
    assert_eq!(text(template, json!({ "who": "ada" })), "ada");
}

#[test]
fn what_is_missing_stays_visible_and_is_named_once() {
    let rendered = rendered("{{who}} and {{who}} {{#if who}}x{{/if}}", json!({}));
    assert_eq!(rendered.text, "{{who}} and {{who}} ");
    assert_eq!(rendered.missing, [asked("who", 1, 1)]);
}

#[test]
fn two_braces_can_be_meant() {
    assert_eq!(
        text(r"style=\{{ color: red }}", json!({})),
        "style={{ color: red }}"
    );
}

#[test]
fn a_value_that_looks_like_a_template_is_none() {
    assert_eq!(
        text("{{a}}", json!({ "a": "{{b}}", "b": "secret" })),
        "{{b}}"
    );
}

#[test]
fn what_is_no_template_says_where_and_what_to_write() {
    for (template, words) in [
        (
            "a\n {{#if x}}\nb",
            "line 2, column 2: this block is not closed: `{{/if}}` is missing; write",
        ),
        (
            "{{#if x}}{{#unless y}}{{/if}}{{/unless}}",
            "line 1, column 23: `{{/unless}}` is expected here",
        ),
        (
            "a {{/if}}",
            "line 1, column 3: there is no block to be closed",
        ),
        (
            "a \\{{ b {{c",
            "line 1, column 9: these braces are not closed: `}}` is missing",
        ),
        (
            "a\n{{b c=}}",
            "line 2, column 7: what stands here between braces cannot be read",
        ),
        (
            "a\n  {{ color: red }}",
            "line 2, column 3: `color:` cannot be used",
        ),
        ("{{#each x}}{{/each}}", "`#each` cannot be used"),
        ("{{> other}}", "cannot be used"),
        ("{{lookup a b}}", "`lookup` cannot be used"),
        ("{{../x}}", "cannot be used"),
        ("{{#if (eq a b)}}{{/if}}", "with more than a name"),
    ] {
        let error = Template::parse(template).unwrap_err().to_string();
        assert!(error.contains(words), "{template}: {error}");
    }
    let deep = "{{#if a}}".repeat(DEPTH_MAX + 1) + &"{{/if}}".repeat(DEPTH_MAX + 1);
    assert_eq!(Template::parse(&deep), Err(BadTemplate::TooDeep));
}

#[test]
fn what_nobody_will_give_is_refused_with_what_there_is() {
    let template = Template::parse("{{TASK_ID}} {{#if TSK}}{{payload.ref}}{{/if}}").unwrap();
    assert_eq!(template.check(&["TASK_ID", "TSK", "payload"]), Ok(()));
    let error = template.check(&["TASK_ID"]).unwrap_err().to_string();
    assert_eq!(
        error,
        "unknown: TSK (line 1, column 13), payload.ref (line 1, column 24); known are TASK_ID; write \\{{ where \
         two braces are meant"
    );
    let error = template.check(&[]).unwrap_err().to_string();
    assert!(error.contains("; no names are known;"), "{error}");
}

#[test]
fn a_name_is_said_to_be_where_it_is_asked_for_first() {
    let template = "\u{e9} {{a}}\n{{#if b}}\n  {{c}} {{a}}\n{{else if d}}\n{{default e \"x\"}}\n{{/if}}\n {{f}}";
    let error = Template::parse(template).unwrap().check(&[]).unwrap_err();
    let BadTemplate::Unknown { unknown, .. } = error else {
        panic!("{error}");
    };
    let expected = [
        asked("a", 1, 3),
        asked("b", 2, 1),
        asked("c", 3, 3),
        // An {{else if}} stands where its block does.
        asked("d", 2, 1),
        asked("e", 5, 1),
        asked("f", 7, 2),
    ];
    assert_eq!(unknown, expected);
}

/// The three languages that templates of other Optios are written in: one for tasks and reviews, one for what
/// is named, one for jobs.
#[test]
fn what_was_written_in_one_of_three_languages_means_the_same() {
    let values = || json!({ "A": "x", "B": "", "C": "0", "D": false, "key": 1, "key-2": "k", "repo.name": "o/r" });
    for (template, expected) in [
        ("{{A}}[{{B}}]", "x[]"),
        ("{{#if A}}1{{#if B}}2{{else}}3{{/if}}{{else}}4{{/if}}", "13"),
        (
            "{{#if C}}1{{else}}2{{/if}}{{#if D}}3{{else}}4{{/if}}{{#if NOBODY}}5{{else}}6{{/if}}",
            "246",
        ),
        (
            "{{#if A}}{{#if C}}{{#if A}}1{{/if}}{{else}}{{#if A}}2{{/if}}{{/if}}{{/if}}",
            "2",
        ),
        (
            "{{ A }} {{  A  }}{{#if  A }}!{{/if}}{{ #if B }}?{{ /if }}",
            "x x!",
        ),
        ("{{key}} {{key-2}} {{repo.name}}", "1 k o/r"),
        ("{ {A} } {A} }} }", "{ {A} } {A} }} }"),
        (
            "$A ${A} %A% <A> \"{{A}}\" '{{A}}' <b>{{A}}</b>",
            "$A ${A} %A% <A> \"x\" 'x' <b>x</b>",
        ),
    ] {
        assert_eq!(text(template, values()), expected, "{template}");
    }
    let rendered = rendered("{{ NOBODY }}!", values());
    assert_eq!(rendered.text, "{{NOBODY}}!");
}

#[test]
fn a_name_may_be_of_any_script_and_a_number_is_a_name() {
    assert_eq!(
        text(
            "{{gr\u{f6}\u{df}e}} {{1}}",
            json!({ "gr\u{f6}\u{df}e": 7, "1": "one" })
        ),
        "7 one"
    );
    assert!(Template::parse("{{#if true}}{{/if}}").is_err());
    assert!(Template::parse("{{default \"a\" \"b\"}}").is_err());
}
