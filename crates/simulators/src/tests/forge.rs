//! The story of the embedded Forge scenario, played with real shells and a pretended API.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::*;

const TEAM: [&str; 4] = ["vesper", "forge", "sentinel", "chronicler"];

/// Stands in for the two programs the commands need: prints what would be sent.
const PROGRAMS: &str = r#"
jq() { to=; body=; shift; while [ "$1" = --arg ]; do eval "$2=\$3"; shift 3; done; printf '%s\036%s' "$to" "$body"; }
curl() { printf '\035'; for word; do printf '%s\037' "$word"; done; }
"#;

/// The team, its mail, and everything that was said.
struct World {
    scenario: Scenario,
    workspace: TempDir,
    mail: VecDeque<(String, String)>,
    /// Sender, receiver (or `*`), body.
    sent: Vec<(String, String, String)>,
}

impl World {
    fn new() -> Self {
        Self {
            scenario: Scenario::builtin("forge").unwrap(),
            workspace: tempfile::tempdir().unwrap(),
            mail: VecDeque::new(),
            sent: Vec::new(),
        }
    }

    /// One turn of an agent; its last words.
    fn turn(&mut self, agent: &str, mission: Option<&str>, inbox: &[String]) -> String {
        let prompt = prompt(&capital(agent), mission, inbox);
        let mut results: Vec<String> = Vec::new();
        loop {
            let given: Vec<&str> = results.iter().map(String::as_str).collect();
            let answer = ask(&self.scenario, &prompt, &given);
            if call_of(&answer).is_none() {
                return words_of(&answer);
            }
            let output = self.run(command_of(&answer));
            if let Some((_, words)) = output.split_once('\u{1d}') {
                self.deliver(agent, words);
            }
            results.push(output);
        }
    }

    fn run(&self, command: &str) -> String {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("set -eu\n{PROGRAMS}\n{command}"))
            .env("OPTIO_WORKSPACE", self.workspace.path())
            .env("OPTIO_API_URL", "http://api")
            .env("OPTIO_AGENT_TOKEN", "token")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{command}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn deliver(&mut self, agent: &str, words: &str) {
        let words: Vec<&str> = words.split('\u{1f}').collect();
        assert!(words.contains(&"X-Optio-Agent-Token: token"), "{words:?}");
        let sender = format!("agent:default/{agent}");
        let path = words
            .iter()
            .find_map(|word| word.strip_prefix("http://api/api/internal/"))
            .unwrap();
        let data = words
            .iter()
            .position(|word| *word == "-d")
            .map(|at| words[at + 1]);
        let (to, body) = data
            .and_then(|data| data.split_once('\u{1e}'))
            .unwrap_or_default();
        let others = TEAM.iter().filter(|other| **other != agent);
        match path {
            "persistent-agents" => {}
            "persistent-agents/send" => {
                self.mail
                    .push_back((to.to_owned(), envelope(&sender, "instruction", body)));
                self.sent
                    .push((agent.to_owned(), to.to_owned(), body.to_owned()));
            }
            "persistent-agents/broadcast" => {
                let letters =
                    others.map(|to| ((*to).to_owned(), envelope(&sender, "broadcast", body)));
                self.mail.extend(letters);
                self.sent
                    .push((agent.to_owned(), "*".to_owned(), body.to_owned()));
            }
            other => panic!("unknown path {other}"),
        }
    }

    /// Lets the agents work until no mail is left. Each takes all its mail at once.
    fn settle(&mut self) {
        for _ in 0..100 {
            let Some((agent, _)) = self.mail.front().cloned() else {
                return;
            };
            let (mine, rest) = self.mail.drain(..).partition(|(to, _)| *to == agent);
            self.mail = rest;
            let mine: VecDeque<(String, String)> = mine;
            let inbox: Vec<String> = mine.into_iter().map(|(_, letter)| letter).collect();
            self.turn(&agent, None, &inbox);
        }
        panic!("the story does not end: {:?}", self.sent);
    }

    fn tell(&mut self, agent: &str, body: &str) {
        self.mail
            .push_back((agent.to_owned(), envelope("user:ada", "instruction", body)));
        self.settle();
    }

    /// Who said what to whom, by the beginning of the body.
    fn said(&self) -> Vec<String> {
        let line = |(from, to, body): &(String, String, String)| {
            format!("{from} > {to}: {}", body.lines().next().unwrap_or_default())
        };
        self.sent.iter().map(line).collect()
    }

