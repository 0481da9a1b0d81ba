//! Jobs: a fire is answered once, by a run or by a reason.

use optio_domain::{
    id::{JobId, PoolId, SandboxId, TaskId, TriggerId},
    job::{JobKind, JobSpec, Origin, start::start},
    sandbox::SandboxSpec,
    task::TaskState,
    trigger::{Fired, Overlap, TargetKind, TriggerType},
};
use serde_json::{Map, json};

use super::*;
use crate::{
    jobs::{JobRow, JobSight, NewJob, NewRun},
    triggers::TriggerRow,
};

fn spec(name: &str) -> JobSpec {
    JobSpec {
        kind: JobKind::Standalone,
        name: name.to_owned(),
        description: None,
        title: None,
        prompt: "Look at {{what}}.".to_owned(),
        template: None,
        repo_url: None,
        base_branch: None,
        agent_type: "claude-code".to_owned(),
        model: None,
        priority: 100,
        retries_max: 1,
        turns_max: None,
        budget_usd: None,
        runs_max: 2,
        warm: 0,
        sandboxes_max: 1,
        runs_each_max: 2,
        environment: None,
        sandbox: SandboxSpec::default(),
        params_schema: None,
        enabled: true,
    }
}

impl World {
    async fn job(&self, spec: &JobSpec) -> Result<JobRow, StoreError> {
        let new = NewJob {
            id: JobId(fresh()),
            workspace: "default",
            spec,
            pool: PoolId(fresh()),
            created_by: "ada",
            at: self.at,
        };
        self.store.create_job(&new).await
    }

    async fn webhook_of(&self, job: &JobRow) -> TriggerId {
        let id = TriggerId(fresh());
        let row = TriggerRow {
            path: Some(id.to_string()),
            ..TriggerRow::new(
                id,
                (TargetKind::Job, job.id.0),
                TriggerType::Webhook,
                json!({ "path": id }),
                self.at,
            )
        };
        self.store.create_trigger(&row).await.unwrap();
        id
    }

    async fn fire(&self, job: &JobRow, trigger: TriggerId) -> MessageId {
        let fired = Fired {
            trigger: Some(trigger),
            overlap: Overlap::Allow,
            params: Map::new(),
            hops: 3,
            due: None,
            ticket: None,
        };
        let message = NewMessage {
            receiver: job.id.into(),
            source: WakeSource::Webhook,
            sender: Sender::External("webhook".to_owned()),
            payload: serde_json::to_value(fired).ok(),
            ..letter(AgentId(job.id.0), "", self.at)
        };
        let stored = self
            .store
            .send(std::slice::from_ref(&message), ROOMY)
            .await
            .unwrap();
        assert!(matches!(stored[..], [Stored::Done(_)]));
        message.id
    }

    /// A run of a new job, caused by three others.
    pub(super) async fn run_of_job(&self, name: &str) -> (JobId, TaskId) {
        let job = self.job(&spec(name)).await.unwrap();
        let trigger = self.webhook_of(&job).await;
        self.fire(&job, trigger).await;
        let sight = self.see_job(job.id).await;
        (job.id, self.start(&sight).await.unwrap())
    }

    async fn see_job(&self, job: JobId) -> JobSight {
        let window = TimeDelta::minutes(10);
        let sight = self.store.see_job(job, self.at, window, 10).await;
        sight.unwrap().unwrap()
    }

