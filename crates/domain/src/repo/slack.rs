//! What a repository wants to be said in Slack.

use crate::{agent::spec::Invalid, notice::NoticeEvent, notice::WebhookUrl};

/// Characters of a channel's name.
const CHANNEL_CHARS_MAX: usize = 80;

/// What is said of a repository's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlackNotice {
    /// One is done.
    Completed,
    /// One did not work out.
    Failed,
    /// One waits for a person.
    NeedsAttention,
    /// The pull request of one is open.
    PrOpened,
}

impl SlackNotice {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Completed,
        Self::Failed,
        Self::NeedsAttention,
        Self::PrOpened,
    ];

    /// Its name in the API and in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::NeedsAttention => "needs_attention",
            Self::PrOpened => "pr_opened",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Which of them an event is.
    #[must_use]
    pub fn of(event: NoticeEvent) -> Option<Self> {
        match event {
            NoticeEvent::TaskCompleted => Some(Self::Completed),
            NoticeEvent::TaskFailed => Some(Self::Failed),
            NoticeEvent::TaskNeedsAttention => Some(Self::NeedsAttention),
            NoticeEvent::TaskPrOpened => Some(Self::PrOpened),
            NoticeEvent::ReviewCompleted
            | NoticeEvent::RunQueued
            | NoticeEvent::RunStarted
            | NoticeEvent::RunCompleted
            | NoticeEvent::RunFailed
            | NoticeEvent::AgentFailed
            | NoticeEvent::AgentPaused
            | NoticeEvent::AgentTurnHalted => None,
        }
    }
}

/// The address at which Slack takes a repository's messages in. It is a secret: it is written and never
/// read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlackAddress {
    /// None of its own: the stored secret `SLACK_WEBHOOK_URL` is used, where there is one.
    None,
    /// The one that is stored.
    Stored,
    /// This one, from now on.
    New(WebhookUrl),
}

/// What a repository wants to be said in Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackSettings {
    /// Whether anything is.
    pub enabled: bool,
    /// Where Slack takes it in.
    pub address: SlackAddress,
    /// The channel; the address's own where none is given.
    pub channel: Option<String>,
    /// Of what, each once.
    pub notify_on: Vec<SlackNotice>,
}

impl Default for SlackSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            address: SlackAddress::None,
            channel: None,
            notify_on: SlackNotice::ALL.to_vec(),
        }
    }
}

impl SlackSettings {
    /// The rules that are broken.
    pub(super) fn broken(&self) -> Option<Invalid> {
        let fits = |channel: &String| {
            let chars = channel.chars().count();
            !channel.trim().is_empty()
                && chars <= CHANNEL_CHARS_MAX
                && !channel.chars().any(char::is_control)
        };
        let fine = self.channel.as_ref().is_none_or(fits);
        (!fine).then(|| {
            let rule = format!(
                "must be a channel of 1 to {CHANNEL_CHARS_MAX} characters; null is the address's own"
            );
            Invalid::new("slackChannel", rule)
        })
    }
}

/// Reads what is to be said.
///
/// # Errors
/// The names that are none, with those there are.
pub fn read_slack_notices(names: &[String]) -> Result<Vec<SlackNotice>, Invalid> {
    if names.iter().any(|name| SlackNotice::parse(name).is_none()) {
        let known = SlackNotice::ALL.map(SlackNotice::name).join(", ");
        return Err(Invalid::new(
            "slackNotifyOn",
            format!("must be a list of: {known}"),
        ));
    }
    let wanted = |it: &SlackNotice| names.iter().any(|name| name == it.name());
    Ok(SlackNotice::ALL.into_iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_one_of_four_things_and_each_is_an_event() {
        let names = ["pr_opened", "failed", "failed"].map(str::to_owned);
        assert_eq!(
            read_slack_notices(&names).unwrap(),
            [SlackNotice::Failed, SlackNotice::PrOpened]
        );
        let refused = read_slack_notices(&["started".to_owned()]).unwrap_err();
        assert!(refused.rule.contains("completed, failed"), "{refused}");
        for notice in SlackNotice::ALL {
            let events: Vec<_> = NoticeEvent::ALL
                .into_iter()
                .filter(|event| SlackNotice::of(*event) == Some(notice))
                .collect();
            assert_eq!(events.len(), 1, "{notice:?}");
            assert_eq!(events[0].name(), format!("task.{}", notice.name()));
        }
    }

    #[test]
    fn a_channel_is_a_short_line() {
        let with = |channel: &str| SlackSettings {
            channel: Some(channel.to_owned()),
            ..SlackSettings::default()
        };
        assert_eq!(with("#ops").broken(), None);
        for bad in ["", " ", "a\nb", &"x".repeat(CHANNEL_CHARS_MAX + 1)] {
            assert_eq!(with(bad).broken().unwrap().field, "slackChannel");
        }
    }
}