    fn journal(&self) -> PathBuf {
        self.workspace.path().join("journal.md")
    }
}

fn capital(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

#[test]
fn the_missions_assemble_the_team_and_then_it_is_quiet() {
    let mut world = World::new();
    for agent in TEAM {
        world.turn(agent, Some("Do what your role says."), &[]);
    }
    world.settle();
    let said = world.said();
    assert_eq!(said.len(), 3, "{said:#?}");
    assert!(
        said[0].starts_with("vesper > chronicler: Forge assembled"),
        "{said:#?}"
    );
    assert!(
        said[1].starts_with("vesper > *: Vesper is online"),
        "{said:#?}"
    );
    assert!(
        said[2].starts_with("forge > vesper: Forge here"),
        "{said:#?}"
    );
    let journal = std::fs::read_to_string(world.journal()).unwrap();
    assert!(
        journal.starts_with("# Journal") && journal.contains("Forge assembled"),
        "{journal}"
    );
}

#[test]
fn a_wish_is_shipped_exactly_once_and_the_story_ends() {
    let mut world = World::new();
    world.turn("chronicler", Some("Open the journal."), &[]);
    world.tell("vesper", "Please add a /healthz endpoint!");
    assert_eq!(
        world.said(),
        [
            "vesper > forge: Spec: a /healthz endpoint",
            "vesper > *: Status: the spec for \"a /healthz endpoint\" is with Forge.",
            "forge > vesper: PR-opened: a /healthz endpoint",
            "forge > *: Open for review: a /healthz endpoint",
            "sentinel > forge: Verdict: APPROVED - a /healthz endpoint",
            "sentinel > *: Verdict: APPROVED - a /healthz endpoint",
            "vesper > *: Shipped: a /healthz endpoint",
        ]
    );
    let draft = world.workspace.path().join("drafts/a-healthz-endpoint.rs");
    assert!(
        std::fs::read_to_string(draft)
            .unwrap()
            .contains("pub fn health")
    );
    let journal = std::fs::read_to_string(world.journal()).unwrap();
    assert_eq!(
        journal
            .lines()
            .filter(|line| line.starts_with("- "))
            .count(),
        4,
        "{journal}"
    );
}

#[test]
fn two_wishes_in_one_inbox_are_both_shipped() {
    let mut world = World::new();
    let wish = |body: &str| {
        (
            "vesper".to_owned(),
            envelope("user:ada", "instruction", body),
        )
    };
    world
        .mail
        .extend([wish("add a clock"), wish("build it's twin: $(bell)")]);
    world.settle();
    let shipped: Vec<String> = world
        .said()
        .into_iter()
        .filter(|line| line.contains("Shipped"))
        .collect();
    assert_eq!(
        shipped,
        [
            "vesper > *: Shipped: a clock",
            "vesper > *: Shipped: it's twin: $(bell)"
        ]
    );
}

#[test]
fn a_wish_told_to_forge_is_shipped_too() {
    let mut world = World::new();
    world.tell("forge", "Please implement a bell");
    let said = world.said();
    assert_eq!(
        said.last().map(String::as_str),
        Some("vesper > *: Shipped: a bell"),
        "{said:#?}"
    );
}

#[test]
fn small_talk_is_noted_and_answered_by_nobody() {
    let mut world = World::new();
    for agent in ["vesper", "forge", "sentinel"] {
        world.tell(agent, "Hello, how are you?");
        let words = world.turn(
            agent,
            None,
            &[envelope("user:ada", "instruction", "Thanks!")],
        );
        assert_eq!(words, "Noted. Nothing for me to do.");
    }
    assert_eq!(world.said(), Vec::<String>::new());
}

#[test]
fn the_journal_is_shown_to_who_asks() {
    let mut world = World::new();
    world.turn("chronicler", Some("Open the journal."), &[]);
    let wanted = [envelope("user:ada", "instruction", "Show journal, please")];
    assert!(
        world
            .turn("chronicler", None, &wanted)
            .starts_with("# Journal of the Forge")
    );
    let wanted = [envelope(
        "agent:default/forge",
        "instruction",
        "show me the journal",
    )];
    world.turn("chronicler", None, &wanted);
    assert_eq!(world.said(), ["chronicler > forge: # Journal of the Forge"]);
}
