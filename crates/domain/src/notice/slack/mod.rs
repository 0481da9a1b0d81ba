//! Notices as Slack shows them, and what people press there.

use serde_json::{Value, json};

use super::Notice;

pub mod action;

/// The stored secret with the address at which Slack takes in what has no address of its own.
pub const ADDRESS_SECRET: &str = "SLACK_WEBHOOK_URL";
/// The stored secret that Slack signs with what is pressed.
pub const SIGNING_SECRET: &str = "SLACK_SIGNING_SECRET";
/// Characters of a line, and of a text, that Slack shows without being overwhelming.
const LINE_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 1_500;

/// What a message says besides its notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Where this Optio is reached, without a slash at its end.
    pub home: &'a str,
    /// The channel it goes to; the address's own where none is given.
    pub channel: Option<&'a str>,
    /// Whether what is pressed can be believed.
    pub buttons: Buttons,
}

/// Whether a message has buttons that do something. They are only shown where Slack signs what is
/// pressed, and that can be checked: nothing else would come of pressing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buttons {
    /// Links alone.
    None,
    /// Retry, cancel, view.
    Shown,
}

/// Where a task is shown.
#[must_use]
pub fn page_of_task(home: &str, task: &str) -> String {
    format!("{home}/api/tasks/{task}")
}

/// The message.
#[must_use]
pub fn message(notice: &Notice, message: &Message<'_>) -> Value {
    let headline = headline(notice);
    let mut blocks = vec![section(&headline)];
    if let Some(detail) = detail(&notice.data) {
        blocks.push(section(&detail));
    }
    if let Some(context) = context(&notice.data) {
        let text = json!({ "type": "mrkdwn", "text": context });
        blocks.push(json!({ "type": "context", "elements": [text] }));
    }
    let page = text(&notice.data, "taskId").map(|task| page_of_task(message.home, task));
    match (message.buttons, page) {
        (Buttons::Shown, Some(page)) => blocks.push(buttons(notice, &page)),
        (Buttons::None, Some(page)) => blocks.push(section(&link(&page, "View"))),
        (Buttons::Shown | Buttons::None, None) => {}
    }
    let mut said = json!({ "text": headline, "blocks": blocks });
    if let Some(channel) = message.channel {
        said["channel"] = json!(channel);
    }
    said
}

/// The message of a test.
#[must_use]
pub fn test_message(channel: Option<&str>) -> Value {
    let words = "This is a test: Optio can write here.";
    let mut said = json!({ "text": words, "blocks": [section(words)] });
    if let Some(channel) = channel {
        said["channel"] = json!(channel);
    }
    said
}

fn headline(notice: &Notice) -> String {
    let (mark, what) = match super::NoticeEvent::parse(&notice.event) {
        Some(event) => words(event),
        None => (":bell:", notice.event.as_str()),
    };
    let data = &notice.data;
    let about = ["title", "name", "slug"]
        .iter()
        .find_map(|member| text(data, member))
        .map(|about| short(&line(about), LINE_CHARS_MAX));
    let about = match (about, text(data, "prUrl")) {
        (Some(about), Some(pull)) => Some(link(pull, &about)),
        (Some(about), None) => Some(escaped(&about)),
        (None, _) => None,
    };
    let test = if data["test"] == true { "Test: " } else { "" };
    match about {
        Some(about) => format!("{mark} *{test}{what}:* {about}"),
        None => format!("{mark} *{test}{what}*"),
    }
}

fn words(event: super::NoticeEvent) -> (&'static str, &'static str) {
    use super::NoticeEvent as N;
    match event {
        N::TaskCompleted => (":white_check_mark:", "Task completed"),
        N::TaskFailed => (":x:", "Task failed"),
        N::TaskNeedsAttention => (":warning:", "Task needs attention"),
        N::TaskPrOpened => (":arrow_heading_up:", "Pull request opened"),
        N::ReviewCompleted => (":mag:", "Review written"),
        N::RunQueued => (":hourglass:", "Job run queued"),
        N::RunStarted => (":arrow_forward:", "Job run started"),
        N::RunCompleted => (":white_check_mark:", "Job run completed"),
        N::RunFailed => (":x:", "Job run failed"),
        N::AgentFailed => (":x:", "Agent failed"),
        N::AgentPaused => (":double_vertical_bar:", "Agent paused"),
        N::AgentTurnHalted => (":speech_balloon:", "Agent's turn is over"),
    }
}

/// Why, or what came of it.
fn detail(data: &Value) -> Option<String> {
    let error = text(data, "errorMessage").or_else(|| text(data, "error"));
    if let Some(error) = error {
        return Some(format!("```{}```", escaped(&short(error, TEXT_CHARS_MAX))));
    }
    let words = ["resultSummary", "summary", "reason"];
    let words = words.iter().find_map(|member| text(data, member))?;
    Some(escaped(&short(words, TEXT_CHARS_MAX)))
}

fn context(data: &Value) -> Option<String> {
    let repo = text(data, "repoUrl").map(|url| {
        let name = url.split("://").nth(1).and_then(|it| it.split_once('/'));
        link(url, name.map_or(url, |(_, name)| name))
    });
    // A number that is not known yet is no news.
    let cost = text(data, "costUsd").filter(|cost| *cost != "0");
    let cost = cost.map(|cost| format!("${}", escaped(cost)));
    let parts: Vec<String> = repo.into_iter().chain(cost).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn buttons(notice: &Notice, page: &str) -> Value {
    let task = text(&notice.data, "taskId").unwrap_or_default();
    let button = |words: &str, action: action::Verb| {
        json!({
            "type": "button", "action_id": action.name(), "value": task,
            "text": { "type": "plain_text", "text": words },
        })
    };
    let mut view = button("View", action::Verb::ViewLogs);
    view["url"] = json!(page);
    let mut elements = vec![view];
    let state = text(&notice.data, "toState").unwrap_or_default();
    if matches!(state, "failed" | "cancelled" | "needs_attention") {
        elements.push(button("Retry", action::Verb::RetryTask));
    }
    if matches!(state, "needs_attention" | "pr_opened") {
        let mut cancel = button("Cancel", action::Verb::CancelTask);
        cancel["style"] = json!("danger");
        elements.push(cancel);
    }
    json!({ "type": "actions", "elements": elements })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

fn text<'a>(data: &'a Value, member: &str) -> Option<&'a str> {
    data[member].as_str().filter(|text| !text.trim().is_empty())
}

