//! The crate's tests: the scenario format, the script of a turn, the wire, the embedded story.

mod forge;
mod formats;
mod github;
mod gitlab;
mod scripts;
mod sockets;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::model::request::Asked;
use crate::scenario::{Answer, Beat, Scenario, Tally, answer};

const VERSIONS: &str = include_str!("../../../../scripts/description-versions");

/// A published description of a foreign API, where `scripts/install-descriptions` puts it.
fn description(name: &str, file: &str) -> String {
    let env = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = PathBuf::from(env("HOME").unwrap_or_default());
    let tools = match env("OPTIO_TOOLS_DIR") {
        Some(dir) => PathBuf::from(dir),
        None if rustix::process::geteuid().is_root() => PathBuf::from("/var/lib/optio/tools"),
        None => env("XDG_DATA_HOME")
            .map_or_else(|| home.join(".local/share"), PathBuf::from)
            .join("optio/tools"),
    };
    let version = VERSIONS.lines().find(|line| line.starts_with(name));
    let file = tools.join(version.unwrap().replace(' ', "-")).join(file);
    std::fs::read_to_string(&file).unwrap_or_else(|error| {
        let file = file.display();
        panic!("{file} is missing ({error}); this test needs it: scripts/install-descriptions")
    })
}

/// One envelope as the product writes it.
fn envelope(sender: &str, kind: &str, body: &str) -> String {
    let json = json!({
        "version": 1,
        "timestamp": "2026-01-02T03:04:05Z",
        "sender": sender,
        "type": kind,
        "broadcasted": kind == "broadcast",
        "body": body,
    });
    let json = serde_json::to_string_pretty(&json).unwrap();
    format!("---BEGIN OPTIO MESSAGE---\n{json}\n---END OPTIO MESSAGE---")
}

/// A prompt as the product writes it. The manual shows an envelope, as real manuals do.
fn prompt(agent: &str, mission: Option<&str>, inbox: &[String]) -> String {
    let manual = envelope("user:nobody", "instruction", "add nothing");
    let mut sections = vec![
        format!("# Your role\n\nYou are {agent}, of the team of Vesper, Forge and Sentinel."),
        format!("# Operator manual\n\nA message looks like this:\n\n---\n\n{manual}\n"),
    ];
    sections.extend(mission.map(|mission| format!("# Initial mission\n\n{mission}")));
    if !inbox.is_empty() {
        let count = inbox.len();
        sections.push(format!(
            "# Inbox ({count} new messages)\n\n{}",
            inbox.join("\n\n")
        ));
    }
    sections.join("\n\n---\n\n")
}

/// A request with this prompt and these tool results behind it.
fn request(prompt: &str, results: &[&str]) -> Value {
    let mut messages = vec![json!({ "role": "user", "content": [
        { "type": "text", "text": "<system-reminder>\nYou are Nobody.\n</system-reminder>" },
        { "type": "text", "text": prompt },
    ] })];
    for (number, result) in results.iter().enumerate() {
        let id = format!("toolu_{number}");
        messages.push(json!({ "role": "assistant", "content": [
            { "type": "tool_use", "id": id, "name": "Bash", "input": {} },
        ] }));
        messages.push(json!({ "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": id, "content": [{ "type": "text", "text": result }] },
            { "type": "text", "text": "<system-reminder>Be brief.</system-reminder>" },
        ] }));
    }
    json!({
        "model": "claude-opus-5-5",
        "max_tokens": 1024,
        "system": [{ "type": "text", "text": "You are Claude Code." }],
        "tools": [{ "name": "Bash", "input_schema": {} }],
        "messages": messages,
    })
}

fn ask(scenario: &Scenario, prompt: &str, results: &[&str]) -> Answer {
    let asked = Asked::read(&request(prompt, results)).unwrap();
    answer(scenario, &asked, &mut Tally::new())
}

/// Plays a whole turn; every tool answers with "result N".
fn play(scenario: &Scenario, prompt: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut results: Vec<String> = Vec::new();
    while results.len() < 100 {
        let given: Vec<&str> = results.iter().map(String::as_str).collect();
        let answer = ask(scenario, prompt, &given);
        let is_last = call_of(&answer).is_none();
        answers.push(answer);
        if is_last {
            return answers;
        }
        results.push(format!("result {}", results.len()));
    }
    panic!("the turn does not end");
}

/// The input of the tool call an answer ends with.
fn call_of(answer: &Answer) -> Option<&Value> {
    answer.beats.iter().find_map(|beat| match beat {
        Beat::Tool { input, .. } => Some(input),
        Beat::Pause(_) | Beat::Think(_) | Beat::Say(_) | Beat::Error { .. } => None,
        Beat::Drop | Beat::Hang => None,
    })
}

fn command_of(answer: &Answer) -> &str {
    call_of(answer)
        .and_then(|input| input["command"].as_str())
        .unwrap_or_default()
}

fn words_of(answer: &Answer) -> String {
    let words = answer.beats.iter().filter_map(|beat| match beat {
        Beat::Say(text) => Some(text.text.as_str()),
        Beat::Pause(_) | Beat::Think(_) | Beat::Tool { .. } | Beat::Error { .. } => None,
        Beat::Drop | Beat::Hang => None,
    });
    words.collect::<Vec<_>>().join("\n")
}
