//! A git host with memory, played by hand.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use optio_domain::git_host::{
    Answer, Check, CheckState, Checks, Comment, Etag, GitHost, GitHostError, GitToken, Issue,
    IssueNumber, IssueState, MergeMethod, MergeRefused, Merged, NewReview, Pull, PullNumber,
    PullPhase, PullState, Repo, RepoName, Review, ReviewState, Seen, Thread,
};
use optio_domain::ports::Eventually;

/// The host of every repository in these worlds.
pub(crate) const HOST: &str = "git.example";

#[derive(Default)]
struct Memory {
    pulls: BTreeMap<u64, PullState>,
    checks: BTreeMap<String, Checks>,
    reviews: Vec<Review>,
    handed_in: Vec<NewReview>,
    comments: Vec<(u64, String)>,
    closed_issues: BTreeSet<u64>,
    merges: Vec<String>,
    refusals: VecDeque<GitHostError>,
    /// What the next reviews are answered with that are handed in; `None` takes one in and loses the answer.
    review_answers: VecDeque<Option<GitHostError>>,
}

/// A git host with memory.
#[derive(Clone, Default)]
pub(crate) struct FakeHost(Arc<Mutex<Memory>>);

impl FakeHost {
    fn with<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    /// The agent opens a pull request for a branch.
    pub(crate) fn opens(&self, branch: &str, head: &str) {
        self.opened_by("optio", branch, head);
    }

    /// Somebody opens a pull request for a branch.
    pub(crate) fn opened_by(&self, author: &str, branch: &str, head: &str) {
        self.with(|it| {
            let number = u64::try_from(it.pulls.len()).unwrap() + 1;
            let pull = PullState {
                number: PullNumber(number),
                url: format!("https://{HOST}/o/r/pull/{number}"),
                title: "a change".to_owned(),
                body: String::new(),
                author: author.to_owned(),
                labels: Vec::new(),
                reviewers_asked: Vec::new(),
                phase: PullPhase::Open,
                draft: false,
                head_sha: head.to_owned(),
                head_branch: branch.to_owned(),
                base_branch: "main".to_owned(),
                mergeable: Some(true),
                merge_sha: None,
            };
            it.pulls.insert(number, pull);
        });
    }

    /// Something about the only pull request changes.
    pub(crate) fn changes(&self, change: impl FnOnce(&mut PullState)) {
        self.with(|it| change(it.pulls.values_mut().next().unwrap()));
    }

    /// A check of a commit ends, or begins.
    pub(crate) fn checks(&self, head: &str, state: CheckState) {
        let check = Check {
            name: "build".to_owned(),
            state,
            word: String::new(),
            url: None,
        };
        self.with(|it| {
            it.checks
                .insert(head.to_owned(), Checks { runs: vec![check] })
        });
    }

    /// A person reviews a commit.
    pub(crate) fn reviews(&self, state: ReviewState, head: &str, body: &str) {
        self.with(|it| {
            let id = u64::try_from(it.reviews.len()).unwrap() + 1;
            it.reviews.push(Review {
                id,
                author: "ada".to_owned(),
                state,
                body: body.to_owned(),
                sha: head.to_owned(),
                at: chrono::DateTime::from_timestamp(i64::try_from(id).unwrap(), 0).unwrap(),
                comments: Vec::new(),
            });
        });
    }

    /// The next calls are answered so.
    pub(crate) fn refuses(&self, refusals: impl IntoIterator<Item = GitHostError>) {
        self.with(|it| it.refusals.extend(refusals));
    }

    /// The next reviews that are handed in are answered so.
    pub(crate) fn answers_reviews(&self, answers: impl IntoIterator<Item = Option<GitHostError>>) {
        self.with(|it| it.review_answers.extend(answers));
    }

    /// The heads that were merged.
    pub(crate) fn merges(&self) -> Vec<String> {
        self.with(|it| it.merges.clone())
    }

    /// What was said in issues, and which are closed.
    pub(crate) fn said(&self) -> (Vec<(u64, String)>, BTreeSet<u64>) {
        self.with(|it| (it.comments.clone(), it.closed_issues.clone()))
    }

    /// The reviews that were handed in.
    pub(crate) fn handed_in(&self) -> Vec<NewReview> {
        self.with(|it| it.handed_in.clone())
    }

    fn answer<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> Result<T, GitHostError> {
        self.with(|it| match it.refusals.pop_front() {
            Some(refusal) => Err(refusal),
            None => Ok(act(it)),
        })
    }
}

fn never<T>() -> Result<T, GitHostError> {
    Err(GitHostError::NotFound(
        "nothing that these worlds have".to_owned(),
    ))
}

impl GitHost for FakeHost {
    fn host(&self) -> &str {
        HOST
    }

