//! The task that a ticket becomes.

use serde_json::json;

use super::{
    place::Source,
    spec::TrackerSpec,
    ticket::{COMMENTS_BYTES_MAX, Ticket, TicketComment, is_ours},
};
use crate::{
    agent::spec::RUNTIMES,
    repo::RepoUrl,
    task::{
        seen::TaskType,
        spec::{PRIORITY_DEFAULT, RETRIES_DEFAULT, TaskSpec},
    },
};

/// How the label begins by which a ticket of Jira names its repository.
const REPO_LABEL: &str = "repo:";
/// Where a repository is that is named by owner and name alone, and whose tracker names no other host.
const HOST_DEFAULT: &str = "https://github.com";

/// The repository whose work a ticket is: its own where its tracker knows one, the one that a label names,
/// or that of the tracker.
///
/// # Errors
/// In words for people, when there is none.
pub fn repo_of(spec: &TrackerSpec, ticket: &Ticket) -> Result<RepoUrl, String> {
    if let Some(own) = &ticket.repo_url {
        return RepoUrl::parse(own).map_err(|bad| format!("its repository {own}: {bad}"));
    }
    let label = ticket
        .labels
        .iter()
        .find_map(|label| label.trim().strip_prefix(REPO_LABEL))
        .filter(|_| spec.source() == Source::Jira);
    if let Some(named) = label {
        let url = if named.contains("://") {
            named.to_owned()
        } else {
            format!("{}/{named}", host_of(spec))
        };
        let words = |bad| format!("the label `{REPO_LABEL}{named}` names no repository: {bad}");
        return RepoUrl::parse(&url).map_err(words);
    }
    spec.repo_url.clone().ok_or_else(|| {
        let label = match spec.source() {
            Source::Jira => ", or give it a label `repo:owner/name`",
            Source::GitHub | Source::GitLab | Source::Linear | Source::Notion => "",
        };
        format!("no repository is named for it: set repoUrl of the tracker{label}")
    })
}

fn host_of(spec: &TrackerSpec) -> String {
    let Some(url) = &spec.repo_url else {
        return HOST_DEFAULT.to_owned();
    };
    let all = url.as_str().len() - url.full_name().len() - 1;
    url.as_str()[..all].to_owned()
}

/// Everything that a task from a ticket depends on.
#[derive(Debug)]
pub struct TicketWork<'a> {
    /// What kind of tracker it is in.
    pub source: Source,
    /// The ticket.
    pub ticket: &'a Ticket,
    /// What was said in it, oldest first.
    pub comments: &'a [TicketComment],
    /// The repository.
    pub repo: &'a RepoUrl,
    /// The branch that work starts from.
    pub branch: String,
    /// The agent program.
    pub agent: String,
    /// The model, where one is chosen.
    pub model: Option<String>,
}

/// The task that a ticket becomes.
///
/// # Errors
/// In words for people, when there can be no such task.
pub fn task_of(work: TicketWork<'_>) -> Result<TaskSpec, String> {
    let ticket = work.ticket;
    if !RUNTIMES.contains(&work.agent.as_str()) {
        return Err(format!(
            "the agent program `{}` is asked for, and this version runs {} only",
            work.agent,
            RUNTIMES.join(", ")
        ));
    }
    let title = if ticket.title.trim().is_empty() {
        format!("Ticket {}", ticket.key)
    } else {
        ticket.title.clone()
    };
    let spec = TaskSpec {
        kind: TaskType::Coding,
        title,
        prompt: prompt(ticket, work.comments),
        repo_url: work.repo.as_str().to_owned(),
        base_branch: work.branch,
        agent_type: work.agent,
        model: work.model,
        priority: PRIORITY_DEFAULT,
        retries_max: RETRIES_DEFAULT,
        ticket_source: Some(work.source.name().to_owned()),
        ticket_id: Some(ticket.id.clone()),
        metadata: Some(json!({ "ticketKey": ticket.key, "ticketUrl": ticket.url })),
        parent: None,
        blocks_parent: false,
        head: None,
    };
    spec.check().map_err(|bad| bad.to_string())?;
    Ok(spec)
}

/// What the agent is told of a ticket: its title, its text, and what people said in it.
#[must_use]
pub fn prompt(ticket: &Ticket, comments: &[TicketComment]) -> String {
    let mut sections = vec![format!(
        "{}\n\nTicket {}: {}",
        ticket.title, ticket.key, ticket.url
    )];
    if !ticket.body.trim().is_empty() {
        sections.push(ticket.body.trim().to_owned());
    }
    let said = newest(comments);
    if !said.is_empty() {
        sections.push(format!(
            "## Comments on the ticket\n\n{}",
            said.join("\n\n")
        ));
    }
    sections.join("\n\n")
}

/// The newest comments that there is room for, oldest first. Ours say nothing to the agent.
fn newest(comments: &[TicketComment]) -> Vec<String> {
    let of_people: Vec<&TicketComment> = comments
        .iter()
        .filter(|it| !it.body.trim().is_empty() && !is_ours(&it.body))
        .collect();
    let (mut said, mut bytes) = (Vec::new(), 0);
    for comment in of_people.iter().rev() {
        bytes += comment.body.len();
        if COMMENTS_BYTES_MAX < bytes && !said.is_empty() {
            let older = of_people.len() - said.len();
            said.push(format!("[{older} older comments are left out]"));
            break;
        }
        let at = comment.at.format("%Y-%m-%d %H:%M UTC");
        said.push(format!(
            "**{}**, {at}:\n\n{}",
            comment.author,
            comment.body.trim()
        ));
    }
    said.reverse();
    said
}
