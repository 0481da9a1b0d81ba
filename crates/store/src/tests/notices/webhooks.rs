//! Webhooks as rows, and their secrets.

use optio_domain::{id::SecretId, secret::Place};

use super::*;
use crate::{
    notices::SecretChange,
    secrets::SecretError,
    testing::{MemoryKeys, with_secrets},
};

impl World {
    async fn changed_hook(
        &self,
        hook: WebhookId,
        after_s: i64,
        secret: SecretChange,
    ) -> WebhookRow {
        let change = |spec| Ok::<_, ()>((spec, secret));
        let (id, at) = (SecretId(fresh()), self.later(after_s));
        let row = self.store.change_webhook(W, hook, id, at, change).await;
        row.unwrap().unwrap().unwrap()
    }

    /// What a delivery is signed with.
    async fn signed_with(&self, hook: WebhookId, after_s: i64) -> Vec<String> {
        let found = self.store.webhook_to_tell(hook, self.later(after_s)).await;
        let (_, secrets) = found.unwrap().unwrap();
        secrets.iter().map(|it| it.reveal().to_owned()).collect()
    }
}

fn set(text: &str) -> SecretChange {
    SecretChange::Set(SecretText::new(text))
}

#[tokio::test]
async fn every_decision_comes_back_as_it_was_written() {
    let world = World::with_keys().await;
    let spec = WebhookSpec {
        description: Some("ops".to_owned()),
        ..hook_spec(&[NoticeEvent::TaskFailed, NoticeEvent::AgentPaused])
    };
    let row = world.hook_of(W, &spec, Some("hush")).await;
    assert_eq!((&row.spec, row.signed), (&spec, true));
    assert_eq!(
        world.store.webhook(W, row.id).await.unwrap(),
        Some(row.clone())
    );
    assert_eq!(world.store.webhook("other", row.id).await.unwrap(), None);
    assert_eq!(
        world.store.webhooks(W, None, 9).await.unwrap(),
        std::slice::from_ref(&row)
    );
    let other = WebhookSpec {
        url: WebhookUrl::parse("url", "http://other.example:8080/x?y").unwrap(),
        events: vec![NoticeEvent::RunFailed],
        description: None,
        active: false,
    };
    let change = |_| Ok::<_, ()>((other.clone(), SecretChange::Keep));
    let id = SecretId(fresh());
    let changed = world
        .store
        .change_webhook(W, row.id, id, world.later(1), change)
        .await;
    let changed = changed.unwrap().unwrap().unwrap();
    assert_eq!((&changed.spec, changed.signed), (&other, true));
    assert_eq!(
        (changed.created_at, changed.updated_at),
        (world.at, world.later(1))
    );
    let refused = world
        .store
        .change_webhook(W, row.id, id, world.at, |_| Err("no"))
        .await;
    assert_eq!(refused.unwrap(), Some(Err("no")));
    assert_eq!(world.store.webhook(W, row.id).await.unwrap(), Some(changed));
}

#[tokio::test]
async fn a_secret_is_sealed_listed_nowhere_given_to_nobody_and_gone_with_its_webhook() {
    let world = World::with_keys().await;
    let hook = world
        .hook_of(W, &hook_spec(&NoticeEvent::ALL), Some("hunter2"))
        .await
        .id;
    assert_eq!(world.signed_with(hook, 0).await, ["hunter2"]);
    let plain = "SELECT count(*) FROM secrets WHERE position('hunter2'::bytea IN sealed) > 0";
    assert_eq!(world.number(plain).await, 0);
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 1);
    assert!(
        world
            .store
            .secrets(W, "ada", None, None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let given = world.store.secrets_for(W, Some("ada"), None).await.unwrap();
    assert!(given.is_empty(), "{given:?}");
    assert_eq!(
        world.store.secret(W, None, "SIGNING_SECRET").await.unwrap(),
        None
    );
    assert!(!world.store.delete_webhook("other", hook).await.unwrap());
    assert!(world.store.delete_webhook(W, hook).await.unwrap());
    assert!(!world.store.delete_webhook(W, hook).await.unwrap());
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 0);
}