    /// Answers the fire that waits with a run.
    async fn start(&self, sight: &JobSight) -> Result<TaskId, StoreError> {
        let (wait, decision) = plain(self.at);
        let key = sight.job.id.into();
        let store = &self.store;
        let mut step = store
            .step(key, sight.version, &wait, &decision, false)
            .await?;
        let fired = sight.seen.fire.clone().unwrap().unwrap();
        let start = start(
            &sight.job.spec,
            &sight.job.spec.prompt,
            "main",
            &fired.params,
        )
        .unwrap();
        let origin = Origin {
            job: sight.job.id,
            trigger: fired.trigger,
            params: fired.params,
            hops: fired.hops,
        };
        let run = NewRun {
            id: TaskId(sight.job.pool.beside(sight.message.unwrap().0)),
            workspace: "default",
            spec: &start.spec,
            pool: sight.job.pool,
            origin: &origin,
            missing: &start.missing,
            ticket: None,
            created_by: "trigger",
            at: self.at,
        };
        step.fire_started(sight.message.unwrap(), &run).await?;
        step.commit().await?;
        Ok(run.id)
    }
}

fn plain(at: DateTime<Utc>) -> (Wait, Decision) {
    let decision = Decision {
        at,
        step: "start run".to_owned(),
        seen: String::new(),
    };
    (
        Wait::at_rest("to be started", "whoever starts it"),
        decision,
    )
}

#[tokio::test]
async fn a_name_is_taken_among_those_of_its_kind_until_it_is_deleted() {
    let world = World::new().await;
    let first = world.job(&spec("digest")).await.unwrap();
    let again = world.job(&spec("digest")).await;
    assert!(
        matches!(again, Err(StoreError::NameTaken { .. })),
        "{again:?}"
    );
    assert!(world.store.delete_job(&first, world.at).await.unwrap());
    assert!(!world.store.delete_job(&first, world.at).await.unwrap());
    world.job(&spec("digest")).await.unwrap();
    let jobs = world.store.jobs("default", JobKind::Standalone, 10).await;
    assert_eq!(jobs.unwrap().len(), 1);
}

