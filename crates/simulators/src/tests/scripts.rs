//! Which rules fire, and how their steps make the script of a turn.

use std::fs;
use std::process::Command;

use super::*;

const SCENARIO: &str = r#"
name = "test"
usage = { input = 10, output = 20, cache_read = 30, cache_write = 40 }

[[rule]]
name = "greet"
agent = '(?i)You are (?<me>Vesper)\b'
from = '^agent:[^/]+/(?<asker>[a-z]+)$'
inbox = '(?s)^Hello (?<who>.+)$'
not_inbox = 'nobody'
steps = [
  { think = "Somebody greets." },
  { bash = "echo {{who:sh}}", usage = { output = 7 } },
]
summary = "{{me}} greeted {{who:line}} for {{asker}}: {{result}}"

[[rule]]
name = "log"
inbox = ''
type = "broadcast"
steps = [{ tool = "Write", input = { path = "/tmp/{{sender:slug}}", lines = ["{{body}}", 1, true] } }]
usage = { input = 11 }

[[rule]]
name = "mission"
mission = '(?<what>\w+)'
steps = [{ say = "I will {{what}}." }]

[default]
summary = "Noted."
"#;

fn scenario() -> Scenario {
    Scenario::parse(SCENARIO).unwrap()
}

fn rules_for(agent: &str, inbox: &[String]) -> Vec<String> {
    ask(&scenario(), &prompt(agent, None, inbox), &[]).rules
}

#[test]
fn each_envelope_fires_its_first_matching_rule_in_order() {
    let inbox = [
        envelope("agent:default/forge", "broadcast", "good morning"),
        envelope("agent:default/forge", "instruction", "Hello world"),
        envelope("agent:default/forge", "instruction", "nothing matches"),
        envelope("agent:default/forge", "broadcast", "Hello again"),
    ];
    assert_eq!(rules_for("Vesper", &inbox), ["log", "greet", "greet"]);
    assert_eq!(rules_for("Forge", &inbox), ["log", "log"]);
}

#[test]
fn every_pattern_of_a_rule_must_hold() {
    let one =
        |sender: &str, body: &str| rules_for("Vesper", &[envelope(sender, "instruction", body)]);
    assert_eq!(one("agent:default/forge", "Hello world"), ["greet"]);
    assert_eq!(one("user:ada", "Hello world"), ["default"]);
    assert_eq!(one("agent:default/forge", "Hello nobody"), ["default"]);
}

#[test]
fn the_script_of_a_turn_is_the_steps_of_all_fired_rules() {
    let inbox = [
        envelope("agent:default/forge", "instruction", "Hello world"),
        envelope("user:ada", "broadcast", "news"),
    ];
    let answers = play(&scenario(), &prompt("Vesper", Some("watch"), &inbox));
    assert_eq!(answers.len(), 3);
    assert_eq!(words_of(&answers[0]), "I will watch.");
    assert_eq!(command_of(&answers[0]), "echo 'world'");
    let wanted = json!({ "path": "/tmp/user-ada", "lines": ["news", 1, true] });
    assert_eq!(call_of(&answers[1]), Some(&wanted));
    assert_eq!(
        words_of(&answers[2]),
        "Vesper greeted world for forge: result 0"
    );
}

#[test]
fn usage_comes_from_the_step_then_the_rule_then_the_scenario() {
    let inbox = [
        envelope("agent:default/forge", "instruction", "Hello world"),
        envelope("user:ada", "broadcast", "news"),
    ];
    let answers = play(&scenario(), &prompt("Vesper", None, &inbox));
    let counts: Vec<_> = answers
        .iter()
        .map(|a| (a.usage.input, a.usage.output))
        .collect();
    assert_eq!(counts, [(10, 7), (11, 20), (11, 20)]);
}

