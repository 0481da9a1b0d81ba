//! Who sends what, and how it went.

use std::collections::BTreeMap;

use super::*;
use crate::notices::{Claimed, Settled, Taking, Target, TestDelivery};

const LEASE_S: i64 = 30;

impl World {
    /// Something is told to a webhook.
    async fn happens(&self, hook: WebhookId, count: i64) {
        for number in 0..count {
            self.sql(&format!(
                "INSERT INTO webhook_deliveries (id, webhook_id, event, data, hops, created_at, next_at)
                 VALUES ('{}', '{hook}', 'task.failed', '{{\"n\": {number}}}', 0, '{at}', '{at}')",
                fresh(),
                at = self.at,
            ))
            .await;
        }
    }

    async fn claim(&self, after_s: i64, max: i64, target_max: i64) -> Vec<Claimed> {
        self.claim_beside(after_s, max, target_max, &BTreeMap::new())
            .await
    }

    async fn claim_beside(
        &self,
        after_s: i64,
        max: i64,
        target_max: i64,
        sending: &BTreeMap<Uuid, i64>,
    ) -> Vec<Claimed> {
        let taking = Taking {
            now: self.later(after_s),
            lease: TimeDelta::seconds(LEASE_S),
            max,
            target_max,
            sending,
        };
        self.store.take_deliveries(&taking).await.unwrap()
    }

    fn failed(&self, after_s: i64, again_after_s: Option<i64>) -> Settled {
        Settled {
            at: self.later(after_s),
            took_ms: 12,
            success: false,
            status: Some(500),
            excerpt: Some("oh\0".to_owned()),
            error: Some("the receiver answered 500".to_owned()),
            next_at: again_after_s.map(|s| self.later(s)),
            disable: None,
        }
    }

    fn arrived(&self, after_s: i64) -> Settled {
        Settled {
            success: true,
            status: Some(204),
            excerpt: Some(String::new()),
            error: None,
            ..self.failed(after_s, None)
        }
    }

    async fn attempt_ends(&self, claimed: &Claimed, settled: &Settled) -> bool {
        self.store.settle_delivery(claimed, settled).await.unwrap()
    }
}

fn targets(claimed: &[Claimed]) -> Vec<Target> {
    claimed.iter().map(|it| it.target).collect()
}

#[tokio::test]
async fn what_is_due_is_taken_once_and_is_due_again_when_whoever_took_it_is_dead() {
    let world = World::new().await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    world.happens(hook, 1).await;
    assert!(world.claim(-1, 9, 9).await.is_empty());
    let first = world.claim(0, 9, 9).await;
    assert_eq!(targets(&first), [Target::Webhook(hook)]);
    assert_eq!((first[0].attempts, first[0].attempts_max), (1, None));
    assert!(world.claim(LEASE_S - 1, 9, 9).await.is_empty());
    let second = world.claim(LEASE_S, 9, 9).await;
    assert_eq!(second[0].attempts, 2);
    // Whoever was taken for dead speaks too late.
    assert!(!world.attempt_ends(&first[0], &world.arrived(LEASE_S)).await);
    assert!(!world.told(hook).await[0].success);
    assert!(
        world
            .attempt_ends(&second[0], &world.arrived(LEASE_S))
            .await
    );
    assert!(world.told(hook).await[0].success);
    assert!(world.claim(1_000_000, 9, 9).await.is_empty());
}

