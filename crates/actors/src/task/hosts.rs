//! What a task asks of its git host, and tells it.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{Decision, Wait},
    git_host::{
        GitHost, GitHostError, IssueNumber, MergeMethod, MergeRefused, NewReview, PullNumber,
        RepoUrl, ReviewAct, Seen as HostSeen,
    },
    id::PullId,
    pull::PullSeen,
    task::{
        review::{self, ReviewVerdict},
        spec::work_branch,
    },
};
use optio_runtime::{Fault, Progress};
use optio_store::tasks::TaskSight;

use super::Tasks;

/// How long after an answer that was none the host is asked again.
const HOST_PAUSE: TimeDelta = TimeDelta::seconds(15);
/// How long after a refusal to merge it is tried again, where nothing has changed.
const MERGE_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// What the git host has for a task's branch.
pub(super) enum Found {
    /// An open pull request.
    Pull(Box<PullSeen>),
    /// None.
    Nothing,
}

/// Why the host was not asked, or gave no answer.
pub(super) enum Trouble {
    /// It is not configured.
    NoHost(String),
    /// It gave no answer.
    Host(GitHostError),
}

impl From<GitHostError> for Trouble {
    fn from(error: GitHostError) -> Self {
        Self::Host(error)
    }
}

impl Trouble {
    fn words(&self) -> String {
        match self {
            Self::NoHost(host) => format!("no git host `{host}` is configured"),
            Self::Host(error) => error.to_string(),
        }
    }

    /// When it is worth asking again.
    fn until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Host(GitHostError::RateLimited { until }) => (*until).max(now + HOST_PAUSE),
            Self::NoHost(_) | Self::Host(_) => now + HOST_PAUSE,
        }
    }
}

impl Tasks {
    fn host(&self, repo: &RepoUrl) -> Result<&dyn GitHost, Trouble> {
        let host = self.world.hosts.of(repo);
        host.ok_or_else(|| Trouble::NoHost(repo.host.clone()))
    }

