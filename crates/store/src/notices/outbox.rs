//! What writes deliveries: one statement beside the change it tells of, in the same transaction. Where
//! nobody wants to be told, it looks at one or two indexes and writes nothing.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    agent::AgentState,
    notice::{self, NoticeEvent, Work},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    StoreError,
    clean::storable,
    pr_reviews::MovedReview,
    step::{NewEvent, Step},
    tasks::Moved,
};

/// Whoever wants to be told: the webhooks of a workspace, and the way to Slack of a repository. A webhook
/// or a repository that is just being removed is waited for and then left out.
macro_rules! wanted {
    () => {
        "hooks AS (
  SELECT w.id FROM told JOIN webhooks w ON w.workspace = told.workspace AND w.active
    AND w.events @> ARRAY[told.event] FOR KEY SHARE OF w
), rooms AS (
  SELECT r.id FROM told JOIN repos r ON r.workspace = told.workspace AND r.repo_url = told.repo_url
    AND r.slack_enabled AND starts_with(told.event, 'task.')
    AND r.slack_notify_on @> ARRAY[substr(told.event, 6)] FOR KEY SHARE OF r
), targets AS (
  SELECT id AS webhook_id, NULL::uuid AS repo_id FROM hooks UNION ALL SELECT NULL::uuid, id FROM rooms
)"
    };
}

const OF_TASK: &str = concat!(
    "WITH told AS (
  SELECT id, workspace, repo_url,
         CASE kind WHEN 'coding' THEN $2 WHEN 'review' THEN $3 WHEN 'job' THEN $4 END AS event
  FROM tasks WHERE id = $1
), ",
    wanted!(),
    "
INSERT INTO webhook_deliveries (id, webhook_id, repo_id, event, data, hops, created_at, next_at)
SELECT CASE told.event WHEN $2 THEN $5 WHEN $3 THEN $6 ELSE $7 END, targets.webhook_id, targets.repo_id,
       told.event,
       $9 || jsonb_build_object('title', t.title, 'repoUrl', t.repo_url, 'repoBranch', t.base_branch,
         'agentType', t.agent_type, 'model', t.model_used, 'costUsd', t.cost_usd::text,
         'resultSummary', left(t.summary, 4000), 'errorMessage', left(t.error, 4000),
         'errorClass', t.error_class, 'createdBy', t.created_by)
       || CASE t.kind WHEN 'job' THEN jsonb_build_object('runId', t.id, 'workflowId', t.job_id) ELSE jsonb_build_object('taskId', t.id, 'taskType', t.kind, 'parentTaskId', t.parent_id,
         'prUrl', p.url, 'prNumber', p.number, 'verdict', t.verdict, 'ticketSource', t.ticket_source,
         'ticketExternalId', t.ticket_id) END, t.hops, $8, $8
FROM targets CROSS JOIN told JOIN tasks t ON t.id = told.id
LEFT JOIN tasks parent ON parent.id = t.parent_id
LEFT JOIN pulls p ON p.id = COALESCE(t.pull_id, parent.pull_id)
ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING"
);

const OF_REVIEW: &str = concat!(
    "WITH told AS (SELECT id, workspace, repo_url, $2 AS event FROM pr_reviews WHERE id = $1), ",
    wanted!(),
    "
INSERT INTO webhook_deliveries (id, webhook_id, repo_id, event, data, hops, created_at, next_at)
SELECT $3, targets.webhook_id, targets.repo_id, told.event,
       $5 || jsonb_build_object('prReviewId', v.id, 'taskType', 'pr-review', 'title', v.title,
         'repoUrl', v.repo_url, 'prUrl', p.url, 'prNumber', v.number, 'headSha', v.head,
         'verdict', v.verdict, 'resultSummary', left(v.summary, 4000),
         'fileComments', jsonb_array_length(v.file_comments), 'origin', v.origin,
         'agentType', v.agent_type, 'model', v.model_used, 'costUsd', v.cost_usd::text,
         'createdBy', v.created_by), 0, $4, $4
FROM targets CROSS JOIN told JOIN pr_reviews v ON v.id = told.id JOIN pulls p ON p.id = v.pull_id
ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING"
);

const OF_AGENT: &str = concat!(
    "WITH told AS (SELECT id, workspace, NULL::text AS repo_url, $2 AS event FROM agents WHERE id = $1), ",
    wanted!(),
    "
INSERT INTO webhook_deliveries (id, webhook_id, repo_id, event, data, hops, created_at, next_at)
SELECT $3, targets.webhook_id, targets.repo_id, told.event,
       $5 || jsonb_build_object('agentId', g.id, 'slug', g.slug, 'name', g.name), 0, $4, $4
FROM targets CROSS JOIN told JOIN agents g ON g.id = told.id
ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING"
);

