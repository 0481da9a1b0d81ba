//! Reading an inbox.

use super::*;

#[tokio::test]
async fn an_inbox_is_paged_newest_first_by_what_is_wanted() {
    let world = World::new().await;
    let (agent, other) = (world.agent("a").await, world.agent("b").await);
    world.mail(agent, 2).await;
    world.mail(other, 1).await;
    world
        .sql("UPDATE messages SET state = 'dead' WHERE body = '0'")
        .await;
    world.mail(agent, 3).await;
    let page = async |wanted, before, limit| {
        let rows = world
            .store
            .messages(agent.into(), wanted, before, limit)
            .await
            .unwrap();
        let bodies: String = rows.iter().map(|row| row.body.as_str()).collect();
        (bodies, rows.last().map(|row| row.seq))
    };
    let (first, cursor) = page(Wanted::All, None, 3).await;
    let (second, _) = page(Wanted::All, cursor, 3).await;
    assert_eq!((first.as_str(), second.as_str()), ("210", "10"));
    assert_eq!(page(Wanted::Pending, None, 9).await.0, "2101");
    assert_eq!(page(Wanted::Dead, None, 9).await.0, "0");
}

#[tokio::test]
async fn an_inbox_in_numbers_knows_its_oldest() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let first = NewMessage {
        at: world.later(-60),
        ..world.letter(agent, "first")
    };
    world.deliver(&first).await.unwrap();
    world.mail(agent, 2).await;
    let inbox = world.store.inbox(agent.into()).await.unwrap();
    assert_eq!(
        (inbox.pending, inbox.oldest, inbox.dead),
        (3, Some(world.later(-60)), 0)
    );
}
