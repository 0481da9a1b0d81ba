//! Deliveries from the outbox to receivers that are played by hand.

use chrono::TimeDelta;
use optio_domain::{
    id::{NoticeId, RepoId, SecretId, WebhookId},
    limits::Limits,
    notice::{
        NoticeEvent, WebhookUrl,
        post::{Answered, Post},
        retry::RetryAfter,
        spec::WebhookSpec,
    },
    repo::{RepoSpec, RepoUrl, SlackAddress},
    secret::{Place, SecretName, SecretText},
};
use optio_store::notices::{DeliveryRow, NewWebhook, TestDelivery};
use serde_json::Value;

use super::{
    notifier::{answered, unanswered},
    world::World,
};
use crate::notices::Notices;

const W: &str = "default";
const A: &str = "https://a.example/in";
const B: &str = "https://b.example/in";
const SLACK: &str = "https://hooks.slack.com/services/T0/B0/x";

impl World {
    fn notices(&self) -> Notices {
        Notices::new(self.given.clone())
    }

    async fn hook(&self, url: &str, secret: Option<&str>) -> WebhookId {
        let spec = WebhookSpec {
            url: WebhookUrl::parse("url", url).unwrap(),
            events: vec![NoticeEvent::AgentTurnHalted],
            description: None,
            active: true,
        };
        let id = WebhookId(self.given.ids.fresh());
        let secret = secret.map(SecretText::new);
        let new = NewWebhook {
            id,
            workspace: W,
            spec: &spec,
            secret: secret.as_ref(),
            created_by: "user:local",
            at: self.now(),
        };
        self.store.add_webhook(&new).await.unwrap();
        id
    }

    /// Something happens that a webhook is told of.
    async fn happens(&self, hook: WebhookId, event: NoticeEvent) -> NoticeId {
        let id = NoticeId(self.given.ids.fresh());
        let test = TestDelivery {
            webhook: hook,
            event,
            id,
            at: self.now(),
            lease: TimeDelta::seconds(1),
        };
        self.store.take_test(&test).await.unwrap();
        self.store
            .replay_delivery(hook, id, self.now())
            .await
            .unwrap()
            .unwrap();
        id
    }

    async fn deliveries(&self, hook: WebhookId) -> Vec<DeliveryRow> {
        let mut rows = self.store.deliveries(hook, None, 1_000).await.unwrap();
        rows.reverse();
        rows
    }

    /// Waits until an attempt at the first delivery is over.
    async fn tried(&self, hook: WebhookId, attempt: usize) -> DeliveryRow {
        self.until(format!("attempt {attempt}"), async || {
            let row = self.deliveries(hook).await.into_iter().next()?;
            (row.attempts.len() == attempt).then_some(row)
        })
        .await
    }

    async fn keep(&self, name: &str, value: &str) {
        let (id, name) = (
            SecretId(self.given.ids.fresh()),
            SecretName::parse(name).unwrap(),
        );
        let value = SecretText::new(value);
        let kept = self
            .store
            .put_secret(id, &Place::Global, &name, &value, self.now());
        kept.await.unwrap();
    }
}

fn header<'a>(post: &'a Post, name: &str) -> &'a str {
    let found = post.headers.iter().find(|(it, _)| *it == name);
    found.map_or("", |(_, value)| value)
}

fn said(post: &Post) -> Value {
    serde_json::from_str(&post.body).unwrap()
}

