//! What people think of a merge request, as reviews.
//!
//! GitLab keeps no reviews. It keeps who approves of a merge request now, whatever its head is by now;
//! how each reviewer stands (since 15.3, with `requested_changes` since 16.9; before, nobody can ask
//! for changes in a way that another program could see, and none is made up from open threads); the
//! notes, among them its own that somebody "approved this merge request" or "requested changes"
//! (`app/services/system_notes/merge_requests_service.rb` of GitLab); and the heads, with when each
//! came. A review is then: such a note of GitLab's, with what its author has said since the one before.
//! It is of the head that was there at that time, and it stands while GitLab's own list says so.
//! An approval in the list without a note is of no known head, so that it never counts for a merge.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use optio_domain::git_host::{
    GitHostError, PullNumber, RepoName, Review, ReviewComment, ReviewState,
};

use super::{
    GitLab,
    shapes::{
        ApprovalsShape, NoteShape, PositionShape, ReviewerShape, UserShape, VersionShape, username,
    },
};

/// How a reviewer stands who asks for changes.
const ASKS_FOR_CHANGES: &str = "requested_changes";

impl GitLab {
    pub(super) async fn read_reviews(
        &self,
        repo: &RepoName,
        number: PullNumber,
    ) -> Result<Vec<Review>, GitHostError> {
        let place = format!("/merge_requests/{number}");
        let notes = self.read_notes(repo, number.into()).await?;
        let approvals: ApprovalsShape = self.get(repo, &format!("{place}/approvals")).await?;
        let reviewers: Vec<ReviewerShape> =
            match self.all(repo, &format!("{place}/reviewers")).await {
                // The merge request is there: its notes were. So it is a GitLab before 15.3.
                Err(GitHostError::NotFound(_)) => Vec::new(),
                reviewers => reviewers?,
            };
        let mut told = Told {
            notes,
            approvers: approvals
                .approved_by
                .into_iter()
                .map(|it| it.user)
                .collect(),
            askers: reviewers
                .into_iter()
                .filter(|it| it.state == ASKS_FOR_CHANGES)
                .collect(),
            versions: Vec::new(),
        };
        if told.is_about_a_head() {
            told.versions = self.all(repo, &format!("{place}/versions")).await?;
        }
        Ok(told.reviews())
    }
}

/// What GitLab tells that makes reviews.
#[derive(Debug, Default)]
struct Told {
    /// Oldest first.
    notes: Vec<NoteShape>,
    approvers: Vec<UserShape>,
    askers: Vec<ReviewerShape>,
    versions: Vec<VersionShape>,
}

/// What somebody has said and not yet judged.
#[derive(Default)]
struct Words {
    texts: Vec<String>,
    lines: Vec<ReviewComment>,
    last: Option<(u64, DateTime<Utc>)>,
}

impl Told {
    fn is_about_a_head(&self) -> bool {
        !self.approvers.is_empty()
            || !self.askers.is_empty()
            || self.notes.iter().any(|it| judged(it).is_some())
            || self.notes.iter().any(|it| it.position.is_some())
    }

    fn reviews(self) -> Vec<Review> {
        let mut open: BTreeMap<String, Words> = BTreeMap::new();
        let mut reviews = Vec::new();
        for note in &self.notes {
            let author = username(note.author.clone());
            if let Some(state) = judged(note) {
                let words = open.remove(&author).unwrap_or_default();
                reviews.push(self.review(note.id, author, state, note.created_at, words));
            } else if !note.system {
                open.entry(author).or_default().hear(note);
            }
        }
        // Words alone make a comment, and comments on lines a review, even where nothing was decided.
        for (author, words) in open {
            if let (Some((id, at)), false) = (words.last, words.lines.is_empty()) {
                reviews.push(self.review(id, author, ReviewState::Commented, at, words));
            }
        }
        self.settle(&mut reviews);
        reviews.sort_by_key(|review| (review.at, review.id));
        reviews
    }

