//! Recordings of the real CLI, read line by line and judged.

use optio_domain::{
    limits::LINE_BYTES_MAX,
    run::{FailureClass, Verdict, judge},
    transcript::{Entry, EntryKind, Facts},
    wire::runner::{EndCause, Ended},
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::agents::text::{CONTENT_CHARS_MAX, METADATA_BYTES_MAX};

fn recording(case: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/fixtures/claude-code/{VERSION}/{case}.jsonl");
    std::fs::read_to_string(path).unwrap()
}

fn read_all(text: &str) -> (Vec<Entry>, Facts) {
    let (mut entries, mut facts) = (Vec::new(), Facts::default());
    for line in text.lines() {
        let reading = ClaudeCode::default().read(line);
        entries.extend(reading.entries);
        reading.facts.into_iter().for_each(|fact| facts.learn(fact));
        facts.lines += 1;
        facts.garbage_lines += u64::from(reading.garbage);
    }
    (entries, facts)
}

fn verdict(code: i32, facts: &Facts) -> Result<(), FailureClass> {
    let ended = Ended {
        cause: EndCause::Exited,
        code: Some(code),
        signal: None,
        detail: None,
    };
    match judge(&ended, facts) {
        Verdict::Done => Ok(()),
        Verdict::Stopped => panic!("nobody stopped it"),
        Verdict::Failed(failure) => Err(failure.class),
    }
}

#[test]
fn every_recording_is_judged_as_what_happened() {
    use FailureClass as F;
    let cases = [
        ("first", 0, Ok(())),
        ("resume", 0, Ok(())),
        ("unknown-session", 1, Err(F::Session)),
        ("401", 1, Err(F::Auth)),
        ("403", 1, Err(F::Auth)),
        ("429", 1, Err(F::RateLimit)),
        ("429-recovered", 0, Ok(())),
        ("usage-limit", 1, Err(F::RateLimit)),
        ("500", 1, Err(F::Api)),
        ("529", 1, Err(F::Api)),
        ("drop", 1, Err(F::Api)),
        ("ctx", 1, Err(F::Context)),
        ("maxturns", 1, Err(F::MaxTurns)),
        ("think", 0, Ok(())),
        ("tools", 0, Ok(())),
        ("tool-error", 0, Ok(())),
        ("model", 0, Ok(())),
        ("nokey", 1, Err(F::Auth)),
        ("sigterm-in-tool", 143, Err(F::Crash)),
        ("sigint-in-tool", 0, Err(F::Crash)),
        ("background", 0, Ok(())),
        ("background-refused", 0, Ok(())),
        ("warm", 0, Ok(())),
        ("interrupted", 0, Ok(())),
        ("set-model", 0, Ok(())),
    ];
    let mut judged = Vec::new();
    for (case, code, expected) in cases {
        let (entries, facts) = read_all(&recording(case));
        assert_eq!(verdict(code, &facts), expected, "{case}");
        assert_eq!(facts.garbage_lines, 0, "{case}");
        assert!(!entries.is_empty(), "{case}");
        judged.push(format!("{case}.jsonl"));
    }
    let root = env!("CARGO_MANIFEST_DIR");
    for file in std::fs::read_dir(format!("{root}/fixtures/claude-code/{VERSION}")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || judged.contains(&name),
            "{name} is not judged"
        );
    }
}

#[test]
fn a_run_with_a_tool_reads_like_a_transcript() {
    let (entries, facts) = read_all(&recording("first"));
    let told: Vec<_> = entries
        .iter()
        .map(|e| (e.kind, e.content.as_str()))
        .collect();
    let call = "Bash: echo hello-stub > out.txt; cat out.txt";
    assert_eq!(
        told[..4],
        [
            (
                EntryKind::System,
                "Session started · claude-opus-5-5 · 19 tools"
            ),
            (EntryKind::ToolUse, call),
            (EntryKind::ToolResult, "hello-stub"),
            (EntryKind::Text, "FINAL: hello-stub"),
        ]
    );
    assert!(told[4].1.starts_with("done · 2 turns · "), "{}", told[4].1);
    let (tool_use, tool_result) = (&entries[1].metadata, &entries[2].metadata);
    let (tool_use, tool_result) = (tool_use.as_ref().unwrap(), tool_result.as_ref().unwrap());
    assert_eq!(tool_use["toolName"], "Bash");
    assert_eq!(
        tool_use["input"]["command"],
        "echo hello-stub > out.txt; cat out.txt"
    );
    assert_eq!(tool_use["toolUseId"], tool_result["toolUseId"]);
    assert_eq!(tool_result["isError"], false);
    assert_eq!(facts.model.as_deref(), Some("claude-opus-5-5"));
    assert_eq!(facts.end.unwrap().summary, "FINAL: hello-stub");
}

