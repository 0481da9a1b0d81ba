//! A git host with one pull request, played by hand.

use std::sync::Mutex;

use optio_domain::{
    git_host::{
        Answer, Check, CheckState, Checks, Comment, Etag, GitHost, GitHostError, GitToken, Issue,
        IssueNumber, IssueState, MergeMethod, MergeRefused, Merged, NewReview, Pull, PullNumber,
        PullPhase, PullState, Repo, RepoName, Review, Seen, Thread,
    },
    ports::Eventually,
};

/// Its name in addresses.
pub(crate) const HOST: &str = "git.example";

/// A git host with one pull request, number 7.
pub(crate) struct Host {
    pub(crate) pull: Mutex<PullState>,
    pub(crate) handed_in: Mutex<Vec<NewReview>>,
    /// Whether it takes no review in.
    pub(crate) refuses: Mutex<bool>,
    /// Its issues; their comments are those of all.
    pub(crate) issues: Mutex<Vec<Issue>>,
    pub(crate) comments: Mutex<Vec<Comment>>,
    /// What was said and labelled, in order; nothing where it is not to be.
    pub(crate) said: Mutex<Option<Vec<String>>>,
}

impl Default for Host {
    fn default() -> Self {
        let pull = PullState {
            number: PullNumber(7),
            url: format!("https://{HOST}/o/r/pull/7"),
            title: "A change".to_owned(),
            body: "why".to_owned(),
            author: "ada".to_owned(),
            labels: vec!["ready".to_owned()],
            reviewers_asked: Vec::new(),
            phase: PullPhase::Open,
            draft: false,
            head_sha: "aaa".to_owned(),
            head_branch: "feature".to_owned(),
            base_branch: "main".to_owned(),
            mergeable: Some(true),
            merge_sha: None,
        };
        Self {
            pull: Mutex::new(pull),
            handed_in: Mutex::default(),
            refuses: Mutex::new(false),
            issues: Mutex::default(),
            comments: Mutex::default(),
            said: Mutex::new(Some(Vec::new())),
        }
    }
}

fn nothing<'a, T: Send + 'a>() -> Answer<'a, T> {
    Box::pin(async { Err(GitHostError::NotFound("nothing like that".to_owned())) })
}

impl Host {
    /// Keeps what was said, where anything may be said.
    fn keep<'a, T: Send + 'a>(&self, words: String, answer: T) -> Answer<'a, T> {
        match self.said.lock().unwrap().as_mut() {
            Some(said) => {
                said.push(words);
                Box::pin(async { Ok(answer) })
            }
            None => Box::pin(async { Err(GitHostError::Busy("it does not listen".to_owned())) }),
        }
    }
}

impl GitHost for Host {
    fn host(&self) -> &str {
        HOST
    }

    fn me(&self) -> Answer<'_, String> {
        Box::pin(async { Ok("optio".to_owned()) })
    }

    fn repo<'a>(&'a self, _repo: &'a RepoName) -> Answer<'a, Repo> {
        nothing()
    }

    fn open_pull_of_branch<'a>(
        &'a self,
        _repo: &'a RepoName,
        _branch: &'a str,
    ) -> Answer<'a, Option<Pull>> {
        nothing()
    }

    fn open_pulls<'a>(&'a self, _repo: &'a RepoName) -> Answer<'a, Vec<PullState>> {
        let pull = self.pull.lock().unwrap().clone();
        Box::pin(async { Ok(vec![pull]) })
    }

    fn pull<'a>(
        &'a self,
        _repo: &'a RepoName,
        number: PullNumber,
        _known: Option<&'a Etag>,
    ) -> Answer<'a, Seen<PullState>> {
        let value = self.pull.lock().unwrap().clone();
        if number != value.number {
            return nothing();
        }
        Box::pin(async { Ok(Seen::Changed { value, etag: None }) })
    }

    fn checks<'a>(&'a self, _repo: &'a RepoName, _sha: &'a str) -> Answer<'a, Checks> {
        let run = Check {
            name: "build".to_owned(),
            state: CheckState::Failed,
            word: "failure".to_owned(),
            url: None,
        };
        Box::pin(async { Ok(Checks { runs: vec![run] }) })
    }

    fn reviews<'a>(&'a self, _repo: &'a RepoName, _number: PullNumber) -> Answer<'a, Vec<Review>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn merge<'a>(
        &'a self,
        _repo: &'a RepoName,
        _number: PullNumber,
        expected_sha: &'a str,
        _method: MergeMethod,
    ) -> Eventually<'a, Result<Merged, MergeRefused>> {
        let mut pull = self.pull.lock().unwrap();
        if pull.head_sha != expected_sha {
            return Box::pin(async { Err(MergeRefused::Moved) });
        }
        pull.phase = PullPhase::Merged;
        let sha = "fff".to_owned();
        Box::pin(async { Ok(Merged { sha }) })
    }

    fn submit_review<'a>(
        &'a self,
        _repo: &'a RepoName,
        _number: PullNumber,
        review: &'a NewReview,
    ) -> Answer<'a, String> {
        if *self.refuses.lock().unwrap() {
            return Box::pin(async { Err(GitHostError::Refused("not so".to_owned())) });
        }
        self.handed_in.lock().unwrap().push(review.clone());
        Box::pin(async { Ok(format!("https://{HOST}/o/r/pull/7#review-1")) })
    }

    fn issue<'a>(&'a self, _repo: &'a RepoName, number: IssueNumber) -> Answer<'a, Issue> {
        let issues = self.issues.lock().unwrap();
        match issues.iter().find(|issue| issue.number == number).cloned() {
            Some(issue) => Box::pin(async { Ok(issue) }),
            None => nothing(),
        }
    }

    fn comments<'a>(&'a self, _: &'a RepoName, _: Thread) -> Answer<'a, Vec<Comment>> {
        let comments = self.comments.lock().unwrap().clone();
        Box::pin(async { Ok(comments) })
    }

    fn issues_with_label<'a>(&'a self, _: &'a RepoName, _: &'a str) -> Answer<'a, Vec<Issue>> {
        nothing()
    }

    fn issues<'a>(&'a self, _repo: &'a RepoName, which: IssueState) -> Answer<'a, Vec<Issue>> {
        let issues = self.issues.lock().unwrap().clone();
        let fits = move |issue: &Issue| match which {
            IssueState::Open => issue.open,
            IssueState::Closed => !issue.open,
            IssueState::All => true,
        };
        Box::pin(async move { Ok(issues.into_iter().filter(fits).collect()) })
    }

    fn comment<'a>(
        &'a self,
        _repo: &'a RepoName,
        number: Thread,
        body: &'a str,
        mark: &'a str,
    ) -> Answer<'a, String> {
        let words = format!("{}: {body} [{mark}]", number.number());
        self.keep(words, String::new())
    }

    fn close_issue<'a>(&'a self, _repo: &'a RepoName, _number: IssueNumber) -> Answer<'a, ()> {
        nothing()
    }

    fn add_labels<'a>(
        &'a self,
        _repo: &'a RepoName,
        number: Thread,
        labels: &'a [String],
    ) -> Answer<'a, ()> {
        self.keep(
            format!("{}: label {}", number.number(), labels.join(",")),
            (),
        )
    }

    fn token_for<'a>(&'a self, _repo: &'a RepoName) -> Answer<'a, GitToken> {
        nothing()
    }
}
