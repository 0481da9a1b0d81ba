//! From an open run to everything its runner needs.

use chrono::TimeDelta;
use optio_domain::{
    actor::{Decision, Wait},
    agent::warm::{Server, Service, Setting},
    git_host::RepoUrl,
    id::RunId,
    limits::LINE_BYTES_MAX,
    ports::{AgentCli, LaunchOrder},
    repo,
    task::{
        prompt::{TASK_FILE, task_file},
        seen::TaskType,
        spec::work_branch,
    },
    token::RunClaims,
    wire::{
        checkout::{Author, Checkout, CheckoutStart},
        credentials::{API_URL, HOPS, RUN_TOKEN},
        outputs::{self, DirectoryStart, Outputs, RunDirectory},
        runner::{Dialogue, FileSpec, RunLimits, RunSpec, Setup},
    },
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    secrets::SecretError,
    tasks::{RepoSettings, TaskRow, TaskSight},
};
use rust_decimal::Decimal;
use serde_json::json;

use super::Tasks;
use crate::credentials::{self, Stored};

/// Milliseconds between interrupt, terminate and kill.
const GRACE_MS: u64 = 1_000;
/// How long after secrets could not be opened they are looked at again.
const SECRETS_PAUSE: TimeDelta = TimeDelta::seconds(10);
/// The file with a run's servers of tools, in its directory.
const TOOLS_FILE: &str = "mcp.json";
/// Milliseconds a process may wait once its run is over: it serves no other.
const LINGER_MS: u64 = 1;

/// A run as far as what its runner is given depends on it.
pub(super) struct RunOrder<'a> {
    pub(super) run: RunId,
    pub(super) epoch: i64,
    pub(super) prompt: &'a str,
    pub(super) fresh: bool,
    pub(super) settings: &'a RepoSettings,
    pub(super) repo: Option<&'a RepoUrl>,
    pub(super) stored: &'a Stored,
}

/// Where a run's servers of tools are written down, as a path from where it works: both its worktree and its
/// directory lie two levels below the workspace.
fn tools_path(task: &TaskRow) -> String {
    format!(
        "../../{}/{TOOLS_FILE}",
        outputs::below(&task.id.to_string())
    )
}

/// The file with them, where the job has some.
fn tools(task: &TaskRow, order: &RunOrder<'_>) -> Option<FileSpec> {
    let connections = &order.settings.environment.connections;
    (!connections.is_empty()).then(|| FileSpec {
        path: format!(
            "/workspace/{}/{TOOLS_FILE}",
            outputs::below(&task.id.to_string())
        ),
        content: json!({ "mcpServers": connections }).to_string(),
        mode: 0o600,
    })
}

/// Dollars that are left of a budget.
fn left(task: &TaskRow, budget: Option<Decimal>) -> Option<Decimal> {
    let left = |budget: Decimal| (budget - task.cost_usd).max(Decimal::new(1, 2));
    budget.map(left)
}

/// What has no repository works in a directory of its own, which the attempts after it find again.
fn directory(task: &TaskRow, order: &RunOrder<'_>) -> Option<RunDirectory> {
    order.repo.is_none().then(|| RunDirectory {
        name: task.id.to_string(),
        start: if order.fresh {
            DirectoryStart::Fresh
        } else {
            DirectoryStart::Continue
        },
    })
}

impl Tasks {
    /// Who serves a run: always a process of its own, which is spoken to while it runs where its program
    /// can.
    pub(super) fn service(&self, sight: &TaskSight, cli: &dyn AgentCli) -> Service {
        let kept = cli.capabilities().steerable;
        let setting = kept.then(|| Setting {
            print: self
                .world
                .signer
                .fingerprint(sight.task.id.to_string().as_bytes()),
            model: sight.task.spec.model.clone(),
        });
        Service {
            server: Server::New,
            setting,
        }
    }

