//! Trackers: each place once, tokens that are sealed and shown to nobody, and what people change.

use optio_domain::{
    id::{SecretId, TrackerId},
    secret::SecretText,
    tracker::{Source, TrackerSpec},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    testing::MemoryKeys,
    tickets::{AddedTracker, ChangedTracker, NewTracker, TrackerChange, TrackerRow},
};

pub(super) const W: &str = "default";

pub(super) fn spec(source: Source, config: Value) -> TrackerSpec {
    let Value::Object(config) = config else {
        panic!("{config} is no configuration");
    };
    TrackerSpec::read(source, &config).unwrap().0
}

pub(super) fn github(repo: &str) -> TrackerSpec {
    spec(Source::GitHub, json!({ "owner": "ada", "repo": repo }))
}

pub(super) fn linear() -> TrackerSpec {
    spec(
        Source::Linear,
        json!({ "repoUrl": "https://github.com/ada/engine" }),
    )
}

/// A database with a key.
pub(super) async fn sealed() -> (World, MemoryKeys) {
    let world = World::new().await;
    let keys = MemoryKeys::new(&[1]);
    let store = keys.open(&world.store);
    store.check_keys(world.at).await.unwrap();
    (World { store, ..world }, keys)
}

impl World {
    async fn try_tracker(&self, spec: &TrackerSpec, token: Option<&str>) -> AddedTracker {
        let token = token.map(SecretText::new);
        let new = NewTracker {
            id: TrackerId(fresh()),
            workspace: W,
            spec,
            token: token.as_ref().map(|token| (SecretId(fresh()), token)),
            enabled: true,
            by: "user:ada",
            at: self.at,
        };
        self.store.add_tracker(&new).await.unwrap()
    }

    pub(super) async fn tracker(&self, spec: &TrackerSpec, token: Option<&str>) -> TrackerRow {
        match self.try_tracker(spec, token).await {
            AddedTracker::Yes(row) => *row,
            other @ (AddedTracker::Already(_) | AddedTracker::Full(_)) => panic!("{other:?}"),
        }
    }

    async fn token(&self, tracker: TrackerId) -> Option<String> {
        let token = self.store.tracker_token(W, tracker).await.unwrap();
        token.map(|token| token.reveal().to_owned())
    }

    async fn change(
        &self,
        tracker: TrackerId,
        change: impl FnOnce(&TrackerRow) -> Result<TrackerChange, &'static str>,
    ) -> ChangedTracker<&'static str> {
        let changed = self
            .store
            .change_tracker(W, tracker, SecretId(fresh()), self.at, change);
        changed.await.unwrap()
    }
}

#[tokio::test]
async fn a_place_is_looked_at_once_for_each_label() {
    let (world, _) = sealed().await;
    let row = world.tracker(&github("engine"), None).await;
    assert_eq!(
        (&row.spec, row.has_token, row.enabled),
        (&github("engine"), false, true)
    );
    let again = world.try_tracker(&github("ENGINE"), None).await;
    assert_eq!(again, AddedTracker::Already(row.id));
    let labelled = spec(
        Source::GitHub,
        json!({ "owner": "ada", "repo": "engine", "label": "b" }),
    );
    let other = world.tracker(&labelled, None).await;
    // Both were added at the same moment of this world.
    let listed = world.store.trackers(W).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed.contains(&row) && listed.contains(&other),
        "{listed:?}"
    );
    assert_eq!(
        world.store.tracker(W, row.id).await.unwrap(),
        Some(row.clone())
    );
    assert_eq!(world.store.tracker("another", row.id).await.unwrap(), None);
    let change = |label: &'static str| {
        move |row: &TrackerRow| {
            let mut spec = row.spec.clone();
            label.clone_into(&mut spec.label);
            Ok(TrackerChange {
                spec,
                token: None,
                enabled: true,
            })
        }
    };
    let taken = world.change(other.id, change("Optio")).await;
    assert_eq!(taken, ChangedTracker::Already(row.id));
    let changed = world.change(other.id, change("c")).await;
    assert!(matches!(changed, ChangedTracker::Yes(row) if row.spec.label == "c"));
    let missing = world.change(TrackerId(fresh()), change("c")).await;
    assert_eq!(missing, ChangedTracker::Missing);
    let refused = world.change(row.id, |_| Err("not so")).await;
    assert_eq!(refused, ChangedTracker::Refused("not so"));
}

#[tokio::test]
async fn a_token_is_sealed_changed_and_removed_and_is_no_secret_that_people_see() {
    let (world, _) = sealed().await;
    let row = world.tracker(&linear(), Some("hunter2")).await;
    assert!(row.has_token);
    assert_eq!(world.token(row.id).await.as_deref(), Some("hunter2"));
    let kept = "SELECT count(*) FROM trackers WHERE to_jsonb(trackers)::text LIKE '%hunter2%'";
    assert_eq!(world.number(kept).await, 0);
    let sealed = "SELECT count(*) FROM secrets WHERE position('hunter2'::bytea IN sealed) = 0";
    assert_eq!(world.number(sealed).await, 1);
    let listed = world.store.secrets(W, "ada", None, None, 9).await.unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    let given = world.store.secrets_for(W, Some("ada"), None).await.unwrap();
    assert!(given.is_empty(), "no program is given it");
    let with = |token: Option<Option<&str>>| {
        let token = token.map(|token| token.map(SecretText::new));
        move |row: &TrackerRow| {
            Ok(TrackerChange {
                spec: row.spec.clone(),
                token,
                enabled: false,
            })
        }
    };
    let _same = world.change(row.id, with(None)).await;
    assert_eq!(world.token(row.id).await.as_deref(), Some("hunter2"));
    let _another = world
        .change(row.id, with(Some(Some("correct horse"))))
        .await;
    assert_eq!(world.token(row.id).await.as_deref(), Some("correct horse"));
    let none = world.change(row.id, with(Some(None))).await;
    assert!(matches!(none, ChangedTracker::Yes(row) if !row.has_token && !row.enabled));
    assert_eq!(world.token(row.id).await, None);
}

#[tokio::test]
async fn another_key_for_everything_is_another_key_for_tokens_of_trackers() {
    let (world, keys) = sealed().await;
    let row = world.tracker(&linear(), Some("hunter2")).await;
    let rotated = world.store.rotate_key(world.at).await.unwrap();
    assert_eq!(rotated.secrets, 1);
    let later = World {
        store: keys.open(&world.store),
        ..world.clone()
    };
    assert_eq!(later.token(row.id).await.as_deref(), Some("hunter2"));
}

#[tokio::test]
async fn a_removed_tracker_leaves_neither_its_token_nor_its_actor_behind() {
    let (world, _) = sealed().await;
    let row = world.tracker(&linear(), Some("hunter2")).await;
    assert!(!world.store.delete_tracker("another", row.id).await.unwrap());
    assert_eq!(world.token(row.id).await.as_deref(), Some("hunter2"));
    assert!(world.store.delete_tracker(W, row.id).await.unwrap());
    assert!(!world.store.delete_tracker(W, row.id).await.unwrap());
    for left in ["secrets", "trackers", "actors WHERE kind = 'tracker'"] {
        assert_eq!(
            world.number(&format!("SELECT count(*) FROM {left}")).await,
            0,
            "{left}"
        );
    }
}