    /// The open pull request of a task's branch. A repository whose host is not configured has none that
    /// we could know of.
    pub(super) async fn find_pull(&self, sight: &TaskSight) -> Result<Found, Trouble> {
        let Ok(repo) = sight.task.repo() else {
            return Ok(Found::Nothing);
        };
        let Ok(host) = self.host(&repo) else {
            return Ok(Found::Nothing);
        };
        let branch = work_branch(sight.task.id);
        let pull = match host.open_pull_of_branch(&repo.repo, &branch).await {
            Ok(pull) => pull,
            // Whoever may not ask, or asks for what is not there, gets no other answer later.
            Err(GitHostError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(pull) = pull else {
            return Ok(Found::Nothing);
        };
        let state = match host.pull(&repo.repo, pull.number, None).await? {
            HostSeen::Changed { value, .. } => value,
            HostSeen::Unchanged => return Ok(Found::Nothing),
        };
        let seen = PullSeen::unchecked(&state, self.world.clock.now());
        Ok(Found::Pull(Box::new(seen)))
    }

    /// Rests until the host is asked again, and says what it said.
    pub(super) async fn host_trouble(
        &self,
        sight: &TaskSight,
        decision: &Decision,
        trouble: &Trouble,
    ) -> Result<Progress, Fault> {
        let until = trouble.until(decision.at);
        let reason = format!("the git host to answer: {}", trouble.words());
        tracing::warn!(task.id = %sight.task.id, reason, "the git host gave no answer");
        let wait = Wait::until(reason, "the git host", until).whatever_mail_comes();
        self.rest(sight, &wait).await
    }

    /// The same where something is to be told to it: not before then is it tried again.
    async fn held_by_host(
        &self,
        sight: &TaskSight,
        decision: &Decision,
        until: DateTime<Utc>,
        words: &str,
    ) -> Result<Progress, Fault> {
        let reason = format!("the git host: {words}");
        let wait = Wait::until(reason.clone(), "the git host", until).whatever_mail_comes();
        let mut step = self.begin(sight, &wait, decision, false).await?;
        step.task_held(until, &reason).await?;
        step.commit().await?;
        Ok(Progress::Rest { until: Some(until) })
    }

    /// Merges exactly the head that was judged. What becomes of it is seen by the watcher.
    pub(super) async fn merge(
        &self,
        sight: &TaskSight,
        head: &str,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let (repo, Some(pull)) = (sight.task.repo()?, &sight.pull) else {
            return Err(Fault::Moved);
        };
        // Written first: who asks is known, whatever happens during the call.
        let step = self.begin(sight, wait, decision, false).await?;
        step.commit().await?;
        let Some(sight) = self.again(sight).await? else {
            return Ok(Progress::Gone);
        };
        let number = PullNumber(u64::try_from(pull.number).unwrap_or_default());
        let host = match self.host(&repo) {
            Ok(host) => host,
            Err(trouble) => return self.host_trouble(&sight, decision, &trouble).await,
        };
        let merged = host
            .merge(&repo.repo, number, head, MergeMethod::Squash)
            .await;
        let (until, words) = match merged {
            Ok(merged) => {
                tracing::info!(task.id = %sight.task.id, head, merge = merged.sha, "merged");
                let words = "it is merged; the watcher will see it".to_owned();
                (decision.at + TimeDelta::seconds(30), words)
            }
            Err(MergeRefused::Host(error)) => {
                let trouble = Trouble::Host(error);
                (trouble.until(decision.at), trouble.words())
            }
            Err(refused) => (decision.at + MERGE_PAUSE, refused.to_string()),
        };
        self.tried_to_merge(&sight, decision, until, &words).await
    }

    /// Not tried again before then, unless what the watcher sees, which is told to look now, says more.
    async fn tried_to_merge(
        &self,
        sight: &TaskSight,
        decision: &Decision,
        until: DateTime<Utc>,
        words: &str,
    ) -> Result<Progress, Fault> {
        let reason = format!("the git host: {words}");
        let wait = Wait::until(reason.clone(), "the git host", until).whatever_mail_comes();
        let mut step = self.begin(sight, &wait, decision, false).await?;
        step.task_held(until, &reason).await?;
        step.task_pull_stale().await?;
        step.commit().await?;
        if let Some(pull) = &sight.task.pull {
            self.hint(PullId(pull.id));
        }
        Ok(Progress::Rest { until: Some(until) })
    }

    async fn again(&self, sight: &TaskSight) -> Result<Option<TaskSight>, Fault> {
        let max = self.runs_max();
        Ok(self.world.store.see_task(sight.task.id, max).await?)
    }

    /// Hands a review in. Hosts let nobody approve of his own pull request: what we think of it is then
    /// said in a comment, and counts here all the same.
    pub(super) async fn tell_verdict(
        &self,
        sight: &TaskSight,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let repo = sight.task.repo()?;
        let host = match self.host(&repo) {
            Ok(host) => host,
            Err(trouble) => return self.host_trouble(sight, decision, &trouble).await,
        };
        let words = sight.task.summary.as_deref().unwrap_or_default();
        let (Ok(review), Some((number, _)), Some(head)) = (
            review::read(words),
            &sight.parent_pull,
            &sight.task.spec.head,
        ) else {
            return self.verdict_told(sight, decision).await;
        };
        let act = match review.verdict {
            ReviewVerdict::Approve => ReviewAct::Approve,
            ReviewVerdict::RequestChanges => ReviewAct::RequestChanges,
            ReviewVerdict::Comment => ReviewAct::Comment,
        };
        let number = PullNumber(u64::try_from(*number).unwrap_or_default());
        let mut new = NewReview {
            sha: head.clone(),
            act,
            body: review.summary.clone(),
            comments: Vec::new(),
        };
        let mut told = host.submit_review(&repo.repo, number, &new).await;
        if let (Err(GitHostError::Refused(_)), false) = (&told, act == ReviewAct::Comment) {
            new.act = ReviewAct::Comment;
            new.body = format!("**{}**\n\n{}", review.verdict.name(), review.summary);
            told = host.submit_review(&repo.repo, number, &new).await;
        }
        match told {
            Ok(_) | Err(GitHostError::Refused(_) | GitHostError::NotFound(_)) => {
                self.verdict_told(sight, decision).await
            }
            Err(error) => {
                let trouble = Trouble::Host(error);
                let until = trouble.until(decision.at);
                self.held_by_host(sight, decision, until, &trouble.words())
                    .await
            }
        }
    }

    async fn verdict_told(
        &self,
        sight: &TaskSight,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let mut step = self.begin(sight, &wait, decision, false).await?;
        step.task_verdict_told().await?;
        step.commit().await?;
        if let Some(parent) = sight.task.spec.parent {
            self.hint(parent);
        }
        Ok(Progress::Again)
    }

    /// Says in the ticket what came of it, once, and closes it. A ticket that came from a tracker is told by
    /// that tracker, which does so as soon as it can: no task waits for it.
    pub(super) async fn close_ticket(
        &self,
        sight: &TaskSight,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let task = &sight.task;
        if self.world.store.tracker_of_task(task.id).await?.is_some() {
            return self.ticket_told(sight, decision).await;
        }
        let repo = sight.task.repo()?;
        let number = task.spec.ticket_id.as_deref().and_then(issue_number);
        let source = task.spec.ticket_source.as_deref();
        // Only issues of the repository's own host are closed by us.
        let ours = matches!(source, Some("github" | "gitlab"));
        if let (true, Some(number), Ok(host)) = (ours, number, self.host(&repo)) {
            let body = done_words(sight);
            let mark = format!("done:{}", task.id);
            let told = match host.comment(&repo.repo, number.into(), &body, &mark).await {
                Ok(_) => host.close_issue(&repo.repo, number).await,
                Err(error) => Err(error),
            };
            match told {
                Ok(()) | Err(GitHostError::NotFound(_) | GitHostError::Refused(_)) => {}
                Err(error) => {
                    let trouble = Trouble::Host(error);
                    let until = trouble.until(decision.at);
                    return self
                        .held_by_host(sight, decision, until, &trouble.words())
                        .await;
                }
            }
        }
        self.ticket_told(sight, decision).await
    }

    /// Nothing more has to be done about the ticket by the task itself.
    async fn ticket_told(&self, sight: &TaskSight, decision: &Decision) -> Result<Progress, Fault> {
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let mut step = self.begin(sight, &wait, decision, false).await?;
        let trackers = step.task_tickets_done(&done_words(sight)).await?;
        step.task_ticket_told().await?;
        step.commit().await?;
        trackers.into_iter().for_each(|tracker| self.hint(tracker));
        Ok(Progress::Again)
    }
}

/// What a ticket is told whose task is done.
fn done_words(sight: &TaskSight) -> String {
    match &sight.pull {
        Some(pull) => format!("Done by {}.", pull.url),
        None => "Done.".to_owned(),
    }
}

fn issue_number(text: &str) -> Option<IssueNumber> {
    text.trim_start_matches('#').parse().ok().map(IssueNumber)
}
