//! What a ticket becomes.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{super::*, now, read, ticket};
use crate::repo::RepoUrl;

fn labels(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

fn spec(source: Source, repo_url: Option<&str>) -> TrackerSpec {
    let config = match source {
        Source::Jira => {
            json!({ "baseUrl": "https://a.example", "email": "a@b.c", "repoUrl": repo_url })
        }
        Source::GitHub => json!({ "owner": "ada", "repo": "engine" }),
        Source::GitLab | Source::Linear | Source::Notion => json!({ "repoUrl": repo_url }),
    };
    read(source, config).unwrap().0
}

#[test]
fn labels_choose_the_agent_program_and_two_of_them_choose_none() {
    for (label, agent) in [
        ("codex", "codex"),
        ("Copilot", "copilot"),
        ("gemini", "gemini"),
        (" opencode ", "opencode"),
        ("claude", "claude-code"),
        ("claude-code", "claude-code"),
    ] {
        assert_eq!(agent_of(&labels(&["optio", label])), Ok(Some(agent)));
    }
    assert_eq!(agent_of(&labels(&["optio", "codex-review"])), Ok(None));
    assert_eq!(
        agent_of(&labels(&["claude", "claude-code"])),
        Ok(Some("claude-code"))
    );
    let two = agent_of(&labels(&["gemini", "optio", "codex"])).unwrap_err();
    assert!(two.contains("`gemini` and `codex`"), "{two}");
}

#[test]
fn the_repository_is_the_tickets_own_or_the_labels_or_the_trackers() {
    let repo = |spec: &TrackerSpec, own: Option<&str>, label: &str| {
        let mut ticket = ticket();
        ticket.repo_url = own.map(str::to_owned);
        ticket.labels.push(label.to_owned());
        repo_of(spec, &ticket).map(|url| url.as_str().to_owned())
    };
    let (own, its) = (
        "https://git.example/a/b",
        "https://git.acme.example/ada/engine",
    );
    let github = spec(Source::GitHub, None);
    assert_eq!(repo(&github, Some(own), "repo:x/y").as_deref(), Ok(own));
    let (jira, bare) = (spec(Source::Jira, Some(its)), spec(Source::Jira, None));
    assert_eq!(repo(&jira, None, "x").as_deref(), Ok(its));
    let there = "https://git.acme.example/x/y";
    assert_eq!(repo(&jira, None, "repo:x/y").as_deref(), Ok(there));
    assert_eq!(
        repo(&bare, None, "repo:x/y").as_deref(),
        Ok("https://github.com/x/y")
    );
    let whole = "repo:https://gitlab.com/g/s/y";
    assert_eq!(
        repo(&bare, None, whole).as_deref(),
        Ok("https://gitlab.com/g/s/y")
    );
    assert!(
        repo(&bare, None, "repo:y")
            .unwrap_err()
            .contains("`repo:y` names no repository")
    );
    assert!(
        repo(&bare, None, "x")
            .unwrap_err()
            .contains("a label `repo:owner/name`")
    );
    let linear = spec(Source::Linear, None);
    assert!(
        repo(&linear, None, "repo:x/y")
            .unwrap_err()
            .contains("set repoUrl")
    );
}

fn said(author: &str, body: &str, minute: i64) -> TicketComment {
    TicketComment {
        author: author.to_owned(),
        body: body.to_owned(),
        at: now() + TimeDelta::minutes(minute),
    }
}

#[test]
fn the_agent_is_told_the_ticket_and_what_people_said_in_it() {
    let comments = [
        said("grace", "Only for GET.", 1),
        said("optio", &signed("Work has begun.", "started:1"), 2),
        said("optio", "Begun.\n\n<!-- optio:started.1 -->", 3),
        said("ada", "  ", 4),
    ];
    let told = prompt(&ticket(), &comments);
    let wanted = "Add /healthz\n\nTicket SHOP-7: https://acme.example/browse/SHOP-7\n\nIt answers 200.\n\n\
                  ## Comments on the ticket\n\n**grace**, 2026-01-01 12:01 UTC:\n\nOnly for GET.";
    assert_eq!(told, wanted);
    let mut silent = ticket();
    silent.body = String::new();
    assert!(!prompt(&silent, &[]).contains("Comments"));
}

#[test]
fn a_trigger_is_told_the_ticket_and_the_newest_of_what_people_said_in_it() {
    let long = "x".repeat(30 << 10);
    let mut comments: Vec<_> = (0..5)
        .map(|at| said("ada", &format!("{at} {long}"), at))
        .collect();
    comments.push(said("optio", &signed("Work has begun.", "started:1"), 6));
    let body = ticket().body_of_fire(Source::Jira, &comments);
    for (member, value) in [
        ("source", "jira"),
        ("id", "SHOP-7"),
        ("title", "Add /healthz"),
        ("author", "ada"),
    ] {
        assert_eq!(body[member], value, "{member}");
    }
    assert_eq!(body["labels"][0], "optio");
    let told: Vec<&str> = body["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["body"].as_str().unwrap()[..1])
        .collect();
    assert_eq!(told, ["3", "4"], "oldest first");
}

#[test]
fn of_very_many_words_the_newest_are_told() {
    let long = "x".repeat(30 << 10);
    let comments: Vec<_> = (0..5)
        .map(|at| said("ada", &format!("{at} {long}"), at))
        .collect();
    let told = prompt(&ticket(), &comments);
    assert!(
        told.contains("[3 older comments are left out]"),
        "{}",
        &told[..200]
    );
    assert!(told.contains("3 xxx") && told.contains("4 xxx") && !told.contains("2 xxx"));
    assert!(told.find("3 xxx") < told.find("4 xxx"), "oldest first");
    assert!(told.len() < 80 << 10);
}

#[test]
fn a_ticket_becomes_a_task_of_an_agent_program_there_is() {
    let repo = RepoUrl::parse("https://github.com/ada/engine").unwrap();
    let work = |agent: &str, title: &str| {
        let mut ticket = ticket();
        title.clone_into(&mut ticket.title);
        task_of(TicketWork {
            source: Source::Jira,
            ticket: &ticket,
            comments: &[],
            repo: &repo,
            branch: "main".to_owned(),
            agent: agent.to_owned(),
            model: None,
        })
    };
    let task = work("claude-code", "Add /healthz").unwrap();
    assert_eq!(task.ticket_source.as_deref(), Some("jira"));
    assert_eq!(task.ticket_id.as_deref(), Some("SHOP-7"));
    assert_eq!(task.repo_url, "https://github.com/ada/engine");
    assert_eq!(task.metadata.unwrap()["ticketKey"], Value::from("SHOP-7"));
    assert_eq!(work("claude-code", " ").unwrap().title, "Ticket SHOP-7");
    let unknown = work("abacus", "Add /healthz").unwrap_err();
    assert!(
        unknown.contains("`abacus`") && unknown.contains("claude-code"),
        "{unknown}"
    );
}

#[test]
fn what_is_endless_is_cut_and_what_no_database_holds_is_left_out() {
    let wild = Ticket {
        title: format!("a\0b\n{}", "t".repeat(900)),
        body: format!("x\0y\r\n{}", "é".repeat(80 << 10)),
        labels: vec!["l\0".to_owned(); 300],
        ..ticket()
    };
    let kept = wild.kept();
    assert!(kept.title.starts_with("a b tt") && kept.title.chars().count() == 500);
    assert!(kept.body.starts_with("x\u{fffd}y\n") && kept.body.contains("[cut: "));
    assert_eq!((kept.labels.len(), kept.labels[0].as_str()), (100, "l "));
    assert!(!format!("{kept:?}").contains('\0'));
    assert_eq!(
        kept.clone().kept().body.len(),
        kept.clone().kept().kept().body.len()
    );
    assert!(ticket().has_label("OPTIO ") && !ticket().has_label("opti"));
}

#[test]
fn a_signature_holds_nothing_that_could_end_it() {
    assert_eq!(signature("done:3f-1]x\n"), "[optio:done.3f-1.x.]");
    assert!(is_ours(&signed("Done.", "done:1")) && !is_ours("Done."));
    for news in [News::Started, News::Done] {
        assert_eq!(News::parse(news.name()), Some(news));
    }
}
