//! Closing turns: what becomes of the mail, the totals, the session.

use optio_domain::{
    agent::{
        closing::{Closing, MailFate, cancelled},
        seen::Hold,
    },
    run::{Failure, FailureClass, HaltReason},
    transcript::End,
};
use rust_decimal::Decimal;

use super::*;
use crate::mail::{Fate, Which};
use crate::turns::Standing;

pub(super) fn done() -> Closing {
    Closing {
        halt: HaltReason::Natural,
        mail: MailFate::Consumed,
        ..cancelled(0)
    }
}

fn failed() -> Closing {
    let failure = Failure::new(FailureClass::Crash, "it crashed");
    Closing {
        halt: failure.halt(),
        failure: Some(failure),
        mail: MailFate::GivenBack,
        failures: 1,
        ..cancelled(0)
    }
}

fn spent(session: &str, cents: i64, tokens: i64) -> Facts {
    Facts {
        session: Some(session.to_owned()),
        model: Some("m".to_owned()),
        end: Some(End {
            success: true,
            summary: "all done".to_owned(),
            cost_usd: Some(Decimal::new(cents, 2)),
            input_tokens: Some(tokens),
            output_tokens: Some(tokens * 2),
            class: None,
        }),
        ..Facts::default()
    }
}

impl World {
    async fn turn_with(&self, agent: AgentId, closing: &Closing, facts: &Facts) -> TurnId {
        let turn = self.open(agent).await.expect("mail waits");
        self.close(agent, turn, closing, facts).await.unwrap();
        turn
    }
}

#[tokio::test]
async fn a_turn_that_succeeds_consumes_its_mail() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 2).await;
    let turn = world.turn_with(agent, &done(), &spent("s", 125, 10)).await;
    for message in world.inbox(agent).await {
        assert_eq!(message.state, "consumed");
        assert_eq!(
            (message.turn_id, message.processed_at),
            (Some(turn.0), Some(world.at))
        );
    }
    let row = world.store.turn(agent, turn).await.unwrap().unwrap();
    assert_eq!(row.halt_reason.as_deref(), Some("natural"));
    assert_eq!(
        (row.cost_usd, row.input_tokens),
        (Some(Decimal::new(125, 2)), Some(10))
    );
    assert_eq!(row.output_tokens, Some(20));
    assert_eq!(row.summary.as_deref(), Some("all done"));
    assert_eq!((row.error, row.finished_at), (None, Some(world.at)));
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_failed_turn_gives_its_mail_back_and_the_fifth_time_it_dies_with_its_reason() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 2).await;
    for attempt in 1..ATTEMPTS_MAX {
        world.turn_with(agent, &failed(), &Facts::default()).await;
        assert_eq!(
            world.states(agent).await,
            vec![("pending".to_owned(), attempt); 2]
        );
        assert_eq!(world.see(agent).await.agent.inbox_pending, 2);
        world.counters_are_right().await;
    }
    world.turn_with(agent, &failed(), &Facts::default()).await;
    for message in world.inbox(agent).await {
        assert_eq!(message.state, "dead");
        let reason = message.dead_reason.unwrap();
        assert_eq!(
            reason,
            "given to 5 turns that failed; the last one: it crashed"
        );
    }
    let told = "SELECT count(*) FROM events WHERE type = 'persistent_agent:dead_letter'";
    assert_eq!(world.number(told).await, 2);
    assert_eq!(world.open(agent).await, None);
    world.counters_are_right().await;
}

#[tokio::test]
async fn mail_given_back_is_read_before_what_came_later() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 2).await;
    world.open(agent).await.unwrap();
    world.deliver(&world.letter(agent, "later")).await.unwrap();
    let turn = world.see(agent).await.turn.unwrap().turn;
    world
        .close(agent, turn, &failed(), &Facts::default())
        .await
        .unwrap();
    let turn = world.open(agent).await.unwrap();
    let prompt = world
        .store
        .turn(agent, turn)
        .await
        .unwrap()
        .unwrap()
        .prompt_used;
    let places: Vec<_> = ["\"0\"", "\"1\"", "\"later\""]
        .map(|body| prompt.find(body).expect("it is in the prompt"))
        .to_vec();
    assert!(places.is_sorted(), "{prompt}");
}

#[tokio::test]
async fn mail_of_a_cancelled_turn_is_as_if_it_had_never_been_read() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 2).await;
    for _round in 0..=ATTEMPTS_MAX {
        world
            .turn_with(agent, &cancelled(0), &Facts::default())
            .await;
        assert_eq!(
            world.states(agent).await,
            vec![("pending".to_owned(), 0); 2]
        );
        world.counters_are_right().await;
    }
}

#[tokio::test]
async fn a_turn_is_closed_once() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.turn_with(agent, &done(), &spent("s", 100, 1)).await;
    let again = world.close(agent, turn, &done(), &spent("s", 100, 1)).await;
    assert!(matches!(again, Err(StoreError::Moved)), "{again:?}");
    assert_eq!(
        world.see(agent).await.agent.total_cost_usd,
        Decimal::new(100, 2)
    );
}