/// A link; what stands in it cannot end it.
fn link(url: &str, words: &str) -> String {
    let url = url
        .replace('|', "%7C")
        .replace('>', "%3E")
        .replace('<', "%3C");
    format!("<{url}|{}>", escaped(words).replace('|', "/"))
}

/// Slack's own three characters, so that no text of others is a link, a mention or a group.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace("```", "'''")
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(text: &str, max: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let cut: String = text.chars().take(max).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{
        super::{NoticeEvent, sample},
        *,
    };
    use crate::id::NoticeId;

    fn notice(event: NoticeEvent, data: Value) -> Notice {
        Notice {
            id: NoticeId(Uuid::nil()),
            event: event.name().to_owned(),
            at: "2026-01-01T12:00:00Z".parse().unwrap(),
            data,
            hops: 0,
        }
    }

    fn said(event: NoticeEvent, data: Value, buttons: Buttons) -> Value {
        let about = Message {
            home: "https://optio.example",
            channel: None,
            buttons,
        };
        message(&notice(event, data), &about)
    }

    fn actions(said: &Value) -> Vec<&str> {
        let blocks = said["blocks"].as_array().unwrap();
        let elements = blocks.iter().flat_map(|block| block["elements"].as_array());
        elements
            .flatten()
            .filter_map(|element| element["action_id"].as_str())
            .collect()
    }

    #[test]
    fn a_failure_says_of_what_where_and_why() {
        let data = json!({
            "taskId": "t1", "title": "Add <b> & c", "toState": "failed", "prUrl": "https://x.example/1",
            "repoUrl": "https://github.com/ada/engine", "errorMessage": "it ``` broke", "costUsd": "0.12",
        });
        let said = said(NoticeEvent::TaskFailed, data, Buttons::Shown);
        assert_eq!(
            said["text"],
            ":x: *Task failed:* <https://x.example/1|Add &lt;b&gt; &amp; c>"
        );
        let text = said["blocks"].to_string();
        for words in [
            "```it ''' broke```",
            "<https://github.com/ada/engine|ada/engine> · $0.12",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(actions(&said), ["view_logs", "retry_task"]);
        assert!(
            text.contains("https://optio.example/api/tasks/t1"),
            "{text}"
        );
    }

    #[test]
    fn buttons_are_those_that_the_task_can_obey_and_only_where_they_are_believed() {
        let data = |state: &str| json!({ "taskId": "t1", "title": "t", "toState": state });
        for (event, state, shown) in [
            (
                NoticeEvent::TaskNeedsAttention,
                "needs_attention",
                &["view_logs", "retry_task", "cancel_task"][..],
            ),
            (
                NoticeEvent::TaskPrOpened,
                "pr_opened",
                &["view_logs", "cancel_task"],
            ),
            (NoticeEvent::TaskCompleted, "completed", &["view_logs"]),
        ] {
            let with = said(event, data(state), Buttons::Shown);
            assert_eq!(actions(&with), shown, "{state}");
            let without = said(event, data(state), Buttons::None);
            assert!(actions(&without).is_empty(), "{state}");
            assert!(without.to_string().contains("/api/tasks/t1"), "{state}");
        }
    }

    #[test]
    fn no_text_of_others_reaches_a_channel_or_breaks_out_of_a_link() {
        let data = json!({
            "taskId": "t1", "title": "<!channel> a|b\nc", "resultSummary": "<@U1> hello",
            "prUrl": "https://x.example/|evil>", "toState": "completed",
        });
        let said = said(NoticeEvent::TaskCompleted, data, Buttons::None).to_string();
        assert!(
            !said.contains("<!channel>") && !said.contains("<@U1>"),
            "{said}"
        );
        assert!(
            said.contains("<https://x.example/%7Cevil%3E|&lt;!channel&gt; a/b c>"),
            "{said}"
        );
    }

    #[test]
    fn every_event_can_be_said_and_a_test_says_that_it_is_one() {
        for event in NoticeEvent::ALL {
            let said = said(event, sample(event), Buttons::Shown);
            let text = said["text"].as_str().unwrap();
            assert!(text.contains("Test: "), "{text}");
            assert!(said["channel"].is_null());
        }
        let unknown = Notice {
            event: "later.invented".to_owned(),
            ..notice(NoticeEvent::TaskFailed, json!({}))
        };
        let about = Message {
            home: "",
            channel: Some("#ops"),
            buttons: Buttons::Shown,
        };
        let said = message(&unknown, &about);
        assert_eq!(said["text"], ":bell: *later.invented*");
        assert_eq!(said["channel"], "#ops");
    }

    #[test]
    fn long_texts_are_cut() {
        let data =
            json!({ "taskId": "t", "title": "x".repeat(9_000), "errorMessage": "ä".repeat(9_000) });
        let said = said(NoticeEvent::TaskFailed, data, Buttons::Shown);
        assert!(said["text"].as_str().unwrap().chars().count() < 300);
        assert!(said.to_string().chars().count() < 3_000);
    }
}