#[tokio::test]
async fn for_a_day_after_a_change_both_secrets_sign() {
    let world = World::with_keys().await;
    let hook = world
        .hook_of(W, &hook_spec(&NoticeEvent::ALL), Some("old"))
        .await
        .id;
    let row = world.changed_hook(hook, 10, set("new")).await;
    let day = 86_400;
    assert_eq!(row.previous_secret_until, Some(world.later(10 + day)));
    assert_eq!(world.signed_with(hook, 10).await, ["new", "old"]);
    assert_eq!(world.signed_with(hook, 9 + day).await, ["new", "old"]);
    assert_eq!(world.signed_with(hook, 10 + day).await, ["new"]);
    // The same once more is no change.
    world.changed_hook(hook, 20, set("new")).await;
    assert_eq!(world.signed_with(hook, 20).await, ["new", "old"]);
    world.changed_hook(hook, 30, set("newest")).await;
    assert_eq!(world.signed_with(hook, 30).await, ["newest", "new"]);
    world.changed_hook(hook, 40, SecretChange::Clear).await;
    assert_eq!(world.signed_with(hook, 40).await, [""; 0]);
    assert!(!world.store.webhook(W, hook).await.unwrap().unwrap().signed);
    world.changed_hook(hook, 50, set("again")).await;
    assert_eq!(world.signed_with(hook, 50).await, ["again"]);
}

#[tokio::test]
async fn another_key_seals_the_secrets_of_webhooks_too() {
    let world = World::new().await;
    let keys = MemoryKeys::new(&[1]);
    let store = keys.open(&world.store);
    store.check_keys(world.at).await.unwrap();
    let world = World { store, ..world };
    let hook = world
        .hook_of(W, &hook_spec(&NoticeEvent::ALL), Some("hush"))
        .await
        .id;
    let rotated = world.store.rotate_key(world.at).await.unwrap();
    assert_eq!(rotated.secrets, 1);
    assert_eq!(world.signed_with(hook, 0).await, ["hush"]);
    let old = with_secrets_of_another_key(&world).await;
    let found = old.webhook_to_tell(hook, world.at).await;
    assert!(matches!(found, Err(SecretError::NoKey(_))), "{found:?}");
}

async fn with_secrets_of_another_key(world: &World) -> Store {
    MemoryKeys::new(&[9]).open(&world.store)
}

#[tokio::test]
async fn there_is_a_most_of_webhooks() {
    let world = World::new().await;
    world
        .sql(
            "INSERT INTO webhooks (id, workspace, url, events, active, created_by, created_at, updated_at)
             SELECT gen_random_uuid(), 'default', 'https://x.example/', '{task.failed}', true, 'a', now(), now()
             FROM generate_series(1, 100)",
        )
        .await;
    let spec = hook_spec(&[NoticeEvent::TaskFailed]);
    let new = NewWebhook {
        id: WebhookId(fresh()),
        workspace: W,
        spec: &spec,
        secret: None,
        created_by: "user:ada",
        at: world.at,
    };
    let refused = world.store.add_webhook(&new).await;
    assert!(
        matches!(&refused, Err(SecretError::Store(StoreError::TooMany(words))) if words.contains("100")),
        "{refused:?}"
    );
    assert_eq!(world.number("SELECT count(*) FROM webhooks").await, 100);
}

#[tokio::test]
async fn one_that_is_turned_off_is_not_told_what_waits() {
    let world = World::with_keys().await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    let task = world.task(TaskType::Coding).await;
    let run = optio_domain::id::RunId(fresh());
    let way = [
        TaskEvent::Ready,
        TaskEvent::RunOpened { run },
        TaskEvent::Started,
        TaskEvent::GaveUp,
    ];
    world.task_moves(task, TaskState::Pending, &way).await;
    assert!(world.told(hook).await[0].next_at.is_some());
    let off = |mut spec: WebhookSpec| {
        spec.active = false;
        Ok::<_, ()>((spec, SecretChange::Keep))
    };
    let id = SecretId(fresh());
    world
        .store
        .change_webhook(W, hook, id, world.at, off)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let row = world.told(hook).await.remove(0);
    assert_eq!(row.next_at, None);
    assert!(row.error.unwrap().contains("turned off"));
}

#[tokio::test]
async fn what_belongs_to_a_thing_is_no_part_of_what_a_workspace_may_keep() {
    let world = World::with_keys().await;
    world
        .hook_of(W, &hook_spec(&NoticeEvent::ALL), Some("hush"))
        .await;
    let store = with_secrets(&world.store, world.at).await;
    let place = Place::Workspace {
        workspace: W.to_owned(),
    };
    let name = optio_domain::secret::SecretName::parse("A").unwrap();
    store
        .put_secret(
            SecretId(fresh()),
            &place,
            &name,
            &SecretText::new("v"),
            world.at,
        )
        .await
        .unwrap();
    let listed = store.secrets(W, "ada", None, None, 9).await.unwrap();
    assert_eq!(listed.len(), 1);
}