    fn review(
        &self,
        id: u64,
        author: String,
        state: ReviewState,
        at: DateTime<Utc>,
        words: Words,
    ) -> Review {
        Review {
            id,
            author,
            state,
            body: words.texts.join("\n\n"),
            sha: self.head_at(at),
            at,
            comments: words.lines,
        }
    }

    /// The head at a time.
    fn head_at(&self, at: DateTime<Utc>) -> String {
        let before = self.versions.iter().filter(|it| it.created_at <= at);
        let last = before.max_by_key(|it| it.created_at);
        last.map(|it| it.head_commit_sha.clone())
            .unwrap_or_default()
    }

    /// What no longer stands is taken back, and what stands without a note is added.
    fn settle(&self, reviews: &mut Vec<Review>) {
        let mut approvers: BTreeMap<&str, u64> = BTreeMap::new();
        approvers.extend(self.approvers.iter().map(|it| (&*it.username, it.id)));
        let mut askers: BTreeMap<&str, &ReviewerShape> = BTreeMap::new();
        askers.extend(self.askers.iter().map(|it| (&*it.user.username, it)));
        for review in reviews.iter_mut().rev() {
            let stands = match review.state {
                ReviewState::Approved => approvers.remove(&*review.author).is_some(),
                ReviewState::ChangesRequested => askers.remove(&*review.author).is_some(),
                ReviewState::Commented | ReviewState::Dismissed => true,
            };
            if !stands {
                review.state = ReviewState::Dismissed;
            }
        }
        let latest = self.versions.iter().max_by_key(|it| it.created_at);
        for (author, id) in approvers {
            let at = latest.map_or(DateTime::UNIX_EPOCH, |it| it.created_at);
            let author = author.to_owned();
            let words = Words::default();
            let mut review = self.review(id, author, ReviewState::Approved, at, words);
            review.sha = String::new();
            reviews.push(review);
        }
        for (author, it) in askers {
            let (author, words) = (author.to_owned(), Words::default());
            let state = ReviewState::ChangesRequested;
            reviews.push(self.review(it.user.id, author, state, it.created_at, words));
        }
    }
}

impl Words {
    fn hear(&mut self, note: &NoteShape) {
        let body = note.body.clone().unwrap_or_default();
        self.last = Some((note.id, note.created_at));
        match &note.position {
            None => self.texts.push(body),
            Some(place) => self.lines.push(line(note, place, body)),
        }
    }
}

fn line(note: &NoteShape, place: &PositionShape, body: String) -> ReviewComment {
    let path = place.new_path.clone().or_else(|| place.old_path.clone());
    ReviewComment {
        author: username(note.author.clone()),
        path: path.unwrap_or_default(),
        line: place.new_line.or(place.old_line),
        body,
        at: note.created_at,
    }
}

/// What GitLab has noted down that somebody decided.
fn judged(note: &NoteShape) -> Option<ReviewState> {
    match note.body.as_deref().map(str::trim) {
        Some("approved this merge request") if note.system => Some(ReviewState::Approved),
        Some("requested changes") if note.system => Some(ReviewState::ChangesRequested),
        _ => None,
    }
}

#[cfg(test)]
mod unit {
    use optio_domain::git_host::{ReviewVerdict, verdict};

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn user(name: &str) -> UserShape {
        UserShape {
            id: 7,
            username: name.to_owned(),
        }
    }

    fn note(second: i64, author: &str, body: &str) -> NoteShape {
        NoteShape {
            id: second.unsigned_abs(),
            author: Some(user(author)),
            body: Some(body.to_owned()),
            created_at: at(second),
            system: matches!(body, "approved this merge request" | "requested changes"),
            position: None,
        }
    }

    fn version(second: i64, sha: &str) -> VersionShape {
        VersionShape {
            head_commit_sha: sha.to_owned(),
            base_commit_sha: String::new(),
            start_commit_sha: String::new(),
            created_at: at(second),
        }
    }

    fn asker(name: &str) -> ReviewerShape {
        ReviewerShape {
            user: user(name),
            state: ASKS_FOR_CHANGES.to_owned(),
            created_at: at(1),
        }
    }

    fn told(notes: Vec<NoteShape>) -> Told {
        Told {
            notes,
            versions: vec![version(10, "second"), version(0, "first")],
            ..Told::default()
        }
    }