#[tokio::test]
async fn totals_grow_with_every_turn_also_with_one_that_failed() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    for (closing, facts) in [
        (done(), spent("s", 125, 10)),
        (failed(), spent("s", 50, 5)),
        (cancelled(1), Facts::default()),
    ] {
        world.mail(agent, 1).await;
        world.turn_with(agent, &closing, &facts).await;
    }
    let agent = world.see(agent).await.agent;
    assert_eq!(agent.total_cost_usd, Decimal::new(175, 2));
    assert_eq!(
        (agent.total_input_tokens, agent.total_output_tokens),
        (15, 30)
    );
    assert_eq!((agent.turns_taken, agent.last_turn_at), (3, Some(world.at)));
}

#[tokio::test]
async fn a_turn_that_told_nothing_has_no_usage() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.turn_with(agent, &failed(), &Facts::default()).await;
    let row = world.store.turn(agent, turn).await.unwrap().unwrap();
    assert_eq!(
        (row.cost_usd, row.input_tokens, row.output_tokens),
        (None, None, None)
    );
    assert_eq!(
        (row.error.as_deref(), row.error_class.as_deref()),
        (Some("it crashed"), Some("crash"))
    );
}

#[tokio::test]
async fn the_session_is_kept_until_it_must_be_forgotten() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let forget = Closing {
        forget_session: true,
        ..cancelled(0)
    };
    for (closing, facts, kept) in [
        (done(), spent("one", 0, 0), Some("one")),
        (failed(), Facts::default(), Some("one")),
        (done(), spent("two", 0, 0), Some("two")),
        (forget, spent("three", 0, 0), None),
    ] {
        world.mail(agent, 1).await;
        world.turn_with(agent, &closing, &facts).await;
        assert_eq!(world.see(agent).await.agent.session_id.as_deref(), kept);
    }
}

#[tokio::test]
async fn a_failure_is_remembered_with_its_pause_until_a_success_forgives_it() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let hold = Hold {
        until: world.later(60),
        reason: "a pause".to_owned(),
    };
    let closing = Closing {
        hold: Some(hold.clone()),
        rate_limits: 2,
        ..failed()
    };
    world.mail(agent, 1).await;
    world.turn_with(agent, &closing, &Facts::default()).await;
    let row = world.see(agent).await.agent;
    assert_eq!(
        (row.hold, row.consecutive_failures, row.rate_limits),
        (Some(hold), 1, 2)
    );
    assert_eq!(row.last_failure_class.as_deref(), Some("crash"));
    assert_eq!(
        (row.last_failure_reason.as_deref(), row.last_failure_at),
        (Some("it crashed"), Some(world.at))
    );
    world.turn_with(agent, &done(), &Facts::default()).await;
    let row = world.see(agent).await.agent;
    assert_eq!(
        (row.hold, row.consecutive_failures, row.rate_limits),
        (None, 0, 0)
    );
    assert_eq!(row.last_failure_class.as_deref(), Some("crash"));
}

#[tokio::test]
async fn a_dead_letter_is_replayed_once_and_as_if_new() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    for _attempt in 0..ATTEMPTS_MAX {
        world.turn_with(agent, &failed(), &Facts::default()).await;
    }
    let id = MessageId(world.inbox(agent).await[0].id);
    let numbers = world.store.inbox(agent.into()).await.unwrap();
    assert_eq!(
        (numbers.pending, numbers.oldest, numbers.dead),
        (0, None, 1)
    );
    let elsewhere = world.agent("b").await;
    let replay = async |which| {
        let settled = world
            .store
            .settle_dead(which, Fate::Replay, world.at, 9)
            .await;
        settled.unwrap().count
    };
    assert_eq!(replay(Which::OfAgent(elsewhere)).await, 0);
    assert_eq!(replay(Which::One(id)).await, 1);
    assert_eq!(replay(Which::One(id)).await, 0);
    assert_eq!(world.states(agent).await, [("pending".to_owned(), 0)]);
    world.counters_are_right().await;
    world.turn_with(agent, &done(), &Facts::default()).await;
    assert_eq!(world.states(agent).await, [("consumed".to_owned(), 0)]);
}

#[tokio::test]
async fn a_token_stands_as_long_as_its_turn_is_open() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    let standing = async |epoch| world.store.standing(agent, turn, epoch).await.unwrap();
    assert!(matches!(standing(1).await, Standing::Open { .. }));
    assert!(matches!(
        standing(2).await,
        Standing::Ended { number: 1, .. }
    ));
    world
        .close(agent, turn, &done(), &Facts::default())
        .await
        .unwrap();
    assert_eq!(
        standing(1).await,
        Standing::Ended {
            number: 1,
            at: world.at
        }
    );
    let unknown = world
        .store
        .standing(agent, TurnId(fresh()), 1)
        .await
        .unwrap();
    assert_eq!(unknown, Standing::Unknown);
}

#[tokio::test]
async fn turns_are_paged_newest_first() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    for _turn in 0..5 {
        world.mail(agent, 1).await;
        world.turn_with(agent, &done(), &Facts::default()).await;
    }
    let page = async |before| {
        let rows = world.store.turns(agent, before, 2).await.unwrap();
        rows.iter().map(|row| row.turn_number).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [5, 4]);
    assert_eq!(page(Some(4)).await, [3, 2]);
    assert_eq!(page(Some(2)).await, [1]);
}