#[tokio::test]
async fn what_a_turn_tells_is_tried_again_until_it_arrives_and_is_the_same_each_time() {
    let world = World::new().await;
    let hook = world.hook(A, Some("hush")).await;
    world
        .receivers
        .answers(A, [answered(500), unanswered(), answered(204)]);
    let agent = world.agent("vesper").await;
    let notices = world.notices();
    notices.send_due().await.unwrap();
    let row = world.tried(hook, 1).await;
    assert_eq!((row.success, row.status), (false, Some(500)));
    let again = row.next_at.unwrap() - world.now();
    assert!(
        TimeDelta::seconds(5) <= again && again < TimeDelta::seconds(6),
        "{again}"
    );
    // Not before its time.
    notices.send_due().await.unwrap();
    world.pass(TimeDelta::seconds(6)).await;
    notices.send_due().await.unwrap();
    let row = world.tried(hook, 2).await;
    assert!(row.error.unwrap().contains("no answer within 10000 ms"));
    world.pass(TimeDelta::minutes(6)).await;
    notices.send_due().await.unwrap();
    let row = world.tried(hook, 3).await;
    assert_eq!((row.success, row.next_at, row.error), (true, None, None));
    let sent = world.receivers.sent(A);
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|post| post.body == sent[0].body));
    let ids: Vec<&str> = sent.iter().map(|post| header(post, "webhook-id")).collect();
    assert_eq!(ids, vec![row.notice.id.to_string(); 3]);
    assert_ne!(
        header(&sent[0], "webhook-timestamp"),
        header(&sent[2], "webhook-timestamp")
    );
    assert!(!header(&sent[0], "x-optio-signature").is_empty());
    let said = said(&sent[0]);
    assert_eq!(
        (&said["event"], &said["data"]["agentId"]),
        (&"agent.turn_halted".into(), &agent.to_string().into())
    );
}

#[tokio::test]
async fn a_delivery_is_given_up_after_its_attempts_and_a_receiver_may_put_us_off() {
    let limits = Limits {
        webhook_attempts_max: 2,
        ..Limits::default()
    };
    let world = World::with(limits).await;
    let hook = world.hook(A, None).await;
    world.happens(hook, NoticeEvent::TaskFailed).await;
    let busy = Answered {
        retry_after: Some(RetryAfter::Seconds(3_600)),
        ..answered(429).unwrap()
    };
    world.receivers.answers(A, [Ok(busy), answered(500)]);
    let notices = world.notices();
    notices.send_due().await.unwrap();
    let row = world.tried(hook, 1).await;
    assert_eq!(row.next_at, Some(world.now() + TimeDelta::hours(1)));
    world.pass(TimeDelta::hours(1)).await;
    notices.send_due().await.unwrap();
    let row = world.tried(hook, 2).await;
    assert_eq!((row.success, row.next_at), (false, None));
    assert_eq!(row.error.as_deref(), Some("the receiver answered 500"));
}

#[tokio::test]
async fn a_webhook_whose_receiver_is_gone_is_turned_off_with_the_reason() {
    let world = World::new().await;
    let hook = world.hook(A, None).await;
    world.happens(hook, NoticeEvent::TaskFailed).await;
    world.receivers.answers(A, [answered(410)]);
    world.notices().send_due().await.unwrap();
    let row = world.tried(hook, 1).await;
    assert_eq!((row.status, row.next_at), (Some(410), None));
    let row = world.store.webhook(W, hook).await.unwrap().unwrap();
    assert!(!row.spec.active);
    assert!(row.disabled_reason.unwrap().contains("410"));
}

#[tokio::test]
async fn whoever_does_not_answer_holds_up_nobody_else() {
    let limits = Limits {
        webhooks_sending_max: 6,
        ..Limits::default()
    };
    let world = World::with(limits).await;
    let (a, b) = (world.hook(A, None).await, world.hook(B, None).await);
    for _ in 0..9 {
        world.happens(a, NoticeEvent::TaskFailed).await;
    }
    world.receivers.hang();
    let notices = world.notices();
    notices.send_due().await.unwrap();
    world
        .until("four are on their way", async || {
            (world.receivers.waiting() == 4).then_some(())
        })
        .await;
    notices.send_due().await.unwrap();
    for _ in 0..9 {
        world.happens(b, NoticeEvent::TaskFailed).await;
    }
    notices.send_due().await.unwrap();
    world
        .until("there is no more room", async || {
            (world.receivers.waiting() == 6).then_some(())
        })
        .await;
    assert_eq!(
        (world.receivers.sent(A).len(), world.receivers.sent(B).len()),
        (4, 2)
    );
    // Whatever arrives makes room for the next by itself, until all is told.
    world.receivers.let_through(100);
    world
        .until("all is told", async || {
            let told = world
                .deliveries(a)
                .await
                .into_iter()
                .chain(world.deliveries(b).await);
            told.into_iter().all(|row| row.success).then_some(())
        })
        .await;
    assert_eq!(
        (world.receivers.sent(A).len(), world.receivers.sent(B).len()),
        (9, 9)
    );
}