    fn me(&self) -> Answer<'_, String> {
        Box::pin(async { Ok("optio".to_owned()) })
    }

    fn repo<'a>(&'a self, _repo: &'a RepoName) -> Answer<'a, Repo> {
        Box::pin(async { never() })
    }

    fn open_pull_of_branch<'a>(
        &'a self,
        _repo: &'a RepoName,
        branch: &'a str,
    ) -> Answer<'a, Option<Pull>> {
        Box::pin(async move {
            self.answer(|it| {
                let open =
                    |pull: &&PullState| pull.phase == PullPhase::Open && pull.head_branch == branch;
                it.pulls.values().find(open).map(|pull| Pull {
                    number: pull.number,
                    url: pull.url.clone(),
                    head_sha: pull.head_sha.clone(),
                })
            })
        })
    }

    fn open_pulls<'a>(&'a self, _repo: &'a RepoName) -> Answer<'a, Vec<PullState>> {
        Box::pin(async move {
            self.answer(|it| {
                let open = |pull: &&PullState| pull.phase == PullPhase::Open;
                it.pulls.values().rev().filter(open).cloned().collect()
            })
        })
    }

    fn pull<'a>(
        &'a self,
        _repo: &'a RepoName,
        number: PullNumber,
        _known: Option<&'a Etag>,
    ) -> Answer<'a, Seen<PullState>> {
        Box::pin(async move {
            self.answer(|it| {
                let value = it.pulls.get(&number.0).unwrap().clone();
                Seen::Changed { value, etag: None }
            })
        })
    }

    fn checks<'a>(&'a self, _repo: &'a RepoName, sha: &'a str) -> Answer<'a, Checks> {
        Box::pin(async move { self.answer(|it| it.checks.get(sha).cloned().unwrap_or_default()) })
    }

    fn reviews<'a>(&'a self, _repo: &'a RepoName, _number: PullNumber) -> Answer<'a, Vec<Review>> {
        // What we have handed in is there as well; it decides nothing.
        let ours = |new: &NewReview| Review {
            id: 0,
            author: "optio".to_owned(),
            state: ReviewState::Commented,
            body: new.body.clone(),
            sha: new.sha.clone(),
            at: chrono::DateTime::UNIX_EPOCH,
            comments: Vec::new(),
        };
        Box::pin(async move {
            self.answer(|it| {
                let all = it.reviews.iter().cloned();
                all.chain(it.handed_in.iter().map(ours)).collect()
            })
        })
    }

    fn merge<'a>(
        &'a self,
        _repo: &'a RepoName,
        number: PullNumber,
        expected_sha: &'a str,
        _method: MergeMethod,
    ) -> Eventually<'a, Result<Merged, MergeRefused>> {
        Box::pin(async move {
            self.with(|it| {
                let pull = it.pulls.get_mut(&number.0).unwrap();
                if pull.head_sha != expected_sha {
                    return Err(MergeRefused::Moved);
                }
                pull.phase = PullPhase::Merged;
                it.merges.push(expected_sha.to_owned());
                Ok(Merged {
                    sha: "fff".to_owned(),
                })
            })
        })
    }

    fn submit_review<'a>(
        &'a self,
        _repo: &'a RepoName,
        _number: PullNumber,
        review: &'a NewReview,
    ) -> Answer<'a, String> {
        Box::pin(async move {
            self.with(|it| match it.review_answers.pop_front() {
                Some(Some(refusal)) => Err(refusal),
                Some(None) => {
                    it.handed_in.push(review.clone());
                    Err(GitHostError::Busy("the answer was lost".to_owned()))
                }
                None => {
                    it.handed_in.push(review.clone());
                    Ok("review".to_owned())
                }
            })
        })
    }

    fn issue<'a>(&'a self, _repo: &'a RepoName, _number: IssueNumber) -> Answer<'a, Issue> {
        Box::pin(async { never() })
    }

    fn comments<'a>(&'a self, _repo: &'a RepoName, _thread: Thread) -> Answer<'a, Vec<Comment>> {
        Box::pin(async { never() })
    }

    fn issues_with_label<'a>(
        &'a self,
        _repo: &'a RepoName,
        _label: &'a str,
    ) -> Answer<'a, Vec<Issue>> {
        Box::pin(async { never() })
    }

    fn issues<'a>(&'a self, _repo: &'a RepoName, _which: IssueState) -> Answer<'a, Vec<Issue>> {
        Box::pin(async { never() })
    }

    fn comment<'a>(
        &'a self,
        _repo: &'a RepoName,
        thread: Thread,
        body: &'a str,
        mark: &'a str,
    ) -> Answer<'a, String> {
        Box::pin(async move {
            self.answer(|it| {
                let text = format!("{body} [{mark}]");
                if !it.comments.contains(&(thread.number(), text.clone())) {
                    it.comments.push((thread.number(), text));
                }
                "comment".to_owned()
            })
        })
    }

    fn close_issue<'a>(&'a self, _repo: &'a RepoName, number: IssueNumber) -> Answer<'a, ()> {
        Box::pin(async move { self.answer(|it| it.closed_issues.extend([number.0])) })
    }

    fn add_labels<'a>(
        &'a self,
        _repo: &'a RepoName,
        _thread: Thread,
        _labels: &'a [String],
    ) -> Answer<'a, ()> {
        Box::pin(async { never() })
    }

    fn token_for<'a>(&'a self, _repo: &'a RepoName) -> Answer<'a, GitToken> {
        Box::pin(async {
            Ok(GitToken {
                username: "x-access-token".to_owned(),
                secret: "a-token".to_owned(),
                expires_at: None,
            })
        })
    }
}
