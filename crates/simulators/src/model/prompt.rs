//! The parts of an agent's prompt: sections under known headings, and the envelopes of the inbox.

use serde::Deserialize;

pub(crate) const ROLE: &str = "# Your role";
pub(crate) const MISSION: &str = "# Initial mission";
pub(crate) const INBOX: &str = "# Inbox";
pub(crate) const TICK: &str = "# Tick";
const HEADINGS: [&str; 5] = [ROLE, "# Operator manual", MISSION, INBOX, TICK];

const RULE_LINE: &str = "---";
const BEGIN: &str = "---BEGIN OPTIO MESSAGE---";
const END: &str = "---END OPTIO MESSAGE---";

const REMINDER_BEGIN: &str = "<system-reminder>";
const REMINDER_END: &str = "</system-reminder>";
/// What the command-line tool says by itself when a stream broke off behind a text.
const CUT_OFF: &str = "Your response above was cut off mid-stream.";

/// One message in the inbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope {
    pub(crate) timestamp: String,
    pub(crate) sender: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) body: String,
}

/// The text without what the command-line tool says of its own accord, which is no prompt.
pub(crate) fn without_asides(text: &str) -> &str {
    let mut rest = text.trim();
    while let Some(reminder) = rest.strip_prefix(REMINDER_BEGIN)
        && let Some((_, behind)) = reminder.split_once(REMINDER_END)
    {
        rest = behind.trim_start();
    }
    if rest.starts_with(CUT_OFF) { "" } else { rest }
}

/// The text under the last such heading. A heading counts at the start of the prompt or behind a
/// `---` line, because a manual may show headings of its own.
pub(crate) fn section<'a>(prompt: &'a str, heading: &str) -> Option<&'a str> {
    let mut found = None;
    let mut opened: Option<(&str, usize)> = None;
    let mut at = 0;
    let mut ruled_at = Some(0);
    for line in prompt.split_inclusive('\n') {
        let (from, text) = (at, line.trim());
        at += line.len();
        if let Some(ruled) = ruled_at
            && let Some(known) = HEADINGS.into_iter().find(|known| is_heading(text, known))
        {
            found = close(prompt, opened, heading, ruled).or(found);
            opened = Some((known, at));
        }
        ruled_at = match text {
            RULE_LINE => Some(from),
            "" => ruled_at,
            _ => None,
        };
    }
    close(prompt, opened, heading, prompt.len()).or(found)
}

fn is_heading(line: &str, heading: &str) -> bool {
    line.strip_prefix(heading)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}

fn close<'a>(
    prompt: &'a str,
    opened: Option<(&str, usize)>,
    heading: &str,
    until: usize,
) -> Option<&'a str> {
    let (name, from) = opened?;
    (name == heading).then(|| prompt.get(from..until).unwrap_or_default().trim())
}

/// The messages of an inbox section, in order. Markers count only alone on their line: inside an
/// envelope's JSON no line break is left as it is. What is not JSON becomes a body without sender.
pub(crate) fn envelopes(inbox: &str) -> Vec<Envelope> {
    let mut envelopes = Vec::new();
    let mut open: Option<String> = None;
    for line in inbox.lines() {
        match (line.trim(), open.as_mut()) {
            (BEGIN, _) => open = Some(String::new()),
            (END, Some(text)) => {
                let read = serde_json::from_str(text);
                envelopes.push(read.unwrap_or_else(|_| Envelope {
                    body: text.trim().to_owned(),
                    ..Envelope::default()
                }));
                open = None;
            }
            (_, Some(text)) => {
                text.push_str(line);
                text.push('\n');
            }
            (_, None) => {}
        }
    }
    envelopes
}