/// The part of a statement that closes a turn, with the parameters `$38` and `$39` beside those of
/// [`crate::step::told`]: the notices that go with its events. The mail that the turn was fed with says how
/// many deliveries lie before it.
macro_rules! noticed {
    () => {
        "hooks AS (
  SELECT w.id, n.event, n.id AS notice, n.data, g.slug, g.name
  FROM moved JOIN agents g ON g.id = $2
  JOIN UNNEST($38::text[], $39::uuid[], $16::jsonb[]) AS n (event, id, data) ON n.event IS NOT NULL
  JOIN webhooks w ON w.workspace = g.workspace AND w.active AND w.events @> ARRAY[n.event]
  FOR KEY SHARE OF w
), noticed AS (
  INSERT INTO webhook_deliveries (id, webhook_id, event, data, hops, created_at, next_at)
  SELECT notice, id, event, data || jsonb_build_object('slug', slug, 'name', name),
         COALESCE((SELECT max(hops) FROM messages WHERE turn_id = $17), 0), $13, $13
  FROM hooks
  ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING
)"
    };
}
pub(crate) use noticed;

/// The notices that go with the events of a statement, event for event.
#[derive(Debug, Default)]
pub(crate) struct Noticed {
    /// The names of those that are something to others.
    pub(crate) events: Vec<Option<&'static str>>,
    /// Their identities.
    pub(crate) ids: Vec<Option<Uuid>>,
}

impl Noticed {
    /// The notices of a turn that is closed: that it is over, and what that means for its agent.
    pub(crate) fn of_close(
        key: ActorKey,
        version: i64,
        events: &[NewEvent],
        from: AgentState,
        to: AgentState,
    ) -> Self {
        let mut noticed = Self::default();
        for event in events {
            let notice = match event.type_name {
                "persistent_agent:turn_halted" => Some(NoticeEvent::AgentTurnHalted),
                "persistent_agent:state_changed" => notice::of_agent(from, to),
                _ => None,
            };
            noticed.events.push(notice.map(NoticeEvent::name));
            let id = notice.map(|notice| notice::id_of(key, version, notice).0);
            noticed.ids.push(id);
        }
        noticed
    }
}

impl Step {
    fn notice_id(&self, event: NoticeEvent) -> Uuid {
        notice::id_of(self.key, self.version, event).0
    }

    /// Tells others of a change of the task's state, where it is something to them.
    pub(crate) async fn notice_task(&mut self, moved: &Moved<'_>) -> Result<(), StoreError> {
        let works = [Work::Coding, Work::Review, Work::Job];
        let events = works.map(|work| notice::of_task(work, moved.from, moved.to));
        if events.iter().all(Option::is_none) {
            return Ok(());
        }
        let said = said(moved.from.name(), moved.to.name(), moved.reason, moved.by)?;
        let mut query = sqlx::query(OF_TASK).bind(self.key.id);
        for event in events {
            query = query.bind(event.map(NoticeEvent::name));
        }
        for event in events {
            query = query.bind(event.map(|event| self.notice_id(event)));
        }
        query
            .bind(self.now)
            .bind(said)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Tells others what happened to the review, where it is something to them.
    pub(crate) async fn notice_review(
        &mut self,
        moved: &MovedReview<'_>,
    ) -> Result<(), StoreError> {
        let Some(event) = notice::of_review(moved.event) else {
            return Ok(());
        };
        let said = said(moved.from.name(), moved.to.name(), moved.reason, moved.by)?;
        self.notice(OF_REVIEW, event, said).await
    }

    /// Tells others of a change of the agent's state, where it is something to them.
    pub(crate) async fn notice_agent(
        &mut self,
        from: AgentState,
        to: AgentState,
        reason: &str,
    ) -> Result<(), StoreError> {
        let Some(event) = notice::of_agent(from, to) else {
            return Ok(());
        };
        let said = said(from.name(), to.name(), reason, None)?;
        self.notice(OF_AGENT, event, said).await
    }

    async fn notice(
        &mut self,
        statement: &'static str,
        event: NoticeEvent,
        said: Value,
    ) -> Result<(), StoreError> {
        sqlx::query(statement)
            .bind(self.key.id)
            .bind(event.name())
            .bind(self.notice_id(event))
            .bind(self.now)
            .bind(said)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

fn said(from: &str, to: &str, reason: &str, by: Option<&str>) -> Result<Value, StoreError> {
    storable(json!({ "fromState": from, "toState": to, "reason": reason, "by": by }))
}

/// A notice of a test, as if it had happened just now.
pub(super) fn tested(event: NoticeEvent, id: Uuid, at: DateTime<Utc>) -> notice::Notice {
    notice::Notice {
        id: optio_domain::id::NoticeId(id),
        event: event.name().to_owned(),
        at,
        data: notice::sample(event),
        hops: 0,
    }
}
