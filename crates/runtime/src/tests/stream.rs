//! The live stream: what was missed, then what happens, without gap or repeat.

use optio_store::events::Cursor;

use super::*;
use crate::stream::Listener;

struct Told {
    store: Store,
    stream: Stream,
    to: AgentId,
}

impl Told {
    async fn new() -> Self {
        let store = optio_store::testing::database().await;
        let to = agent(&store, "a", now()).await;
        let stream = Stream::start(store.clone());
        Self { store, stream, to }
    }

    /// Makes events that carry these numbers.
    async fn tell(&self, numbers: std::ops::Range<usize>) {
        tell(&self.store, self.to, numbers).await;
        self.stream.hint();
    }

    /// Listens after the event of the agent's mission.
    async fn listen(&self) -> Listener {
        let mut listener = self
            .stream
            .listen(Some(Cursor::default()), None)
            .await
            .unwrap();
        assert_eq!(next(&mut listener).await.0, "go");
        listener
    }
}

async fn tell(store: &Store, to: AgentId, numbers: std::ops::Range<usize>) {
    let batch: Vec<_> = numbers.map(|n| letter(to, &n.to_string())).collect();
    for chunk in batch.chunks(500) {
        store.send(chunk, i32::MAX).await.unwrap();
    }
}

async fn next(listener: &mut Listener) -> (String, Cursor) {
    let event = tokio::time::timeout(LIMIT, listener.next())
        .await
        .expect("an event comes")
        .unwrap()
        .expect("the stream goes on");
    (
        event.data["body"].as_str().unwrap().to_owned(),
        event.cursor(),
    )
}

async fn expect(listener: &mut Listener, numbers: std::ops::Range<usize>) -> Cursor {
    let mut cursor = Cursor::default();
    for n in numbers {
        let (body, at) = next(listener).await;
        assert_eq!(body, n.to_string());
        cursor = at;
    }
    cursor
}

#[tokio::test]
async fn a_listener_gets_what_it_missed_and_then_what_happens() {
    let told = Told::new().await;
    told.tell(0..5).await;
    let mut listener = told.listen().await;
    told.tell(5..8).await;
    expect(&mut listener, 0..8).await;
    told.tell(8..1_200).await;
    expect(&mut listener, 8..1_200).await;
}

#[tokio::test]
async fn a_listener_goes_on_from_its_cursor() {
    let told = Told::new().await;
    told.tell(0..6).await;
    let mut listener = told.listen().await;
    let cursor = expect(&mut listener, 0..3).await;
    drop(listener);
    let written: Cursor = cursor.to_string().parse().unwrap();
    let mut listener = told.stream.listen(Some(written), None).await.unwrap();
    told.tell(6..9).await;
    expect(&mut listener, 3..9).await;
}

#[tokio::test]
async fn a_listener_without_a_cursor_gets_only_what_comes() {
    let told = Told::new().await;
    let mut all = told.listen().await;
    told.tell(0..3).await;
    expect(&mut all, 0..3).await;
    let mut listener = told.stream.listen(None, None).await.unwrap();
    told.tell(3..5).await;
    expect(&mut listener, 3..5).await;
}

#[tokio::test]
async fn a_listener_that_falls_behind_misses_nothing() {
    let told = Told::new().await;
    let (mut slow, mut quick) = (told.listen().await, told.listen().await);
    {
        // With nothing to catch up with, it now waits for what happens.
        let mut waiting = std::pin::pin!(next(&mut slow));
        let early = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
        assert!(early.is_err(), "there is nothing to hear yet");
        told.tell(0..1).await;
        assert_eq!(waiting.await.0, "0");
    }
    expect(&mut quick, 0..1).await;
    for from in (1..6_001).step_by(1_000) {
        told.tell(from..from + 1_000).await;
        expect(&mut quick, from..from + 1_000).await;
    }
    expect(&mut slow, 1..6_001).await;
    told.tell(6_001..6_003).await;
    expect(&mut slow, 6_001..6_003).await;
}

#[tokio::test]
async fn a_listener_of_one_actor_hears_nothing_of_others() {
    let told = Told::new().await;
    let other = agent(&told.store, "b", now()).await;
    let mut listener = told
        .stream
        .listen(Some(Cursor::default()), Some(told.to.0))
        .await
        .unwrap();
    assert_eq!(next(&mut listener).await.0, "go");
    for n in 0..4 {
        tell(&told.store, other, 100 + n..101 + n).await;
        told.tell(n..n + 1).await;
    }
    expect(&mut listener, 0..4).await;
}

#[tokio::test]
async fn what_happens_before_the_reader_begins_is_not_lost() {
    let store = optio_store::testing::database().await;
    let to = agent(&store, "a", now()).await;
    let stream = Stream::new(store.clone());
    let mut listening = {
        let stream = stream.clone();
        tokio::spawn(async move {
            let mut listener = stream.listen(Some(Cursor::default()), None).await.unwrap();
            next(&mut listener).await;
            next(&mut listener).await.0
        })
    };
    let early = tokio::time::timeout(Duration::from_millis(200), &mut listening).await;
    assert!(early.is_err(), "there is nothing to hear yet");
    tell(&store, to, 0..1).await;
    let settled = async || {
        2 <= store
            .events_after(Cursor::default(), None, 9)
            .await
            .unwrap()
            .len()
    };
    until("it is settled", settled).await;
    let reader = stream.clone();
    tokio::spawn(async move { reader.follow().await });
    assert_eq!(listening.await.unwrap(), "0");
}

#[tokio::test]
async fn what_another_process_did_is_heard_without_a_hint() {
    let told = Told::new().await;
    let mut listener = told.listen().await;
    tell(&told.store, told.to, 0..2).await;
    expect(&mut listener, 0..2).await;
}
