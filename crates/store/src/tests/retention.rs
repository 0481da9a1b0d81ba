//! Retention: what is over and old goes, in bounded batches; what matters stays however old it is.

use optio_domain::limits::Limits;
use serde_json::json;

use super::*;
use crate::retention::{Keep, Tidied};

const DAY: i64 = 86_400;

impl World {
    fn keep(&self) -> Keep {
        Keep::from(&Limits::default())
    }

    async fn tidy_after(&self, days: i64) -> Tidied {
        let later = self.later(days * DAY);
        self.store.tidy(self.keep(), later).await.unwrap()
    }
}

#[tokio::test]
async fn consumed_mail_and_finished_turns_go_after_their_days_and_not_before() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 2).await;
    let turn = world.open(agent).await.unwrap();
    world.done(agent, turn).await;
    let logged = |turn: TurnId| {
        format!(
            "INSERT INTO events (actor_id, turn_id, type, data, at)
             VALUES ('{agent}', '{turn}', 'persistent_agent:log', '{{}}', '{}')",
            world.later(29 * DAY)
        )
    };
    world.sql(&logged(turn)).await;
    world.sql("UPDATE runs SET state = 'ended'").await;
    let kept = world.tidy_after(30).await;
    assert_eq!((kept.messages, kept.turns), (0, 0));
    world
        .sql(&format!(
            "UPDATE messages SET processed_at = '{0}'; UPDATE turns SET finished_at = '{0}'",
            world.later(-1)
        ))
        .await;
    let gone = world.tidy_after(30).await;
    assert_eq!((gone.messages, gone.turns), (2, 1));
    for table in ["messages", "turns", "runs"] {
        let left = format!("SELECT count(*) FROM {table}");
        assert_eq!(world.number(&left).await, 0, "{table}");
    }
    let logs = "SELECT count(*) FROM events WHERE turn_id IS NOT NULL";
    assert_eq!(world.number(logs).await, 0, "logs outlive their turn");
    world.counters_are_right().await;
}

#[tokio::test]
async fn what_waits_feeds_a_turn_or_is_dead_stays_however_old_it_is() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.mail(a, 1).await;
    world.open(a).await.unwrap();
    world.mail(a, 1).await;
    world.mail(b, 1).await;
    world
        .sql(&format!(
            "UPDATE messages SET state = 'dead' WHERE receiver_id = '{b}';
             UPDATE actors SET inbox_pending = 0, inbox_waking = 0 WHERE id = '{b}'"
        ))
        .await;
    let gone = world.tidy_after(10_000).await;
    assert_eq!((gone.messages, gone.turns), (0, 0));
    let states: Vec<_> = world.states(a).await.into_iter().map(|it| it.0).collect();
    assert_eq!(states, ["assigned", "pending"]);
    assert_eq!(world.states(b).await[0].0, "dead");
    let runs = "SELECT count(*) FROM runs";
    assert_eq!(world.number(runs).await, 1);
    world.counters_are_right().await;
}

#[tokio::test]
async fn logs_refused_reports_answers_and_questions_go_after_their_days() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let run = fresh();
    world
        .sql(&format!(
            "INSERT INTO events (actor_id, type, data, at) VALUES ('{agent}', 'x', '{{}}', '{at}');
             INSERT INTO refused_reports (run_id, epoch, reason, report, at)
               VALUES ('{run}', 1, 'x', '{{}}', '{at}');
             INSERT INTO idempotency_keys (caller, key, fingerprint, created_at)
               VALUES ('ada', 'k', 'f', '{at}');
             INSERT INTO asks (id, asker_type, asker_name, asked_id, deadline, asked_at)
               VALUES ('{run}', 'user', 'ada', '{agent}', '{at}', '{at}')",
            at = world.at
        ))
        .await;
    let nothing = Tidied::default();
    let answers = Tidied {
        answers: 1,
        ..nothing
    };
    world
        .sql(&format!(
            "UPDATE idempotency_keys SET created_at = '{}'",
            world.later(-1)
        ))
        .await;
    assert_eq!(world.tidy_after(1).await, answers);
    assert_eq!(world.tidy_after(14).await, nothing);
    let logs = Tidied {
        events: 1,
        refused: 1,
        ..nothing
    };
    assert_eq!(world.tidy_after(15).await, logs);
    assert_eq!(
        world.tidy_after(99).await,
        nothing,
        "an open question stays"
    );
    world
        .sql(&format!(
            "UPDATE asks SET state = 'timed_out', ended_at = '{}'",
            world.at
        ))
        .await;
    let asks = Tidied { asks: 1, ..nothing };
    assert_eq!(world.tidy_after(31).await, asks);
}

#[tokio::test]
async fn a_sweep_deletes_no_more_than_its_batches_and_the_next_one_goes_on() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let rows = 25_000;
    world
        .sql(&format!(
            "INSERT INTO events (actor_id, type, data, at)
             SELECT '{agent}', 'x', '{{}}', '{}' FROM generate_series(1, {rows})",
            world.at
        ))
        .await;
    let first = world.tidy_after(99).await.events;
    assert_eq!(first, 20_000);
    let keep = json!(world.tidy_after(99).await.events);
    assert_eq!(keep, json!(rows - 20_000));
}
