//! Tickets as trackers have them, and what is said in them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::place::Source;

/// Comments of a ticket that are read.
pub const COMMENTS_MAX: usize = 100;
/// Characters of an id, a key or an address.
const WORD_CHARS_MAX: usize = 1_000;
/// Characters of a title.
const TITLE_CHARS_MAX: usize = 500;
/// Bytes of the text of a ticket, and of one of its comments.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Bytes of all comments that an agent or a run is told; the newest ones win.
pub(super) const COMMENTS_BYTES_MAX: usize = 64 << 10;
/// Labels of a ticket.
const LABELS_MAX: usize = 100;

/// How the hidden marks of comments on git hosts begin.
const HIDDEN: &str = "<!-- optio:";
/// How the marks begin that are seen, where nothing can be hidden.
const SHOWN: &str = "[optio:";

/// A ticket as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What names it in its tracker, for ever.
    pub id: String,
    /// What people call it, such as `SHOP-7`.
    pub key: String,
    /// Where a person can look at it.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its text; may be empty.
    pub body: String,
    /// Who wrote it.
    pub author: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether it waits to be worked on.
    pub open: bool,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
    /// The address of the repository it belongs to, where its tracker knows one.
    pub repo_url: Option<String>,
}

impl Ticket {
    /// The ticket as it can be kept: what is endless is cut, and what no database holds is left out.
    #[must_use]
    pub fn kept(self) -> Self {
        let mut labels = self.labels;
        labels.truncate(LABELS_MAX);
        Self {
            id: line(&self.id, WORD_CHARS_MAX),
            key: line(&self.key, WORD_CHARS_MAX),
            url: line(&self.url, WORD_CHARS_MAX),
            title: line(&self.title, TITLE_CHARS_MAX),
            body: text(&self.body),
            author: line(&self.author, WORD_CHARS_MAX),
            labels: labels.iter().map(|it| line(it, WORD_CHARS_MAX)).collect(),
            ..self
        }
    }

    /// What a trigger's mapping looks into: the body of a ticket's fire, with the newest comments that there
    /// is room for.
    #[must_use]
    pub fn body_of_fire(&self, source: Source, comments: &[TicketComment]) -> Value {
        let mut bytes = 0;
        let mut comments: Vec<Value> = comments
            .iter()
            .rev()
            .filter(|comment| !is_ours(&comment.body))
            .take_while(|comment| {
                bytes += comment.body.len();
                bytes <= COMMENTS_BYTES_MAX
            })
            .map(|it| json!({ "author": it.author, "body": it.body, "at": it.at }))
            .collect();
        comments.reverse();
        json!({
            "source": source.name(), "id": self.id, "key": self.key, "url": self.url,
            "title": self.title, "body": self.body, "author": self.author, "labels": self.labels,
            "repoUrl": self.repo_url, "comments": comments,
        })
    }

    /// Whether it bears a label, however that is written.
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        let label = label.trim().to_lowercase();
        self.labels
            .iter()
            .any(|it| it.trim().to_lowercase() == label)
    }
}

/// A comment on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketComment {
    /// Who wrote it.
    pub author: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub at: DateTime<Utc>,
}

impl TicketComment {
    /// The comment as it can be passed on.
    #[must_use]
    pub fn kept(self) -> Self {
        Self {
            author: line(&self.author, WORD_CHARS_MAX),
            body: text(&self.body),
            at: self.at,
        }
    }
}

/// Some of the tickets that were asked for, and where the others are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketPage {
    /// The tickets.
    pub tickets: Vec<Ticket>,
    /// What the tracker's adapter needs for the next page; `None` after the last one.
    pub next: Option<String>,
}

/// What a ticket is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Work on it has begun.
    Started,
    /// The work is done: it is said, and the ticket is closed.
    Done,
}

impl News {
    /// The word used in SQL, HTTP and marks.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Started, Self::Done]
            .into_iter()
            .find(|it| it.name() == text)
    }
}

/// The line by which a comment is known where nothing can be hidden in one.
#[must_use]
pub fn signature(mark: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '.'
        }
    };
    format!("{SHOWN}{}]", mark.chars().map(safe).collect::<String>())
}

/// The text of a comment with its [`signature`], so that whoever writes it again after a crash finds that
/// it is there.
#[must_use]
pub fn signed(body: &str, mark: &str) -> String {
    format!("{body}\n\n{}", signature(mark))
}

/// Whether a comment is one of ours.
#[must_use]
pub fn is_ours(comment: &str) -> bool {
    comment.contains(HIDDEN) || comment.contains(SHOWN)
}

fn line(text: &str, chars_max: usize) -> String {
    let one = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(chars_max).map(one).collect()
}

fn text(text: &str) -> String {
    let text = text.replace('\0', "\u{fffd}").replace("\r\n", "\n");
    if text.len() <= TEXT_BYTES_MAX {
        return text;
    }
    let mut end = TEXT_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}\n\n[cut: {} bytes more]", &text[..end], text.len() - end)
}