#[test]
fn only_what_follows_the_last_prompt_counts() {
    let first = prompt("Vesper", Some("watch"), &[]);
    let inbox = [envelope(
        "agent:default/forge",
        "instruction",
        "Hello world",
    )];
    let mut body = request(&first, &["old", "older"]);
    let second = request(&prompt("Vesper", None, &inbox), &[]);
    let later = second["messages"].as_array().unwrap().clone();
    body["messages"].as_array_mut().unwrap().extend(later);
    let asked = Asked::read(&body).unwrap();
    let answer = answer(&scenario(), &asked, &mut Tally::new());
    assert_eq!((answer.step, command_of(&answer)), (0, "echo 'world'"));
}

#[test]
fn what_the_command_line_tool_adds_is_no_prompt() {
    let inbox = [envelope(
        "agent:default/forge",
        "instruction",
        "Hello world",
    )];
    let mut body = request(&prompt("Vesper", None, &inbox), &["done"]);
    let asides = [
        "Your response above was cut off mid-stream. Resume directly from where it stops.",
        "<system-reminder>a</system-reminder>\n<system-reminder>b</system-reminder>",
    ];
    for aside in asides {
        let message = json!({ "role": "user", "content": aside });
        body["messages"].as_array_mut().unwrap().push(message);
    }
    let asked = Asked::read(&body).unwrap();
    let answer = answer(&scenario(), &asked, &mut Tally::new());
    assert_eq!(
        (answer.step, words_of(&answer).as_str()),
        (1, "Vesper greeted world for forge: done")
    );
}

#[test]
fn the_role_of_an_earlier_prompt_still_holds() {
    let mut body = request(&prompt("Vesper", None, &[]), &[]);
    let mail = envelope("agent:default/forge", "instruction", "Hello world");
    let later = json!({ "role": "user", "content": format!("# Inbox (1 new message)\n\n{mail}") });
    body["messages"].as_array_mut().unwrap().push(later);
    let asked = Asked::read(&body).unwrap();
    assert_eq!(
        answer(&scenario(), &asked, &mut Tally::new()).rules,
        ["greet"]
    );
}

#[test]
fn an_envelope_in_the_manual_or_in_a_body_is_not_mail() {
    assert_eq!(rules_for("Forge", &[]), ["default"]);
    let inner = envelope("agent:default/forge", "broadcast", "fake");
    let body = format!("look:\n---\n# Inbox (1 new message)\n\n{inner}");
    let inbox = [envelope("user:ada", "instruction", &body)];
    assert_eq!(rules_for("Forge", &inbox), ["default"]);
}

#[test]
fn a_request_without_tools_gets_a_short_text() {
    let inbox = [envelope(
        "agent:default/forge",
        "instruction",
        "Hello world",
    )];
    let mut body = request(&prompt("Vesper", None, &inbox), &[]);
    body["tools"] = json!([]);
    let asked = Asked::read(&body).unwrap();
    let answer = answer(&scenario(), &asked, &mut Tally::new());
    assert_eq!((answer.rules.len(), call_of(&answer)), (0, None));
    assert_eq!(words_of(&answer), "Simulated session");
}

#[test]
fn a_limited_fault_happens_only_so_often() {
    let text = "name = 'x'\n[default]\nsteps = [{ error = 429, times = 2 }, { say = 'ok' }]";
    let scenario = Scenario::parse(text).unwrap();
    let asked = Asked::read(&request("go", &[])).unwrap();
    let mut tally = Tally::new();
    let mut refusals = 0;
    while words_of(&answer(&scenario, &asked, &mut tally)) != "ok" {
        refusals += 1;
    }
    assert_eq!(refusals, 2);
}

#[test]
fn what_a_message_says_is_one_word_for_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let evil = "it's\n$(touch evil) `touch evil` \"; touch evil; ' && touch evil";
    let inbox = [envelope(
        "agent:default/forge",
        "instruction",
        &format!("Hello {evil}"),
    )];
    let answer = ask(&scenario(), &prompt("Vesper", None, &inbox), &[]);
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(command_of(&answer))
        .current_dir(folder.path());
    let said = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    assert_eq!(said.trim_end(), evil);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
