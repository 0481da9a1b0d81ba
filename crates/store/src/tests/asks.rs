//! Questions: asked, answered or timed out once, and never in a circle.

use optio_domain::{
    id::MessageId,
    mail::{Marks, ask::Reply},
};

use super::*;

const OPEN_MAX: i64 = 100;

impl World {
    async fn ask(
        &self,
        from: Option<(AgentId, &str)>,
        to: AgentId,
        seconds: i64,
    ) -> Result<MessageId, StoreError> {
        let question = match from {
            Some((_, name)) => self.sent_in(name, None, to, "why?"),
            None => self.letter(to, "why?"),
        };
        let deadline = self.later(seconds);
        let question = NewMessage {
            marks: Marks {
                reply_by: Some(deadline),
                ..Marks::default()
            },
            ..question
        };
        let asker = from.map(|(id, _)| id);
        let asked = self
            .store
            .ask(&question, asker, deadline, ROOMY.into(), OPEN_MAX)
            .await;
        asked.map(|(receipt, _)| receipt.id)
    }

    fn answer_of(&self, from: &str, to: AgentId, ask: MessageId, body: &str) -> NewMessage {
        NewMessage {
            marks: Marks {
                thread: Some(ask),
                in_reply_to: Some(ask),
                ..Marks::default()
            },
            ..self.sent_in(from, None, to, body)
        }
    }

    async fn time_out(&self, ask: MessageId, notice: Option<&NewMessage>, seconds: i64) -> bool {
        let row = self.store.asked(ask).await.unwrap().unwrap();
        let ended = self.store.time_out(&row, notice, self.later(seconds)).await;
        ended.unwrap()
    }

    async fn ask_state(&self, ask: MessageId) -> (String, bool) {
        let row = self.store.asked(ask).await.unwrap().unwrap();
        (row.state, row.late)
    }
}

#[tokio::test]
async fn a_question_is_mail_with_a_deadline_and_its_reply_ends_the_wait() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    let ask = world.ask(Some((a, "a")), b, 60).await.unwrap();
    assert_eq!(world.inbox(b).await[0].reply_by, Some(world.later(60)));
    let reply = world.answer_of("b", a, ask, "because");
    let (receipt, meaning) = world.store.reply(&reply, ask, ROOMY.into()).await.unwrap();
    assert_eq!((receipt.repeated, meaning), (false, Reply::Answer));
    assert_eq!(world.ask_state(ask).await, ("answered".to_owned(), false));
    assert!(!world.time_out(ask, None, 99).await, "ended twice");
    let row = world.inbox(a).await.remove(0);
    assert_eq!((row.in_reply_to, row.late), (Some(ask.0), false));
    let more = world.answer_of("b", a, ask, "and also");
    let (_, meaning) = world.store.reply(&more, ask, ROOMY.into()).await.unwrap();
    assert_eq!(meaning, Reply::More);
    assert_eq!(world.inbox(a).await.len(), 2);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_reply_after_the_timeout_is_ordinary_mail_marked_as_late() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    let ask = world.ask(Some((a, "a")), b, 60).await.unwrap();
    let due = async |seconds| {
        world
            .store
            .due_asks(world.later(seconds), 9)
            .await
            .unwrap()
            .len()
    };
    assert_eq!((due(59).await, due(60).await), (0, 1));
    let notice = world.keyed(a, "no answer", "timeout");
    assert!(!world.time_out(ask, Some(&notice), 59).await, "too early");
    assert!(world.time_out(ask, Some(&notice), 60).await);
    assert_eq!(due(60).await, 0);
    let reply = world.answer_of("b", a, ask, "sorry");
    let (_, meaning) = world.store.reply(&reply, ask, ROOMY.into()).await.unwrap();
    assert_eq!(meaning, Reply::Late);
    let mail: Vec<_> = world
        .inbox(a)
        .await
        .into_iter()
        .map(|row| (row.body, row.late))
        .collect();
    assert_eq!(
        mail,
        [("no answer".to_owned(), false), ("sorry".to_owned(), true)]
    );
    assert_eq!(world.ask_state(ask).await, ("timed_out".to_owned(), true));
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_person_reads_the_reply_at_the_question() {
    let world = World::new().await;
    let b = world.agent("b").await;
    let ask = world.ask(None, b, 60).await.unwrap();
    let reply = world.answer_of("b", b, ask, "because");
    let (_, meaning) = world.store.reply_outside(&reply, ask).await.unwrap();
    assert_eq!(meaning, Reply::Answer);
    let row = world.store.asked(ask).await.unwrap().unwrap();
    assert_eq!(
        (row.state.as_str(), row.reply_body.as_deref()),
        ("answered", Some("because"))
    );
    let (again, _) = world.store.reply_outside(&reply, ask).await.unwrap();
    assert!(again.repeated);
    let other = world.answer_of("b", b, ask, "or not");
    let refused = world.store.reply_outside(&other, ask).await;
    assert!(matches!(refused, Err(StoreError::Answered)), "{refused:?}");
    let late = world.ask(None, b, 60).await.unwrap();
    assert!(world.time_out(late, None, 60).await);
    world.store.reply_outside(&reply, late).await.unwrap();
    assert_eq!(world.ask_state(late).await, ("timed_out".to_owned(), true));
    let told = "SELECT count(*) FROM events WHERE type LIKE 'persistent_agent:ask_%'";
    assert_eq!(world.number(told).await, 3);
}