#[tokio::test]
async fn how_each_attempt_ended_is_kept_and_the_last_one_shown() {
    let world = World::new().await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    world.happens(hook, 1).await;
    let claimed = world.claim(0, 9, 9).await.remove(0);
    world
        .attempt_ends(&claimed, &world.failed(1, Some(6)))
        .await;
    let row = world.told(hook).await.remove(0);
    assert_eq!(
        (row.attempt, row.success, row.status),
        (1, false, Some(500))
    );
    assert_eq!(row.response.as_deref(), Some("oh\u{fffd}"));
    assert_eq!(
        (row.delivered_at, row.next_at),
        (Some(world.later(1)), Some(world.later(6)))
    );
    assert!(world.claim(5, 9, 9).await.is_empty());
    let claimed = world.claim(6, 9, 9).await.remove(0);
    world.attempt_ends(&claimed, &world.arrived(7)).await;
    let row = world.told(hook).await.remove(0);
    assert_eq!(
        (row.attempt, row.success, row.status, row.error),
        (2, true, Some(204), None)
    );
    let seen: Vec<_> = row
        .attempts
        .iter()
        .map(|it| (it.status_code, it.took_ms))
        .collect();
    assert_eq!(seen, [(Some(204), 12), (Some(500), 12)]);
    let sent = world
        .store
        .delivery(hook, row.notice.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(sent.notice, claimed.notice);
    for _ in 0..30 {
        world
            .store
            .replay_delivery(hook, row.notice.id, world.at)
            .await
            .unwrap()
            .unwrap();
        let claimed = world.claim(0, 9, 9).await.remove(0);
        world.attempt_ends(&claimed, &world.arrived(0)).await;
    }
    assert_eq!(world.told(hook).await[0].attempts.len(), 20);
}

#[tokio::test]
async fn the_backlog_of_one_webhook_hides_no_other() {
    let world = World::new().await;
    let hooks = [
        world.hook(&[NoticeEvent::TaskFailed]).await,
        world.hook(&[NoticeEvent::TaskFailed]).await,
        world.hook(&[NoticeEvent::TaskFailed]).await,
    ];
    world.happens(hooks[0], 50).await;
    world.happens(hooks[1], 1).await;
    world.happens(hooks[2], 3).await;
    let taken = world.claim(0, 100, 2).await;
    let count = |hook: WebhookId| {
        targets(&taken)
            .iter()
            .filter(|it| it.id() == hook.0)
            .count()
    };
    assert_eq!(hooks.map(count), [2, 1, 2]);
    // What is sent already counts, and is not waited for.
    let sending = BTreeMap::from([(hooks[0].0, 2), (hooks[2].0, 1)]);
    let taken = world.claim_beside(0, 100, 2, &sending).await;
    assert_eq!(targets(&taken), [Target::Webhook(hooks[2])]);
    // All together are bounded too, and nobody has the most of it.
    let world = World::new().await;
    let hooks = [
        world.hook(&[NoticeEvent::TaskFailed]).await,
        world.hook(&[NoticeEvent::TaskFailed]).await,
    ];
    world.happens(hooks[0], 9).await;
    world.happens(hooks[1], 9).await;
    let taken = world.claim(0, 4, 9).await;
    let count = |hook: WebhookId| {
        targets(&taken)
            .iter()
            .filter(|it| it.id() == hook.0)
            .count()
    };
    assert_eq!(hooks.map(count), [2, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_servers_make_each_attempt_once() {
    let world = World::new().await;
    for _ in 0..3 {
        let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
        world.happens(hook, 30).await;
    }
    let servers: Vec<_> = (0..4)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for _ in 0..60 {
                    mine.extend(
                        world
                            .claim(0, 5, 5)
                            .await
                            .into_iter()
                            .map(|it| it.notice.id),
                    );
                }
                mine
            })
        })
        .collect();
    let mut all = Vec::new();
    for server in servers {
        all.extend(server.await.unwrap());
    }
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!((all.len(), once.len()), (90, 90));
}

#[tokio::test]
async fn a_test_is_ours_to_send_at_once_and_is_tried_once() {
    let world = World::new().await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    let test = TestDelivery {
        webhook: hook,
        event: NoticeEvent::RunQueued,
        id: NoticeId(fresh()),
        at: world.at,
        lease: TimeDelta::seconds(LEASE_S),
    };
    let claimed = world.store.take_test(&test).await.unwrap();
    assert_eq!((claimed.attempts, claimed.attempts_max), (1, Some(1)));
    assert_eq!(claimed.notice.data["test"], true);
    assert!(world.claim(0, 9, 9).await.is_empty());
    assert!(world.attempt_ends(&claimed, &world.arrived(0)).await);
    let nobody = TestDelivery {
        webhook: WebhookId(fresh()),
        ..test
    };
    assert!(world.store.take_test(&nobody).await.is_err());
}

