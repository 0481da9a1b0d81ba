//! From an open run to everything its runner needs.

use chrono::TimeDelta;
use optio_domain::{
    actor::{Decision, Wait},
    agent::warm::{Server, Service, Setting},
    git_host::RepoUrl,
    limits::LINE_BYTES_MAX,
    ports::{AgentCli, LaunchOrder},
    repo,
    token::RunClaims,
    wire::{
        checkout::{Author, Checkout, CheckoutStart},
        credentials::{API_URL, RUN_TOKEN},
        runner::{Dialogue, RunLimits, RunSpec},
    },
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    pr_reviews::{PrReviewSight, ReviewRunSight},
    secrets::SecretError,
};

use super::PrReviews;
use crate::credentials::{self, Stored};

/// Milliseconds between interrupt, terminate and kill.
const GRACE_MS: u64 = 1_000;
/// How long after secrets could not be opened they are looked at again.
const SECRETS_PAUSE: TimeDelta = TimeDelta::seconds(10);
/// Milliseconds a process may wait once its run is over: it serves no other.
const LINGER_MS: u64 = 1;

/// A run as far as what its runner is given depends on it.
pub(super) struct RunOrder<'a> {
    pub(super) open: &'a ReviewRunSight,
    pub(super) epoch: i64,
    pub(super) prompt: &'a str,
    pub(super) session: Option<String>,
    pub(super) turns_max: u32,
    pub(super) repo: &'a RepoUrl,
    pub(super) stored: &'a Stored,
}

impl PrReviews {
    /// Who serves a run: always a process of its own.
    pub(super) fn service(&self, sight: &PrReviewSight, cli: &dyn AgentCli) -> Service {
        let kept = cli.capabilities().steerable;
        let print = sight.review.id.to_string();
        let setting = kept.then(|| Setting {
            print: self.world.signer.fingerprint(print.as_bytes()),
            model: sight.review.model.clone(),
        });
        Service {
            server: Server::New,
            setting,
        }
    }

    pub(super) fn run_spec(
        &self,
        sight: &PrReviewSight,
        order: RunOrder<'_>,
        service: &Service,
        cli: &dyn AgentCli,
    ) -> RunSpec {
        let limits = &self.world.limits;
        let wanted = LaunchOrder {
            prompt: order.prompt.to_owned(),
            model: sight.review.model.clone(),
            resume: order.session.clone(),
            max_turns: order.turns_max,
            budget_usd: None,
            tools_file: None,
            kept: service.setting.is_some(),
        };
        let launch = credentials::launch(cli, &wanted, order.stored);
        let dialogue = launch.speech.clone().map(|speech| Dialogue {
            process: None,
            next: String::new(),
            begins: speech.begins,
            ends: speech.ends,
            idle_ms_max: LINGER_MS,
            idle_rss_bytes_max: limits.warm_rss_bytes_max,
        });
        let mut secrets = launch.secrets;
        let token = self.world.signer.run(&RunClaims {
            owner: sight.review.id.0,
            run: order.open.run,
            epoch: order.epoch,
        });
        secrets.insert(RUN_TOKEN.to_owned(), token);
        RunSpec {
            run: order.open.run,
            epoch: order.epoch,
            program: launch.program,
            args: launch.args,
            env: launch
                .env
                .into_iter()
                .chain(self.environment(sight, &order))
                .collect(),
            secrets,
            stdin: launch.stdin,
            files: launch.files,
            read_only: launch.read_only,
            limits: RunLimits {
                duration_ms: u64::try_from(order.open.duration_ms).unwrap_or(u64::MAX),
                silence_ms: limits.silence_ms_max,
                line_bytes: LINE_BYTES_MAX,
                output_bytes: limits.output_bytes_max,
                grace_ms: GRACE_MS,
            },
            dialogue,
            checkout: Some(self.checkout(sight, &order)),
            directory: None,
            outputs: None,
            setup: None,
        }
    }

    fn environment(&self, sight: &PrReviewSight, order: &RunOrder<'_>) -> Vec<(String, String)> {
        let review = &sight.review;
        [
            (API_URL, self.world.api_url.clone()),
            ("OPTIO_PR_REVIEW_ID", review.id.to_string()),
            ("OPTIO_PR_URL", review.url.clone()),
            ("OPTIO_PR_NUMBER", review.number.to_string()),
            ("OPTIO_PR_HEAD", order.open.head.clone()),
            ("OPTIO_REPO_URL", review.repo_url.clone()),
            ("OPTIO_REPO", order.repo.repo.to_string()),
            ("OPTIO_BASE_BRANCH", sight.pull.base.clone()),
            ("OPTIO_AGENT_TYPE", review.agent_type.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The head itself, on no branch: there is nothing that a push could move.
    fn checkout(&self, sight: &PrReviewSight, order: &RunOrder<'_>) -> Checkout {
        let (review, limits) = (&sight.review, &self.world.limits);
        Checkout {
            url: review.repo_url.clone(),
            clone: "repo".to_owned(),
            worktree: review.id.to_string(),
            base: sight.pull.base.clone(),
            branch: format!("optio/pr-review-{}", review.id),
            start: CheckoutStart::Detached {
                sha: order.open.head.clone(),
            },
            author: Author {
                name: "Optio".to_owned(),
                mail: "optio@localhost".to_owned(),
            },
            files: Vec::new(),
            submodules: true,
            git_ms_max: limits.task_git_ms_max,
            setup_ms_max: limits.task_setup_ms_max,
        }
    }

    /// What is stored for a review: of the workspace, of its repository, of whoever asked for it.
    pub(super) async fn secrets(&self, sight: &PrReviewSight) -> Result<Stored, SecretError> {
        let review = &sight.review;
        let repo = repo::RepoUrl::parse(&review.repo_url).ok();
        let (workspace, user) = (&review.workspace, Some(review.created_by.as_str()));
        self.world
            .store
            .secrets_for(workspace, user, repo.as_ref())
            .await
    }

    /// Rests, and says what a person has to mend.
    pub(super) async fn without_secrets(
        &self,
        sight: &PrReviewSight,
        decision: &Decision,
        error: SecretError,
    ) -> Result<Progress, Fault> {
        if let SecretError::Store(error) = error {
            return Err(error.into());
        }
        tracing::warn!(review.id = %sight.review.id, %error, "no secrets, will try again");
        let until = decision.at + SECRETS_PAUSE;
        let reason = format!("its secrets: {error}");
        let wait = Wait::until(reason, "a person: mend the secrets", until);
        self.rest(sight, &wait.whatever_mail_comes()).await
    }

    /// Milliseconds until a run's process must have started, its worktree included.
    pub(super) fn provision_ms(&self) -> i64 {
        let limits = &self.world.limits;
        let git = limits
            .task_git_ms_max
            .saturating_add(limits.task_setup_ms_max);
        limits
            .provision_ms_max
            .saturating_add(i64::try_from(git).unwrap_or(i64::MAX / 2))
    }
}