#[tokio::test]
async fn a_circle_of_waits_is_refused_by_name_and_an_ended_wait_is_none() {
    let world = World::new().await;
    let (a, b, c) = (
        world.agent("a").await,
        world.agent("b").await,
        world.agent("c").await,
    );
    let first = world.ask(Some((a, "a")), b, 60).await.unwrap();
    world.ask(Some((b, "b")), c, 60).await.unwrap();
    let refused = world.ask(Some((c, "c")), a, 60).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Cycle(path) if path == &["c", "a", "b", "c"]),
        "{refused:?}"
    );
    assert!(
        refused
            .to_string()
            .contains("c waits for a waits for b waits for c")
    );
    assert!(
        world.inbox(a).await.is_empty(),
        "a refused question arrived"
    );
    let reply = world.answer_of("b", a, first, "x");
    world
        .store
        .reply(&reply, first, ROOMY.into())
        .await
        .unwrap();
    world.ask(Some((c, "c")), a, 60).await.unwrap();
    world.counters_are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_questions_at_once_that_would_close_a_circle_together_one_is_refused() {
    let world = World::new().await;
    for round in 0..10 {
        let names: Vec<String> = (0..3).map(|n| format!("r{round}-{n}")).collect();
        let mut agents = Vec::new();
        for name in &names {
            agents.push(world.agent(name).await);
        }
        let askers: Vec<_> = (0..3)
            .map(|n| {
                let (world, name) = (world.clone(), names[n].clone());
                let (from, to) = (agents[n], agents[(n + 1) % 3]);
                tokio::spawn(async move { world.ask(Some((from, &name)), to, 60).await })
            })
            .collect();
        let (mut asked, mut refused) = (0, 0);
        for asker in askers {
            match asker.await.unwrap() {
                Ok(_) => asked += 1,
                Err(StoreError::Cycle(path)) => {
                    assert_eq!(path.len(), 4, "{path:?}");
                    refused += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!((asked, refused), (2, 1), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reply_and_many_timeouts_at_once_end_a_wait_once() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    for round in 0..10 {
        let ask = world.ask(Some((a, "a")), b, 60).await.unwrap();
        let mut ends = Vec::new();
        for _ in 0..4 {
            let world = world.clone();
            ends.push(tokio::spawn(async move {
                let notice = world.letter(a, "no answer");
                world.time_out(ask, Some(&notice), 60).await
            }));
        }
        let replier = {
            let world = world.clone();
            tokio::spawn(async move {
                let reply = world.answer_of("b", a, ask, "because");
                world
                    .store
                    .reply(&reply, ask, ROOMY.into())
                    .await
                    .unwrap()
                    .1
            })
        };
        let mut timed_out = 0;
        for end in ends {
            timed_out += usize::from(end.await.unwrap());
        }
        let meaning = replier.await.unwrap();
        let expected = if meaning == Reply::Answer { 0 } else { 1 };
        assert_eq!(timed_out, expected, "round {round}: {meaning:?}");
        let notices = world.bodies(a).await;
        let notices = notices.iter().filter(|body| *body == "no answer").count();
        let all = "SELECT count(*) FROM asks WHERE state = 'timed_out'";
        assert_eq!(i64::try_from(notices).unwrap(), world.number(all).await);
    }
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_repeated_question_is_the_first_one_and_too_many_are_refused() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    let question = NewMessage {
        key: Some("k".to_owned()),
        ..world.sent_in("a", None, b, "why?")
    };
    let put = async |question: &NewMessage, open_max| {
        let deadline = world.later(60);
        world
            .store
            .ask(question, Some(a), deadline, ROOMY.into(), open_max)
            .await
    };
    let (first, _) = put(&question, 1).await.unwrap();
    let again = NewMessage {
        id: MessageId(fresh()),
        ..question.clone()
    };
    let (second, deadline) = put(&again, 1).await.unwrap();
    assert_eq!(
        (second.id, second.repeated, deadline),
        (first.id, true, world.later(60))
    );
    let other = world.sent_in("a", None, b, "and why?");
    let refused = put(&other, 1).await;
    assert!(
        matches!(refused, Err(StoreError::AsksOpen(1))),
        "{refused:?}"
    );
    assert_eq!(world.inbox(b).await.len(), 1);
    world.counters_are_right().await;
}

#[tokio::test]
async fn an_agent_that_was_removed_meanwhile_asks_nothing() {
    let world = World::new().await;
    let (asker, asked) = (world.agent("a").await, world.agent("b").await);
    let mut step = world.begin(asker).await;
    step.purge_agent().await.unwrap();
    step.commit().await.unwrap();
    let refused = world.ask(Some((asker, "a")), asked, 60).await;
    assert!(
        matches!(refused, Err(StoreError::NoReceiver)),
        "{refused:?}"
    );
    assert_eq!(world.number("SELECT count(*) FROM asks").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 0);
}
