//! Group commit: in order, durable before it is answered, bounded.

use std::sync::atomic::AtomicBool;

use optio_domain::mail::Topic;
use optio_store::mail::Audience;

use super::*;
use crate::SendError;

struct Post {
    world: World,
    mailroom: Mailroom,
    fake: Arc<Fake>,
    to: AgentId,
}

impl Post {
    async fn new() -> Self {
        let fake = Fake::resting();
        let world = World::with(&fake).await;
        let to = agent(&world.store, "a", now() + TimeDelta::hours(1)).await;
        let stream = Stream::start(world.store.clone());
        let mailroom = Mailroom::start(
            world.store.clone(),
            world.hints.clone(),
            stream,
            Limits::default(),
        );
        Self {
            world,
            mailroom,
            fake,
            to,
        }
    }

    /// What was sent by these tests, without the mission.
    async fn arrived(&self) -> Vec<MessageRow> {
        inbox(&self.world.store, self.to).await.split_off(1)
    }
}

fn from(sender: usize, n: usize, to: AgentId) -> NewMessage {
    NewMessage {
        sender: Sender::External(format!("s{sender}")),
        key: Some(format!("{n}")),
        ..letter(to, &format!("{n}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_senders_mail_arrives_in_its_order_and_was_durable_when_answered() {
    let post = Post::new().await;
    let senders: Vec<_> = (0..64)
        .map(|sender| {
            let (mailroom, to, store) = (post.mailroom.clone(), post.to, post.world.store.clone());
            tokio::spawn(async move {
                for n in 0..20 {
                    let receipt = mailroom.send(from(sender, n, to)).await.unwrap();
                    assert!(!receipt.repeated);
                    if n == 10 {
                        let durable = inbox(&store, to).await;
                        assert!(durable.iter().any(|row| row.id == receipt.id.0));
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let arrived = post.arrived().await;
    assert_eq!(arrived.len(), 64 * 20);
    for sender in 0..64 {
        let name = format!("s{sender}");
        let bodies: Vec<_> = arrived
            .iter()
            .filter(|row| row.sender_id == name)
            .map(|row| row.body.parse::<usize>().unwrap())
            .collect();
        assert_eq!(bodies, (0..20).collect::<Vec<_>>());
    }
    until("the receiver looks", async || {
        !post.fake.steps(post.to.0).is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_full_mailroom_says_so_and_keeps_what_it_took() {
    let post = Post::new().await;
    let senders: Vec<_> = (0..9_000)
        .map(|n| {
            let (mailroom, to) = (post.mailroom.clone(), post.to);
            tokio::spawn(async move { mailroom.send(from(0, n, to)).await })
        })
        .collect();
    let (mut taken, mut busy) = (0, 0);
    for sender in senders {
        match sender.await.unwrap() {
            Ok(_) => taken += 1,
            Err(SendError::Busy) => busy += 1,
            Err(SendError::Store(error)) => panic!("{error:?}"),
        }
    }
    assert!(0 < busy, "the mailroom has no bound");
    assert_eq!(taken + busy, 9_000);
    assert_eq!(post.arrived().await.len(), taken);
}

#[tokio::test]
async fn a_repeated_key_gets_the_first_receipt_and_wakes_nobody() {
    let post = Post::new().await;
    let (first, twin) = (from(0, 0, post.to), from(0, 0, post.to));
    let (one, other) = tokio::join!(post.mailroom.send(first), post.mailroom.send(twin));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(
        (one.id, one.repeated, other.repeated),
        (other.id, false, true)
    );
    let changed = NewMessage {
        body: "another".to_owned(),
        ..from(0, 0, post.to)
    };
    let refused = post.mailroom.send(changed).await.unwrap_err();
    assert!(
        matches!(refused, SendError::Store(StoreError::KeyReused(_))),
        "{refused:?}"
    );
    assert_eq!(post.arrived().await.len(), 1);
}

#[tokio::test]
async fn one_message_that_cannot_be_stored_does_not_take_its_batch_down() {
    let post = Post::new().await;
    let senders: Vec<_> = (0..9)
        .map(|n| {
            let mut message = from(0, n, post.to);
            if n == 4 {
                message.body = "Postgres cannot hold \0".to_owned();
            }
            let mailroom = post.mailroom.clone();
            tokio::spawn(async move { mailroom.send(message).await.is_ok() })
        })
        .collect();
    for (n, sender) in senders.into_iter().enumerate() {
        assert_eq!(sender.await.unwrap(), n != 4, "message {n}");
    }
    let bodies: Vec<_> = post
        .arrived()
        .await
        .into_iter()
        .map(|row| row.body)
        .collect();
    assert_eq!(bodies, ["0", "1", "2", "3", "5", "6", "7", "8"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_doubled_when_connections_break_all_the_time() {
    let post = Post::new().await;
    let over = Arc::new(AtomicBool::new(false));
    let breaker = {
        let (over, store) = (Arc::clone(&over), post.world.store.clone());
        tokio::spawn(async move {
            let mut ended = 0;
            while !over.load(Ordering::SeqCst) {
                ended += optio_store::testing::disconnect(&store).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ended
        })
    };
    let senders: Vec<_> = (0..16)
        .map(|sender| {
            let (mailroom, to) = (post.mailroom.clone(), post.to);
            tokio::spawn(async move {
                let mut errors = 0;
                for n in 0..60 {
                    // Whoever is told that the database is away says it again, with the same key.
                    while let Err(error) = mailroom.send(from(sender, n, to)).await {
                        let away = matches!(error, SendError::Store(StoreError::Unavailable(_)));
                        assert!(away, "{error:?}");
                        errors += 1;
                    }
                }
                errors
            })
        })
        .collect();
    let mut errors = 0;
    for sender in senders {
        errors += sender.await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    assert!(0 < breaker.await.unwrap() + errors, "nothing was broken");
    assert_eq!(post.arrived().await.len(), 16 * 60);
    post.mailroom.send(from(99, 0, post.to)).await.unwrap();
}

#[tokio::test]
async fn a_closed_database_is_told_and_not_waited_for() {
    let post = Post::new().await;
    post.world.store.close().await;
    let refused = post.mailroom.send(from(0, 0, post.to)).await.unwrap_err();
    assert!(
        matches!(refused, SendError::Store(StoreError::Unavailable(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_publication_arrives_after_what_was_sent_before_it() {
    let post = Post::new().await;
    let sender = agent(&post.world.store, "sender", now() + TimeDelta::hours(1)).await;
    let as_sender = |body: &str| NewMessage {
        sender: Sender::Agent {
            workspace: "default".to_owned(),
            slug: "sender".to_owned(),
        },
        ..letter(post.to, body)
    };
    let publication = crate::Publication {
        message: as_sender("second"),
        audience: Audience {
            workspace: "default".to_owned(),
            topic: Topic::all(),
            publisher: Some(sender),
        },
    };
    let (one, all, two) = tokio::join!(
        post.mailroom.send(as_sender("first")),
        post.mailroom.publish(publication),
        post.mailroom.send(as_sender("third")),
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(all.unwrap().delivered, 1);
    let bodies: Vec<_> = post
        .arrived()
        .await
        .into_iter()
        .map(|row| row.body)
        .collect();
    assert_eq!(bodies, ["first", "second", "third"]);
    until("the receiver looks", async || {
        !post.fake.steps(post.to.0).is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_writer_that_falls_is_replaced_and_loses_only_what_it_held() {
    let (items, inbox) = tokio::sync::mpsc::channel(9);
    let mut answers = Vec::new();
    for word in ["first", "bad", "last"] {
        let (reply, answer) = tokio::sync::oneshot::channel::<&str>();
        items.try_send((word, reply)).unwrap();
        answers.push(answer);
    }
    drop(items);
    crate::mailroom::supervise(inbox, |inbox| async move {
        while let Some((word, reply)) = inbox.lock().await.recv().await {
            assert_ne!(word, "bad", "it falls");
            reply.send(word).unwrap();
        }
    })
    .await;
    let mut told = Vec::new();
    for answer in answers {
        told.push(answer.await.ok());
    }
    assert_eq!(told, [Some("first"), None, Some("last")]);
}
