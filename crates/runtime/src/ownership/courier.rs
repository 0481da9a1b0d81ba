//! Carries words between replicas: many at once, after the commit, over connections of its own.

use std::{collections::BTreeMap, time::Duration};

use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::ReplicaId,
};
use optio_store::ownership::{Heard, Registry};
use tokio::sync::mpsc;

use super::peers::{Peers, Word};

/// The channel on which everybody hears that shards or replicas have changed.
pub(super) const COMMON: &str = "optio_ownership";
/// Words taken at once.
const BATCH: usize = 4_096;
/// How long the courier rests between two batches: what comes meanwhile goes together.
const REST: Duration = Duration::from_millis(5);
/// Actors named in one payload, which may have 8,000 bytes.
const KEYS_MAX: usize = 150;
/// What a payload begins with.
const LOOK: &str = "look";
const STREAM: &str = "stream";
/// How long until the connection is tried again.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// The channel of one replica.
pub(super) fn channel(replica: ReplicaId) -> String {
    format!("optio_{}", replica.0.simple())
}

/// Sends what is said until nobody can say anything any more.
pub(super) async fn carry(registry: Registry, peers: Peers, mut said: mpsc::Receiver<Word>) {
    let mut words = Vec::with_capacity(BATCH);
    while 0 < said.recv_many(&mut words, BATCH).await {
        let payloads = payloads(&words, &peers.listening());
        if let Err(error) = registry.say(&payloads).await {
            tracing::debug!(%error, "the others could not be told, the sweep will");
        }
        peers.said(words.len());
        words.clear();
        tokio::time::sleep(REST).await;
    }
}

/// What is sent where: each thing once, however often it was said.
fn payloads(words: &[Word], listening: &[ReplicaId]) -> Vec<(String, String)> {
    let mut looks: BTreeMap<ReplicaId, Vec<ActorKey>> = BTreeMap::new();
    for word in words {
        if let Word::Look(replica, key) = word {
            looks.entry(*replica).or_default().push(*key);
        }
    }
    let mut payloads = Vec::new();
    if words.contains(&Word::Ownership) {
        payloads.push((COMMON.to_owned(), String::new()));
    }
    for (replica, mut keys) in looks {
        keys.sort_unstable();
        keys.dedup();
        for some in keys.chunks(KEYS_MAX) {
            let keys: Vec<String> = some.iter().map(ToString::to_string).collect();
            payloads.push((channel(replica), format!("{LOOK} {}", keys.join(" "))));
        }
    }
    if words.contains(&Word::Stream) {
        payloads.extend(listening.iter().map(|it| (channel(*it), STREAM.to_owned())));
    }
    payloads
}

/// What another replica has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// These actors should look.
    Look(Vec<ActorKey>),
    /// The live stream should look.
    Stream,
    /// Shards or replicas have changed.
    Ownership,
    /// Anything may have been missed.
    Gap,
}

/// Listens for `me` until it is dropped, because we have another name.
pub(super) async fn listen(registry: Registry, me: ReplicaId, told: mpsc::Sender<Told>) {
    loop {
        let channels = [channel(me), COMMON.to_owned()];
        match registry.listen(&channels).await {
            Ok(mut listener) => {
                let mut heard = Told::Gap;
                while told.send(heard).await.is_ok() {
                    match listener.next().await {
                        Ok(next) => heard = understand(&next),
                        Err(_away) => break,
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "cannot hear the others, will try again"),
        }
        tokio::time::sleep(AWAY_PAUSE).await;
    }
}

fn understand(heard: &Heard) -> Told {
    let Heard::Words { channel, words } = heard else {
        return Told::Gap;
    };
    if channel == COMMON {
        return Told::Ownership;
    }
    if words == STREAM {
        return Told::Stream;
    }
    Told::Look(words.split(' ').filter_map(parse).collect())
}

fn parse(text: &str) -> Option<ActorKey> {
    let (kind, id) = text.split_once('/')?;
    Some(ActorKey {
        kind: ActorKind::parse(kind)?,
        id: id.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(number: u128) -> ActorKey {
        ActorKey {
            kind: ActorKind::Agent,
            id: Uuid::from_u128(number),
        }
    }

    #[test]
    fn what_is_said_often_is_sent_once_and_no_payload_is_too_long() {
        let (one, other) = (ReplicaId(Uuid::from_u128(1)), ReplicaId(Uuid::from_u128(2)));
        let mut words: Vec<Word> = (0..400).map(|n| Word::Look(one, key(n % 200))).collect();
        words.extend([Word::Stream, Word::Ownership, Word::Stream]);
        words.push(Word::Look(other, key(7)));
        let payloads = payloads(&words, &[other]);
        assert!(payloads.iter().all(|(_, words)| words.len() < 8_000));
        let to = |name: &str| payloads.iter().filter(|it| it.0 == name).count();
        assert_eq!(
            (to(COMMON), to(&channel(one)), to(&channel(other))),
            (1, 2, 2)
        );
        let mut heard: Vec<ActorKey> = Vec::new();
        for (channel, words) in payloads {
            match understand(&Heard::Words { channel, words }) {
                Told::Look(keys) => heard.extend(keys),
                Told::Stream | Told::Ownership | Told::Gap => {}
            }
        }
        heard.sort_unstable();
        let mut expected: Vec<ActorKey> = (0..200).map(key).collect();
        expected.insert(7, key(7));
        assert_eq!(heard, expected);
    }
}