    pub(super) fn run_spec(
        &self,
        sight: &TaskSight,
        order: &RunOrder<'_>,
        service: &Service,
        cli: &dyn AgentCli,
    ) -> RunSpec {
        let (task, limits) = (&sight.task, &self.world.limits);
        let turns = match task.spec.kind {
            TaskType::Coding | TaskType::Job => order.settings.policy.turns_coding_max,
            TaskType::Review => order.settings.policy.turns_review_max,
        };
        let wanted = LaunchOrder {
            prompt: order.prompt.to_owned(),
            model: task.spec.model.clone(),
            resume: task.session_id.clone(),
            max_turns: turns,
            budget_usd: left(task, order.settings.policy.budget_usd),
            tools_file: tools(task, order).is_some().then(|| tools_path(task)),
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
            owner: task.id.0,
            run: order.run,
            epoch: order.epoch,
        });
        secrets.insert(RUN_TOKEN.to_owned(), token);
        RunSpec {
            run: order.run,
            epoch: order.epoch,
            program: launch.program,
            args: launch.args,
            env: launch
                .env
                .into_iter()
                .chain(self.environment(sight, order))
                .collect(),
            secrets,
            stdin: launch.stdin,
            files: launch.files.into_iter().chain(tools(task, order)).collect(),
            read_only: launch.read_only,
            limits: RunLimits {
                duration_ms: u64::try_from(limits.task_run_ms_max).unwrap_or(u64::MAX),
                silence_ms: limits.silence_ms_max,
                line_bytes: LINE_BYTES_MAX,
                output_bytes: limits.output_bytes_max,
                grace_ms: GRACE_MS,
            },
            dialogue,
            checkout: order.repo.map(|_| self.checkout(sight, order)),
            directory: directory(task, order),
            outputs: match task.spec.kind {
                TaskType::Coding | TaskType::Job => Some(Outputs::from(limits)),
                TaskType::Review => None,
            },
            setup: order
                .settings
                .environment
                .setup
                .clone()
                .map(|script| Setup {
                    script,
                    ms_max: limits.task_setup_ms_max,
                }),
        }
    }

    fn environment(&self, sight: &TaskSight, order: &RunOrder<'_>) -> Vec<(String, String)> {
        let task = &sight.task;
        let mut env: Vec<(&str, String)> = vec![
            (API_URL, self.world.api_url.clone()),
            ("OPTIO_TASK_ID", task.id.to_string()),
            ("OPTIO_AGENT_TYPE", task.spec.agent_type.clone()),
        ];
        if let Some(repo) = order.repo {
            env.extend([
                ("OPTIO_REPO_URL", task.spec.repo_url.clone()),
                ("OPTIO_REPO", repo.repo.to_string()),
                ("OPTIO_BASE_BRANCH", task.spec.base_branch.clone()),
                ("OPTIO_BRANCH", work_branch(task.id)),
            ]);
        }
        if let Some(origin) = &task.origin {
            env.extend([
                ("OPTIO_JOB_ID", origin.job.to_string()),
                (HOPS, (origin.hops + 1).to_string()),
            ]);
        }
        let own = order.settings.environment.variables.iter();
        env.into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .chain(own.map(|(name, value)| (name.clone(), value.clone())))
            .collect()
    }

    fn checkout(&self, sight: &TaskSight, order: &RunOrder<'_>) -> Checkout {
        let (task, limits) = (&sight.task, &self.world.limits);
        let start = match (&task.spec.head, order.fresh) {
            (Some(head), _) => CheckoutStart::Detached { sha: head.clone() },
            (None, true) => CheckoutStart::Fresh,
            (None, false) => CheckoutStart::Continue,
        };
        Checkout {
            url: task.spec.repo_url.clone(),
            clone: "repo".to_owned(),
            worktree: task.id.to_string(),
            base: task.spec.base_branch.clone(),
            branch: work_branch(task.id),
            start,
            author: Author {
                name: "Optio".to_owned(),
                mail: "optio@localhost".to_owned(),
            },
            files: vec![FileSpec {
                path: TASK_FILE.to_owned(),
                content: task_file(&task.spec),
                mode: 0o644,
            }],
            submodules: true,
            git_ms_max: limits.task_git_ms_max,
            setup_ms_max: limits.task_setup_ms_max,
        }
    }

    /// What is stored for a task: of the workspace, of its repository, of whoever asked for it.
    pub(super) async fn secrets(&self, sight: &TaskSight) -> Result<Stored, SecretError> {
        let task = &sight.task;
        let repo = repo::RepoUrl::parse(&task.spec.repo_url).ok();
        let (workspace, user) = (&task.workspace, Some(task.created_by.as_str()));
        self.world
            .store
            .secrets_for(workspace, user, repo.as_ref())
            .await
    }

    /// Rests, and says what a person has to mend.
    pub(super) async fn without_secrets(
        &self,
        sight: &TaskSight,
        decision: &Decision,
        error: SecretError,
    ) -> Result<Progress, Fault> {
        if let SecretError::Store(error) = error {
            return Err(error.into());
        }
        tracing::warn!(task.id = %sight.task.id, %error, "no secrets, will try again");
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