#[test]
fn a_resumed_run_costs_what_it_cost_itself() {
    let (_, first) = read_all(&recording("first"));
    let (_, resumed) = read_all(&recording("resume"));
    assert_eq!(first.session, resumed.session);
    // The vendor's total says 0.02016 by now.
    let end = resumed.end.unwrap();
    assert_eq!(end.cost_usd, Some("0.01008".parse().unwrap()));
    assert_eq!(
        (end.input_tokens, end.output_tokens),
        (Some(2_400), Some(100))
    );
}

#[test]
fn thinking_and_failed_tools_are_told_as_such() {
    let (entries, _) = read_all(&recording("think"));
    assert!(
        entries
            .iter()
            .any(|e| e.kind == EntryKind::Thinking && e.content == "let me see")
    );
    let (entries, _) = read_all(&recording("tool-error"));
    let result = entries
        .iter()
        .find(|e| e.kind == EntryKind::ToolResult)
        .unwrap();
    assert_eq!(result.content, "Exit code 2\noops");
    assert_eq!(result.metadata.as_ref().unwrap()["isError"], true);
}

#[test]
fn an_unknown_session_is_not_taken_for_a_new_one() {
    let (_, facts) = read_all(&recording("unknown-session"));
    assert!(facts.session_unknown);
    assert_eq!(facts.session, None);
}

#[test]
fn a_spent_subscription_says_when_it_can_go_on() {
    let (entries, facts) = read_all(&recording("usage-limit"));
    let retry_at = facts.trouble.unwrap().retry_at.unwrap();
    assert_eq!(retry_at.to_rfc3339(), "2026-11-20T16:00:00+00:00");
    let words = "rate limit five hour rejected, resets at 2026-11-20T16:00:00+00:00";
    assert!(entries.iter().any(|entry| entry.content == words));
    let warning =
        json!({ "type": "rate_limit_event", "rate_limit_info": { "status": "allowed_warning" } });
    assert!(read(&warning).facts.is_empty());
}

fn read(event: &Value) -> Reading {
    ClaudeCode::default().read(&event.to_string())
}

#[test]
fn what_is_not_known_is_kept() {
    let event = json!({ "type": "from_the_future", "n": 1 });
    let reading = read(&event);
    assert!(!reading.garbage && reading.facts.is_empty());
    assert_eq!(reading.entries[0].kind, EntryKind::System);
    assert_eq!(reading.entries[0].metadata.as_ref(), Some(&event));
}

#[test]
fn words_that_are_no_events_are_garbage_but_readable() {
    for (line, words) in [
        ("\u{1b}[31mwarning\u{1b}[0m: x", "warning: x"),
        ("42", "42"),
        ("\"done\"", "\"done\""),
        ("[1]", "[1]"),
        ("{\"type\":\"assist", "{\"type\":\"assist"),
    ] {
        let reading = ClaudeCode::default().read(line);
        assert!(reading.garbage, "{line}");
        assert_eq!(reading.entries[0].content, words);
        assert_eq!(reading.entries[0].kind, EntryKind::Text);
    }
    let blank = ClaudeCode::default().read("  ");
    assert!(blank.garbage && blank.entries.is_empty());
}