#[tokio::test]
async fn a_fire_becomes_one_run_that_knows_where_it_comes_from() {
    let world = World::new().await;
    let job = world.job(&spec("digest")).await.unwrap();
    let trigger = world.webhook_of(&job).await;
    let message = world.fire(&job, trigger).await;
    let sight = world.see_job(job.id).await;
    assert_eq!(sight.message, Some(message));
    let run = world.start(&sight).await.unwrap();
    let twice = world.start(&sight).await;
    assert!(matches!(twice, Err(StoreError::Moved)), "{twice:?}");

    let row = world.store.task(run).await.unwrap().unwrap();
    assert_eq!(row.state, TaskState::Pending);
    assert_eq!(row.spec.prompt, "Look at {{what}}.");
    let origin = row.origin.unwrap();
    assert_eq!(
        (origin.job, origin.trigger, origin.hops),
        (job.id, Some(trigger), 3)
    );
    let history = world.store.task_events(run).await.unwrap();
    assert!(
        history.iter().any(|it| it.trigger == "warning"),
        "{history:?}"
    );

    let sight = world.see_job(job.id).await;
    assert_eq!((sight.message, sight.seen.active), (None, 1));
    let row = world.store.trigger(trigger).await.unwrap().unwrap();
    assert_eq!(row.outcome, Some(format!("started run {run}")));
    assert_eq!((row.fires, row.last_fired_at), (1, Some(world.at)));
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_refused_fire_is_a_dead_letter_and_a_trigger_can_be_broken() {
    let world = World::new().await;
    let job = world.job(&spec("digest")).await.unwrap();
    let trigger = world.webhook_of(&job).await;
    let message = world.fire(&job, trigger).await;
    let sight = world.see_job(job.id).await;
    let (wait, decision) = plain(world.at);
    let mut step = world
        .store
        .step(job.id.into(), sight.version, &wait, &decision, false)
        .await
        .unwrap();
    step.fire_refused(message, Some(trigger), "no what")
        .await
        .unwrap();
    step.trigger_disabled(trigger, "it fires itself")
        .await
        .unwrap();
    step.commit().await.unwrap();
    let inbox = world.store.inbox(job.id.into()).await.unwrap();
    assert_eq!((inbox.pending, inbox.dead), (0, 1));
    let row = world.store.trigger(trigger).await.unwrap().unwrap();
    assert!(!row.enabled);
    assert_eq!(row.disabled_reason.as_deref(), Some("it fires itself"));
    assert_eq!(row.outcome.as_deref(), Some("refused: no what"));
    world.counters_are_right().await;
}

#[tokio::test]
async fn runs_of_a_trigger_are_counted_within_the_window() {
    let world = World::new().await;
    let job = world.job(&spec("digest")).await.unwrap();
    let trigger = world.webhook_of(&job).await;
    for _fire in 0..3 {
        world.fire(&job, trigger).await;
        let sight = world.see_job(job.id).await;
        world.start(&sight).await.unwrap();
    }
    world.fire(&job, trigger).await;
    assert_eq!(world.see_job(job.id).await.seen.recent, 3);
    world
        .sql("UPDATE tasks SET created_at = created_at - interval '11 minutes'")
        .await;
    assert_eq!(world.see_job(job.id).await.seen.recent, 0);
}

#[tokio::test]
async fn a_deleted_job_takes_its_triggers_with_it_and_cancels_its_runs() {
    let world = World::new().await;
    let job = world.job(&spec("digest")).await.unwrap();
    let trigger = world.webhook_of(&job).await;
    world.fire(&job, trigger).await;
    let run = world.start(&world.see_job(job.id).await).await.unwrap();
    assert!(world.store.delete_job(&job, world.at).await.unwrap());
    assert_eq!(world.store.trigger(trigger).await.unwrap(), None);
    let row = world.store.task(run).await.unwrap().unwrap();
    assert_eq!(row.intent, Some(optio_domain::task::Intent::Cancel));
    assert!(world.see_job(job.id).await.seen.deleted);
}

#[tokio::test]
async fn a_queue_of_one_pool_hides_no_other() {
    let world = World::new().await;
    let (busy, other) = (
        world.job(&spec("busy")).await.unwrap(),
        world.job(&spec("other")).await.unwrap(),
    );
    let mut last = None;
    for job in [&busy, &busy, &busy, &other] {
        let trigger = world.webhook_of(job).await;
        world.fire(job, trigger).await;
        last = Some(world.start(&world.see_job(job.id).await).await.unwrap());
    }
    world.sql("UPDATE tasks SET state = 'queued'").await;
    let next = world.store.next_tasks(world.at, 2).await.unwrap();
    assert_eq!(next.len(), 3, "two of the busy one and the other");
    assert!(next.contains(&last.unwrap()));
}

#[tokio::test]
async fn the_sandboxes_of_a_pool_are_as_its_job_or_its_repository_decides() {
    let world = World::new().await;
    let environment = json!({ "env": { "A": "1" } });
    let decided = JobSpec {
        sandbox: rusty(),
        environment: Some(environment.clone()),
        ..spec("nightly")
    };
    let job = world.job(&decided).await.unwrap();
    assert_eq!(job.spec, decided);
    let of = async |pool: PoolId| world.store.sandbox_spec(pool.into()).await.unwrap();
    assert_eq!(of(job.pool).await, (rusty(), Some(environment)));
    let plain = world.job(&spec("plain")).await.unwrap();
    assert_eq!(of(plain.pool).await, (SandboxSpec::default(), None));
    assert_eq!(
        of(PoolId(fresh())).await,
        (SandboxSpec::default(), None),
        "of a pool that is gone"
    );
    // What its sandboxes share is known as long as the job is there.
    let (wanted, known) = world.store.known_sandboxes().await.unwrap();
    assert!(known.contains(&SandboxId(job.pool.0)));
    assert!(!wanted.contains(&SandboxId(job.pool.0)));
    world.store.delete_job(&job, world.at).await.unwrap();
    let (_, known) = world.store.known_sandboxes().await.unwrap();
    assert!(!known.contains(&SandboxId(job.pool.0)));
}
