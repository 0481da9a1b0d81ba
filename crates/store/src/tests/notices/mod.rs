//! Webhooks and their outbox: what is told with which step, who sends it, and what becomes of it.

use optio_domain::{
    id::{NoticeId, TaskId, WebhookId},
    notice::{NoticeEvent, WebhookUrl, spec::WebhookSpec},
    secret::SecretText,
    task::{
        TaskEvent, TaskState,
        seen::TaskType,
        spec::{PRIORITY_DEFAULT, TaskSpec},
    },
};
use serde_json::Value;

use super::*;
use crate::{
    notices::{DeliveryRow, NewWebhook, WebhookRow},
    tasks::{Moved, NewTask},
};

mod outbox;
mod queue;
mod slack;
mod webhooks;

const W: &str = "default";
const REPO: &str = "https://git.example/o/r";

fn hook_spec(events: &[NoticeEvent]) -> WebhookSpec {
    WebhookSpec {
        url: WebhookUrl::parse("url", "https://example.com/in").unwrap(),
        events: events.to_vec(),
        description: None,
        active: true,
    }
}

impl World {
    /// With keys, so that secrets can be kept.
    async fn with_keys() -> Self {
        let world = Self::new().await;
        let store = crate::testing::with_secrets(&world.store, world.at).await;
        Self { store, ..world }
    }

    async fn hook(&self, events: &[NoticeEvent]) -> WebhookId {
        self.hook_of(W, &hook_spec(events), None).await.id
    }

    async fn hook_of(
        &self,
        workspace: &str,
        spec: &WebhookSpec,
        secret: Option<&str>,
    ) -> WebhookRow {
        let secret = secret.map(SecretText::new);
        let new = NewWebhook {
            id: WebhookId(fresh()),
            workspace,
            spec,
            secret: secret.as_ref(),
            created_by: "user:ada",
            at: self.at,
        };
        self.store.add_webhook(&new).await.unwrap()
    }

    async fn task(&self, kind: TaskType) -> TaskId {
        let pool = self.store.pool_of(W, REPO, fresh(), self.at).await.unwrap();
        let spec = TaskSpec {
            kind,
            title: "Add /healthz".to_owned(),
            prompt: "p".to_owned(),
            repo_url: REPO.to_owned(),
            base_branch: "main".to_owned(),
            agent_type: "claude-code".to_owned(),
            model: None,
            priority: PRIORITY_DEFAULT,
            retries_max: 1,
            ticket_source: None,
            ticket_id: None,
            metadata: None,
            parent: None,
            blocks_parent: false,
            head: None,
        };
        let id = TaskId(pool.beside(fresh()));
        let new = NewTask {
            id,
            workspace: W,
            spec: &spec,
            pool,
            depends_on: &[],
            origin: None,
            created_by: "ada",
            at: self.at,
        };
        self.store.create_task(&new).await.unwrap();
        id
    }

    /// A step of a task that is not committed yet.
    async fn task_step(&self, task: TaskId, from: TaskState, event: TaskEvent) -> Step {
        let read = self
            .store
            .actor(task.into())
            .await
            .unwrap()
            .unwrap()
            .version;
        let (wait, decision) = (Wait::at_rest("x", "x"), self.decision("test"));
        let step = self.store.step(task.into(), read, &wait, &decision, false);
        let mut step = step.await.unwrap();
        let moved = Moved {
            from,
            to: from.on(event).unwrap(),
            event,
            reason: "a test\0",
            by: None,
        };
        let moved = Moved {
            reason: moved.reason.trim_end_matches('\0'),
            ..moved
        };
        step.task_state(&moved).await.unwrap();
        step
    }

    async fn task_moves(&self, task: TaskId, from: TaskState, events: &[TaskEvent]) -> TaskState {
        let mut state = from;
        for event in events {
            let step = self.task_step(task, state, *event).await;
            step.commit().await.unwrap();
            state = state.on(*event).unwrap();
        }
        state
    }

    async fn told(&self, hook: WebhookId) -> Vec<DeliveryRow> {
        let mut rows = self.store.deliveries(hook, None, 1_000).await.unwrap();
        rows.reverse();
        rows
    }

    async fn events_told(&self, hook: WebhookId) -> Vec<String> {
        self.told(hook)
            .await
            .into_iter()
            .map(|it| it.notice.event)
            .collect()
    }

    async fn deliveries(&self) -> i64 {
        self.number("SELECT count(*) FROM webhook_deliveries").await
    }
}