#[tokio::test]
async fn whoever_is_gone_is_told_nothing_more_and_the_reason_is_kept() {
    let world = World::with_keys().await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    let other = world.hook(&[NoticeEvent::TaskFailed]).await;
    world.happens(hook, 3).await;
    world.happens(other, 1).await;
    let claimed = world.claim(0, 9, 2).await;
    let to_hook: Vec<_> = claimed
        .iter()
        .filter(|it| it.target.id() == hook.0)
        .collect();
    let gone = Settled {
        disable: Some("it answered 410".to_owned()),
        ..world.failed(0, None)
    };
    world.attempt_ends(to_hook[0], &gone).await;
    // Another attempt was on its way: it is not tried again either.
    world
        .attempt_ends(to_hook[1], &world.failed(0, Some(5)))
        .await;
    let row = world.store.webhook(W, hook).await.unwrap().unwrap();
    assert!(!row.spec.active);
    assert_eq!(row.disabled_reason.as_deref(), Some("it answered 410"));
    assert!(
        world
            .told(hook)
            .await
            .iter()
            .all(|it| it.next_at.is_none() && it.error.is_some())
    );
    assert_eq!(
        targets(&world.claim(100, 9, 9).await),
        [Target::Webhook(other)]
    );
    // A person turns it on again, and asks for what was missed.
    let on = |mut spec: WebhookSpec| {
        spec.active = true;
        Ok::<_, ()>((spec, crate::notices::SecretChange::Keep))
    };
    let id = optio_domain::id::SecretId(fresh());
    let row = world.store.change_webhook(W, hook, id, world.at, on).await;
    assert_eq!(row.unwrap().unwrap().unwrap().disabled_reason, None);
    let missed = world.told(hook).await.remove(2).notice.id;
    let again = world
        .store
        .replay_delivery(hook, missed, world.later(9))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (again.notice.id, again.next_at),
        (missed, Some(world.later(9)))
    );
    let claimed = world.claim(9, 9, 9).await.remove(0);
    assert_eq!((claimed.notice.id, claimed.attempts), (missed, 1));
    assert_eq!(
        world
            .store
            .replay_delivery(other, missed, world.at)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn what_is_settled_goes_after_its_days_and_what_waits_stays() {
    let world = World::new().await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    world.happens(hook, 2).await;
    let claimed = world.claim(0, 1, 1).await.remove(0);
    world.attempt_ends(&claimed, &world.arrived(0)).await;
    let keep = crate::retention::Keep::from(&optio_domain::limits::Limits::default());
    let tidied = world
        .store
        .tidy(keep, world.later(14 * 86_400))
        .await
        .unwrap();
    assert_eq!(tidied.deliveries, 0);
    let tidied = world
        .store
        .tidy(keep, world.later(15 * 86_400))
        .await
        .unwrap();
    assert_eq!((tidied.deliveries, world.deliveries().await), (1, 1));
}

#[tokio::test]
async fn an_idle_outbox_is_looked_at_by_its_index_alone() {
    let world = World::new().await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    world.happens(hook, 200).await;
    world.sql("UPDATE webhook_deliveries SET next_at = NULL, success = true; ANALYZE webhook_deliveries").await;
    let reads = "SELECT pg_stat_get_xact_tuples_returned('webhook_deliveries'::regclass)
                      + pg_stat_get_xact_tuples_fetched('webhook_deliveries'::regclass)";
    let mut tx = world.store.pool.begin().await.unwrap();
    let taken = sqlx::query(crate::notices::TAKE)
        .bind(world.later(9))
        .bind(world.later(99))
        .bind(9_i64)
        .bind(9_i64)
        .bind(Vec::<Uuid>::new())
        .bind(Vec::<i64>::new())
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    let (read,): (i64,) = sqlx::query_as(reads).fetch_one(&mut *tx).await.unwrap();
    assert_eq!((taken.len(), read), (0, 0));
    // Whoever does read the rows is counted.
    sqlx::query("SELECT sum(length(event)) FROM webhook_deliveries")
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    let (read,): (i64,) = sqlx::query_as(reads).fetch_one(&mut *tx).await.unwrap();
    assert_ne!(read, 0);
}