#[tokio::test]
async fn two_control_planes_send_each_delivery_once() {
    let world = World::new().await;
    let hook = world.hook(A, None).await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(
            world
                .happens(hook, NoticeEvent::TaskFailed)
                .await
                .to_string(),
        );
    }
    let (one, other) = (world.notices(), world.notices());
    let (first, second) = tokio::join!(one.send_due(), other.send_due());
    first.and(second).unwrap();
    world
        .until("all is told", async || {
            let told = world.deliveries(hook).await;
            told.iter().all(|row| row.success).then_some(())
        })
        .await;
    let mut sent: Vec<String> = world
        .receivers
        .sent(A)
        .iter()
        .map(|post| header(post, "webhook-id").to_owned())
        .collect();
    sent.sort();
    ids.sort();
    assert_eq!(sent, ids);
}

#[tokio::test]
async fn a_test_is_sent_at_once_tried_once_and_answered_with_how_it_went() {
    let world = World::new().await;
    let hook = world.hook(A, None).await;
    world.receivers.answers(A, [answered(500)]);
    let notices = world.notices();
    let row = notices.test(hook, NoticeEvent::RunCompleted).await.unwrap();
    assert_eq!(
        (row.success, row.status, row.next_at),
        (false, Some(500), None)
    );
    assert_eq!(row.notice.event, "workflow_run.completed");
    let row = notices.test(hook, NoticeEvent::TaskFailed).await.unwrap();
    assert!(row.success);
    assert_eq!(said(&world.receivers.sent(A)[1])["data"]["test"], true);
}

#[tokio::test]
async fn slack_is_told_in_its_own_form_and_has_buttons_only_where_they_are_believed() {
    let world = World::new().await;
    let hook = world.hook(SLACK, Some("hush")).await;
    let notices = world.notices();
    notices.test(hook, NoticeEvent::TaskFailed).await.unwrap();
    world.keep("SLACK_SIGNING_SECRET", "s1gn").await;
    notices.test(hook, NoticeEvent::TaskFailed).await.unwrap();
    let sent = world.receivers.sent(SLACK);
    let [plain, pressed] = [said(&sent[0]), said(&sent[1])];
    assert!(
        plain["text"].as_str().unwrap().contains("Task failed"),
        "{plain}"
    );
    assert!(!plain.to_string().contains("retry_task"));
    assert!(pressed.to_string().contains("retry_task"));
    assert!(plain.to_string().contains("http://127.0.0.1:1/api/tasks/"));
    // The address is the secret there; a signature would say nothing to Slack.
    assert_eq!(header(&sent[0], "x-optio-signature"), "");
}

#[tokio::test]
async fn a_failed_task_is_said_in_the_channel_of_its_repository() {
    let world = World::new().await;
    let mut spec =
        RepoSpec::new(RepoUrl::parse(&format!("https://{}/o/r", super::host::HOST)).unwrap());
    spec.slack.enabled = true;
    spec.slack.channel = Some("#ops".to_owned());
    spec.slack.address = SlackAddress::None;
    let repo = RepoId(world.given.ids.fresh());
    world
        .store
        .add_repo(repo, W, &spec, "user:local", world.now())
        .await
        .unwrap();
    world.keep("SLACK_WEBHOOK_URL", SLACK).await;
    let task = world
        .task(|spec| {
            spec.agent_type = "no such program".to_owned();
            spec.retries_max = 0;
        })
        .await;
    world.task_is(task, "failed").await;
    let notices = world.notices();
    notices.send_due().await.unwrap();
    let post = world
        .until("it is said", async || world.receivers.sent(SLACK).pop())
        .await;
    let said = said(&post);
    assert_eq!(said["channel"], "#ops");
    assert!(
        said["text"]
            .as_str()
            .unwrap()
            .contains("*Task failed:* Add /healthz"),
        "{said}"
    );
}