#[test]
fn older_results_without_usage_since_the_last_one_are_still_counted() {
    let reading = read(&json!({
        "type": "result", "subtype": "success", "is_error": false, "result": "ok",
        "total_cost_usd": 0.5,
        "usage": { "input_tokens": 1, "cache_read_input_tokens": 2, "output_tokens": 4 },
    }));
    let (_, facts) = (reading.entries, reading.facts);
    let [optio_domain::transcript::Fact::End(end)] = facts.as_slice() else {
        panic!("{facts:?}")
    };
    assert_eq!(end.cost_usd, Some("0.5".parse().unwrap()));
    assert_eq!((end.input_tokens, end.output_tokens), (Some(3), Some(4)));
}

#[test]
fn keys_are_secrets_and_nothing_else() {
    let cli = ClaudeCode {
        program: "/opt/claude/claude".into(),
        base_url: Some("http://127.0.0.1:1".to_owned()),
        api_key: Some("sk-key".to_owned()),
        oauth_token: Some("sk-token".to_owned()),
    };
    let launch = cli.launch(&LaunchOrder {
        prompt: "say hello".to_owned(),
        model: Some("haiku".to_owned()),
        resume: Some("s-1".to_owned()),
        max_turns: 7,
        budget_usd: Some(Decimal::new(250, 2)),
        tools_file: Some("../tools.json".to_owned()),
        kept: false,
    });
    let args = "-p --output-format stream-json --verbose --dangerously-skip-permissions \
                --setting-sources= --settings {\"disableAllHooks\":true} --strict-mcp-config \
                --add-dir . --max-turns 7 --max-budget-usd 2.50 --mcp-config=../tools.json --model haiku \
                --resume s-1";
    assert_eq!(launch.args.join(" "), args);
    assert_eq!(launch.stdin, "say hello");
    assert_eq!(launch.files[0].path, "~/.claude.json");
    assert_eq!(launch.read_only, ["/opt/claude"]);
    assert_eq!(launch.env["ANTHROPIC_BASE_URL"], "http://127.0.0.1:1");
    assert_eq!(launch.secrets["ANTHROPIC_API_KEY"], "sk-key");
    assert_eq!(launch.secrets["CLAUDE_CODE_OAUTH_TOKEN"], "sk-token");
    let open = format!("{:?}{:?}{:?}", launch.args, launch.env, launch.files);
    assert!(!open.contains("sk-"));
}

/// The results in a recording, each with what was learnt since the one before.
fn turns(case: &str) -> Vec<Facts> {
    let (mut turns, mut facts) = (Vec::new(), Facts::default());
    for line in recording(case).lines() {
        let reading = ClaudeCode::default().read(line);
        reading.facts.into_iter().for_each(|fact| facts.learn(fact));
        if facts.end.is_some() {
            turns.push(std::mem::take(&mut facts));
        }
    }
    turns
}

#[test]
fn each_turn_of_one_process_is_charged_for_itself_alone() {
    let costs = |case| {
        let costs = turns(case).into_iter().map(|facts| {
            let end = facts.end.unwrap();
            let cost = end.cost_usd.unwrap().to_string();
            (cost, end.input_tokens.unwrap(), end.output_tokens.unwrap())
        });
        costs.collect::<Vec<_>>()
    };
    let one = ("0.0068".to_owned(), 5000, 100);
    assert_eq!(
        costs("warm"),
        [one.clone(), ("0.0136".to_owned(), 10000, 200)]
    );
    // What an interrupted piece of work used is charged too, and adds up in its turn.
    assert_eq!(
        costs("interrupted"),
        [one, ("0.0136".to_owned(), 10000, 200)]
    );
    let (_, facts) = read_all(&recording("interrupted"));
    assert_eq!(facts.end.unwrap().cost_usd.unwrap().to_string(), "0.0204");
}

#[test]
fn the_model_of_a_process_is_changed_and_changed_back() {
    let models: Vec<_> = turns("set-model")
        .into_iter()
        .map(|facts| facts.model.unwrap())
        .collect();
    assert_eq!(
        models,
        ["claude-opus-5-5", "claude-haiku-5-5", "claude-opus-5-5"]
    );
}

