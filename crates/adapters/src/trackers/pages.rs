//! Pages of issues, where a host sorts them by their last change and counts pages.
//!
//! A page that is counted moves while it is read: whoever changes an issue of an earlier page takes it away
//! from there, and the first of the next page moves into the one that was read already. So the next page
//! begins at the last change that was seen, and is counted only where that alone leads no further.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use optio_domain::{
    git_host::{Comment, Issue},
    tracker::{COMMENTS_MAX, Ticket, TicketComment, TicketPage, TrackerError},
};

/// Hosts disagree whether what changed at exactly that moment is listed.
const BEFORE: TimeDelta = TimeDelta::seconds(1);

/// Which issues are wanted.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Those with this label.
    pub(crate) label: &'a str,
    /// Whether closed ones are left out.
    pub(crate) open_only: bool,
    /// Those that changed at this moment or later.
    pub(crate) since: Option<DateTime<Utc>>,
    /// Which page of them, from 1.
    pub(crate) page: u32,
}

/// A page of issues.
#[derive(Debug)]
pub(crate) struct IssuePage {
    pub(crate) issues: Vec<Issue>,
    /// The last change of whatever was on it.
    pub(crate) last: Option<DateTime<Utc>>,
    pub(crate) has_next: bool,
}

impl<'a> Wanted<'a> {
    /// The page that was named as next, or the first one.
    pub(crate) fn read(
        label: &'a str,
        since: Option<DateTime<Utc>>,
        page: Option<&str>,
    ) -> Result<Self, TrackerError> {
        let first = Self {
            label,
            open_only: since.is_none(),
            since,
            page: 1,
        };
        let Some(named) = page else {
            return Ok(first);
        };
        let read = || {
            let (at, page) = named.split_once('#')?;
            let since = match at {
                "" => None,
                at => Some(at.parse().ok()?),
            };
            Some((since, page.parse().ok()?))
        };
        let (since, page) =
            read().ok_or_else(|| TrackerError::Refused(format!("`{named}` names no page")))?;
        Ok(Self {
            since,
            page,
            ..first
        })
    }

    /// The moment as hosts read it.
    pub(crate) fn since_text(&self) -> Option<String> {
        let since = self.since?.checked_sub_signed(BEFORE)?;
        Some(since.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    /// What names the page after this one.
    pub(crate) fn next(&self, page: &IssuePage) -> Option<String> {
        if !page.has_next {
            return None;
        }
        let leads_on = page
            .last
            .filter(|last| self.since.is_none_or(|since| since < *last));
        let (since, number) = match leads_on {
            Some(last) => (Some(last), 1),
            None => (self.since, self.page + 1),
        };
        let at = since.map_or_else(String::new, |at| {
            at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        });
        Some(format!("{at}#{number}"))
    }

    /// The page as tickets.
    pub(crate) fn tickets(&self, page: IssuePage, between: &str) -> TicketPage {
        let next = self.next(&page);
        let tickets = page.issues.into_iter();
        TicketPage {
            tickets: tickets.map(|issue| ticket(issue, between)).collect(),
            next,
        }
    }
}

/// An issue as a ticket. Its repository's address is what comes before this part of its own.
pub(crate) fn ticket(issue: Issue, between: &str) -> Ticket {
    let repo = issue
        .url
        .rsplit_once(between)
        .map(|(repo, _)| repo.to_owned());
    Ticket {
        id: issue.number.to_string(),
        key: format!("#{}", issue.number),
        url: issue.url,
        title: issue.title,
        body: issue.body,
        author: issue.author,
        labels: issue.labels,
        open: issue.open,
        changed_at: issue.updated_at,
        repo_url: repo,
    }
}

/// The newest comments, oldest first.
pub(crate) fn said(comments: Vec<Comment>) -> Vec<TicketComment> {
    let older = comments.len().saturating_sub(COMMENTS_MAX);
    let comments = comments.into_iter().skip(older);
    let said = comments.map(|comment| TicketComment {
        author: comment.author,
        body: comment.body,
        at: comment.at,
    });
    said.collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn page(last: &str, has_next: bool) -> IssuePage {
        IssuePage {
            issues: Vec::new(),
            last: Some(at(last)),
            has_next,
        }
    }

    #[test]
    fn the_next_page_begins_at_the_last_change_and_is_counted_where_that_leads_no_further() {
        let since = at("2026-01-01T12:00:00Z");
        let wanted = Wanted::read("optio", Some(since), None).unwrap();
        assert_eq!(wanted.since_text().as_deref(), Some("2026-01-01T11:59:59Z"));
        assert_eq!(wanted.next(&page("2026-01-01T12:00:05Z", false)), None);
        let next = wanted.next(&page("2026-01-01T12:00:05.5Z", true)).unwrap();
        let second = Wanted::read("optio", Some(since), Some(&next)).unwrap();
        let moment = Some(at("2026-01-01T12:00:05.5Z"));
        assert_eq!(
            (second.since, second.page, second.open_only),
            (moment, 1, false)
        );
        let next = second.next(&page("2026-01-01T12:00:05.5Z", true)).unwrap();
        let third = Wanted::read("optio", Some(since), Some(&next)).unwrap();
        assert_eq!((third.since, third.page), (moment, 2));
    }

    #[test]
    fn the_first_round_asks_for_open_ones_on_all_of_its_pages() {
        let wanted = Wanted::read("optio", None, None).unwrap();
        assert_eq!((wanted.open_only, wanted.since_text()), (true, None));
        let next = wanted.next(&page("2026-01-01T12:00:05Z", true)).unwrap();
        let second = Wanted::read("optio", None, Some(&next)).unwrap();
        assert!(second.open_only && second.since.is_some());
        assert!(Wanted::read("optio", None, Some("nonsense")).is_err());
    }
}
