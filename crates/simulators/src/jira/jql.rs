//! As much of JQL as its clients need: clauses with AND between them, ordered by the last change.

use chrono::TimeDelta;

use super::objects::{Issue, STATUSES, World};
use crate::tracker::now;

/// The keys of the issues that a query finds.
pub(super) fn run(world: &World, query: &str) -> Result<Vec<String>, String> {
    let Some(clauses) = query.strip_suffix(" ORDER BY updated ASC") else {
        return Err("Error in the JQL Query: only ORDER BY updated ASC is played.".to_owned());
    };
    let clauses: Vec<&str> = outside_quotes(clauses);
    let mut found: Vec<&Issue> = Vec::new();
    for issue in &world.issues {
        let mut fits = true;
        for clause in &clauses {
            fits &= holds(issue, clause)?;
        }
        if fits {
            found.push(issue);
        }
    }
    found.sort_by_key(|issue| issue.updated);
    Ok(found.iter().map(|issue| issue.key.clone()).collect())
}

/// The clauses between ANDs that stand in no quotes.
fn outside_quotes(query: &str) -> Vec<&str> {
    let (mut clauses, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in query.char_indices() {
        if at < begin {
            continue;
        }
        match c {
            '"' if !escaped => quoted = !quoted,
            ' ' if !quoted && query[at..].starts_with(" AND ") => {
                clauses.push(&query[begin..at]);
                begin = at + " AND ".len();
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    clauses.push(&query[begin..]);
    clauses
}

fn holds(issue: &Issue, clause: &str) -> Result<bool, String> {
    let unknown = || format!("Error in the JQL Query: the clause '{clause}' is not played.");
    let text = |value: &str| unquoted(value).ok_or_else(unknown);
    let (status, category) = STATUSES[issue.status];
    let mut words = clause.splitn(3, ' ');
    let (field, sign, value) = (words.next(), words.next(), words.next());
    match (field, sign, value) {
        (Some("labels"), Some("="), Some(value)) => Ok(issue.labels.contains(&text(value)?)),
        (Some("project"), Some("="), Some(value)) => {
            let project = issue.key.split('-').next().unwrap_or_default();
            Ok(project.eq_ignore_ascii_case(&text(value)?))
        }
        (Some("status"), Some("="), Some(value)) => Ok(status.eq_ignore_ascii_case(&text(value)?)),
        (Some("statusCategory"), Some("!="), Some("Done")) => Ok(category != "done"),
        (Some("updated"), Some(">="), Some(value)) => {
            let ago = text(value)?;
            let minutes = ago.strip_prefix('-').and_then(|it| it.strip_suffix('m'));
            let minutes: i64 = minutes.and_then(|it| it.parse().ok()).ok_or_else(unknown)?;
            // In whole minutes, as Jira compares.
            let since = (now() - TimeDelta::minutes(minutes)).timestamp() / 60;
            Ok(since <= issue.updated.timestamp() / 60)
        }
        _ => Err(unknown()),
    }
}

fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}
