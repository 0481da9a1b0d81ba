//! Handing a draft in, once, whoever dies meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{Decision, Wait},
    git_host::{GitHost, GitHostError, PullNumber},
    pr_review::{
        PrReviewEvent,
        handing_in::{is_there, mark, ways},
    },
};
use optio_runtime::{Fault, Progress};
use optio_store::pr_reviews::{MovedReview, PrReviewSight};

use super::{PrReviews, acts::next_state};

/// How long after an answer that was none the host is asked again.
const HOST_PAUSE: TimeDelta = TimeDelta::seconds(15);

/// What became of a draft that was handed in.
enum Handed {
    /// It is there, at this address where it was put there just now.
    In(Option<String>),
    /// The host does not take it in any form.
    Refused(String),
}

impl PrReviews {
    /// Writes that it is about to, looks whether it is there, puts it there where it is not, and writes that.
    /// Whoever dies on the way leaves it to the next one, who finds its mark.
    pub(super) async fn submit(
        &self,
        sight: &PrReviewSight,
        by_itself: bool,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let step = self.begin(sight, wait, decision, false).await?;
        step.commit().await?;
        let read = sight.version.number();
        let Some(sight) = self.world.store.see_review(sight.review.id).await? else {
            return Ok(Progress::Gone);
        };
        // Somebody cancelled it, wrote to it or changed the draft since: what is to be done is decided anew.
        if sight.version.number() != read + 1 {
            return Ok(Progress::Again);
        }
        match self.hand_in(&sight).await {
            Ok(Handed::In(url)) => {
                self.handed_in(&sight, url.as_deref(), by_itself, decision)
                    .await
            }
            Ok(Handed::Refused(words)) => self.refused(&sight, &words, decision).await,
            Err(error) => self.held_by_host(&sight, &error, decision).await,
        }
    }

    async fn hand_in(&self, sight: &PrReviewSight) -> Result<Handed, GitHostError> {
        let review = &sight.review;
        let refused = |words: String| Ok(Handed::Refused(words));
        let (Ok(repo), Some((draft, head))) = (review.repo(), &review.draft) else {
            return refused("there is no draft".to_owned());
        };
        let Some(host) = self.world.hosts.of(&repo) else {
            return refused(format!("no git host `{}` is configured", repo.host));
        };
        let number = PullNumber(u64::try_from(review.number).unwrap_or_default());
        let mark = mark(review.id, review.revision);
        let there = host.reviews(&repo.repo, number).await?;
        if is_there(&there, &mark) {
            return Ok(Handed::In(None));
        }
        let host: &dyn GitHost = host;
        let mut words = String::new();
        for way in ways(draft, head, &mark) {
            match host.submit_review(&repo.repo, number, &way).await {
                Ok(url) => return Ok(Handed::In(Some(url))),
                Err(GitHostError::Refused(why) | GitHostError::NotFound(why)) => words = why,
                Err(
                    error @ (GitHostError::Unauthorized { .. }
                    | GitHostError::RateLimited { .. }
                    | GitHostError::Busy(_)),
                ) => return Err(error),
            }
        }
        refused(words)
    }

    async fn handed_in(
        &self,
        sight: &PrReviewSight,
        url: Option<&str>,
        by_itself: bool,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let review = &sight.review;
        let event = PrReviewEvent::Submitted;
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let mut step = self.begin(sight, &wait, decision, false).await?;
        let moved = MovedReview {
            from: review.state,
            to: next_state(review.state, event)?,
            event,
            reason: "the draft is on the pull request",
            by: (!by_itself).then_some("a person"),
        };
        step.review_state(&moved).await?;
        step.review_submitted(review.revision, url, by_itself)
            .await?;
        step.commit().await?;
        tracing::info!(review.id = %review.id, pull.url = review.url, "a review was handed in");
        Ok(Progress::Again)
    }

    async fn refused(
        &self,
        sight: &PrReviewSight,
        words: &str,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        tracing::warn!(review.id = %sight.review.id, reason = words, "a review was refused");
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let mut step = self.begin(sight, &wait, decision, false).await?;
        step.review_refused(words).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    async fn held_by_host(
        &self,
        sight: &PrReviewSight,
        error: &GitHostError,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        tracing::warn!(review.id = %sight.review.id, %error, "the git host gave no answer");
        let until = again_at(error, decision.at);
        let reason = format!("the git host: {error}");
        let wait = Wait::until(reason.clone(), "the git host", until).whatever_mail_comes();
        let mut step = self.begin(sight, &wait, decision, false).await?;
        step.review_held(until, &reason).await?;
        step.commit().await?;
        Ok(Progress::Rest { until: Some(until) })
    }
}

fn again_at(error: &GitHostError, now: DateTime<Utc>) -> DateTime<Utc> {
    match error {
        GitHostError::RateLimited { until } => (*until).max(now + HOST_PAUSE),
        GitHostError::NotFound(_)
        | GitHostError::Unauthorized { .. }
        | GitHostError::Busy(_)
        | GitHostError::Refused(_) => now + HOST_PAUSE,
    }
}