#[test]
fn every_message_begins_and_ends_with_a_line_that_is_marked() {
    let marks = speech::marks();
    let is = |mark: &optio_domain::wire::runner::Mark, line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        mark.0.iter().all(|(field, text)| event[field] == **text)
    };
    for case in ["warm", "interrupted", "set-model"] {
        let recording = recording(case);
        let count = |mark| recording.lines().filter(|line| is(mark, line)).count();
        let messages = if case == "set-model" { 3 } else { 2 };
        assert_eq!(count(&marks.begins), messages, "{case}");
        assert_eq!(count(&marks.ends), messages, "{case}");
    }
}

#[test]
fn what_is_said_to_a_process_is_one_line_each() {
    let cli = ClaudeCode::default();
    let order = LaunchOrder {
        prompt: "two\nlines".to_owned(),
        model: None,
        resume: None,
        max_turns: 7,
        budget_usd: None,
        tools_file: None,
        kept: true,
    };
    let says = r#"{"message":{"content":[{"text":"two\nlines","type":"text"}],"role":"user"},"type":"user"}"#;
    let launch = cli.launch(&order);
    assert!(
        launch
            .args
            .join(" ")
            .contains("--verbose --input-format stream-json")
    );
    assert_eq!(launch.stdin, format!("{says}\n"));
    assert_eq!(cli.next("two\nlines", None), launch.stdin);
    let set = |model: &str| {
        format!(
            r#"{{"request":{{{model}"subtype":"set_model"}},"request_id":"set_model","type":"control_request"}}"#
        )
    };
    let next = cli.next("two\nlines", Some(Some("haiku")));
    assert_eq!(next, format!("{}\n{says}\n", set(r#""model":"haiku","#)));
    let next = cli.next("two\nlines", Some(None));
    assert_eq!(next, format!("{}\n{says}\n", set("")));
    let id = MessageId(uuid::Uuid::nil());
    let interrupt = cli.interrupt(id, "two\nlines");
    let (first, rest) = interrupt.split_once('\n').unwrap();
    let first: Value = serde_json::from_str(first).unwrap();
    assert_eq!(first["request"]["subtype"], "interrupt");
    assert_eq!(rest, format!("{says}\n"));
}

/// Events of the right shape with anything inside, so that reading goes deep before it stumbles.
fn shaped() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "init",
            "api_retry",
            "text",
            "tool_use",
            "tool_result",
            "rejected"
        ])
        .prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "type",
        "subtype",
        "message",
        "content",
        "error",
        "errors",
        "rate_limit_info",
        "resetsAt",
        "usage",
        "model_usage_since_last_result",
        "costUSD",
        "inputTokens",
        "input",
        "name",
        "text",
    ]);
    let value = leaf.prop_recursive(4, 32, 4, move |inner| {
        let fields = prop::collection::vec((names.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    });
    let kinds = [
        "system",
        "assistant",
        "user",
        "result",
        "rate_limit_event",
        "other",
    ];
    (prop::sample::select(kinds.to_vec()), value).prop_map(|(kind, mut value)| {
        if let Some(fields) = value.as_object_mut() {
            fields.insert("type".to_owned(), kind.into());
        }
        value
    })
}

proptest! {
    #[test]
    fn any_line_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        ClaudeCode::default().read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_event_can_be_read_and_stays_small(event in shaped()) {
        for entry in read(&event).entries {
            prop_assert!(entry.content.chars().count() < CONTENT_CHARS_MAX + 100);
            prop_assert!(!entry.content.contains('\0'));
        }
    }
}

#[test]
fn the_longest_line_gives_a_bounded_entry() {
    let long = "x".repeat(LINE_BYTES_MAX);
    let blocks = json!([
        { "type": "tool_result", "tool_use_id": "t", "content": long },
        { "type": "text", "text": long },
    ]);
    let event = json!({ "type": "user", "message": { "content": blocks } });
    let call = json!({ "type": "tool_use", "name": "Write", "input": { "content": long } });
    let call = json!({ "type": "assistant", "message": { "content": [call] } });
    for entry in read(&event).entries.into_iter().chain(read(&call).entries) {
        assert!(entry.content.chars().count() < CONTENT_CHARS_MAX + 100);
        let metadata = entry.metadata.map(|metadata| metadata.to_string().len());
        assert!(metadata.unwrap_or_default() <= METADATA_BYTES_MAX);
    }
}