    fn approved(by: &str) -> ReviewVerdict {
        ReviewVerdict::Approved {
            by: vec![by.to_owned()],
        }
    }

    fn refused(by: &str) -> ReviewVerdict {
        ReviewVerdict::ChangesRequested {
            by: vec![by.to_owned()],
        }
    }

    #[test]
    fn an_approval_is_of_the_head_that_was_there() {
        let of = |second| {
            let mut told = told(vec![note(second, "ada", "approved this merge request")]);
            told.approvers = vec![user("ada")];
            told.reviews()
        };
        assert_eq!(verdict(&of(5), "first"), approved("ada"));
        assert_eq!(verdict(&of(5), "second"), ReviewVerdict::None);
        assert_eq!(verdict(&of(10), "second"), approved("ada"));
    }

    #[test]
    fn an_approval_that_was_taken_back_counts_no_more_and_brings_nothing_older_up() {
        let mut told = told(vec![
            note(1, "ada", "requested changes"),
            note(2, "ada", "approved this merge request"),
            note(3, "ada", "unapproved this merge request"),
        ]);
        assert_eq!(verdict(&told.clone_reviews(), "first"), ReviewVerdict::None);
        told.approvers = vec![user("ada")];
        assert_eq!(verdict(&told.clone_reviews(), "first"), approved("ada"));
    }

    #[test]
    fn a_person_who_says_the_words_has_not_decided() {
        let mut said = note(1, "ada", "approved this merge request");
        said.system = false;
        let reviews = told(vec![said]).reviews();
        assert!(reviews.is_empty(), "{reviews:?}");
    }

    #[test]
    fn a_request_for_changes_comes_with_what_was_said_before_it_and_stands_over_pushes() {
        let mut lines = note(2, "ada", "why?");
        lines.position = Some(PositionShape {
            new_path: Some("b.txt".to_owned()),
            old_path: Some("b.txt".to_owned()),
            new_line: Some(3),
            old_line: None,
        });
        let mut told = told(vec![
            note(1, "ada", "Not yet."),
            lines,
            note(2, "bob", "something else"),
            note(3, "ada", "requested changes"),
            note(4, "ada", "and more"),
        ]);
        told.askers = vec![asker("ada")];
        let reviews = told.reviews();
        assert_eq!(reviews.len(), 1, "{reviews:?}");
        let review = &reviews[0];
        assert_eq!((review.id, review.body.as_str()), (3, "Not yet."));
        assert_eq!(review.comments[0].path, "b.txt");
        assert_eq!(review.comments[0].line, Some(3));
        assert_eq!(verdict(&reviews, "second"), refused("ada"));
    }

    #[test]
    fn what_stands_without_a_note_counts_against_a_merge_and_never_for_it() {
        let mut approving = told(Vec::new());
        approving.approvers = vec![user("ada")];
        let reviews = approving.reviews();
        assert_eq!(reviews[0].state, ReviewState::Approved);
        assert_eq!(verdict(&reviews, "second"), ReviewVerdict::None);
        let mut asking = told(Vec::new());
        asking.askers = vec![asker("ada")];
        assert_eq!(verdict(&asking.reviews(), "second"), refused("ada"));
    }

    #[test]
    fn comments_on_lines_are_a_review_that_decides_nothing() {
        let mut first = note(1, "ada", "why?");
        first.position = Some(PositionShape {
            new_path: None,
            old_path: Some("gone.txt".to_owned()),
            new_line: None,
            old_line: Some(1),
        });
        let reviews = told(vec![first]).reviews();
        assert_eq!(reviews[0].state, ReviewState::Commented);
        assert_eq!(reviews[0].comments[0].path, "gone.txt");
        assert_eq!(reviews[0].sha, "first");
    }

    impl Told {
        fn clone_reviews(&self) -> Vec<Review> {
            let told = Self {
                notes: self.notes.clone(),
                approvers: self.approvers.clone(),
                askers: self.askers.clone(),
                versions: self.versions.clone(),
            };
            told.reviews()
        }
    }
}
