//! Secrets: sealed, bound to their rows, found in the right order, and readable at every moment of a
//! change of their key.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use optio_domain::{
    id::SecretId,
    repo::RepoUrl,
    secret::{Place, Scope, SecretName, SecretText},
};

use super::*;
use crate::{
    secrets::{SECRETS_MAX, SecretError},
    testing::MemoryKeys,
};

const W: &str = "default";
const REPO: &str = "https://github.com/ada/engine";

fn place(scope: &str) -> Place {
    Scope::parse(scope).unwrap().of(W, "ada")
}

fn name(name: &str) -> SecretName {
    SecretName::parse(name).unwrap()
}

fn repo() -> RepoUrl {
    RepoUrl::parse(REPO).unwrap()
}

/// The same database with keys.
async fn with_keys(world: &World, keys: &MemoryKeys) -> World {
    let store = keys.open(&world.store);
    store.check_keys(world.at).await.unwrap();
    World {
        store,
        ..world.clone()
    }
}

async fn sealed_world() -> World {
    with_keys(&World::new().await, &MemoryKeys::new(&[1])).await
}

impl World {
    async fn seal(&self, scope: &str, called: &str, value: &str) {
        self.keep_in(&place(scope), called, value).await.unwrap();
    }

    async fn keep_in(&self, place: &Place, called: &str, value: &str) -> Result<(), SecretError> {
        let value = SecretText::parse(value).unwrap();
        let id = SecretId(fresh());
        let name = name(called);
        let kept = self.store.put_secret(id, place, &name, &value, self.at);
        kept.await.map(drop)
    }

    async fn value(&self, called: &str) -> Option<String> {
        let found = self.store.secret(W, Some("ada"), called).await.unwrap();
        found.map(|value| value.reveal().to_owned())
    }

    async fn given(&self, user: Option<&str>, repo: Option<&RepoUrl>) -> Vec<(String, String)> {
        plain(self.store.secrets_for(W, user, repo).await.unwrap())
    }
}

fn plain(found: BTreeMap<String, SecretText>) -> Vec<(String, String)> {
    found
        .into_iter()
        .map(|(name, value)| (name, value.reveal().to_owned()))
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_value_comes_back_and_stands_nowhere_in_the_database() {
    let world = sealed_world().await;
    world.seal("global", "API_KEY", "hunter2-hunter2").await;
    assert_eq!(
        world.value("API_KEY").await.as_deref(),
        Some("hunter2-hunter2")
    );
    let holding = "SELECT count(*) FROM secrets s, secret_keys k
                   WHERE position('hunter2' in s::text) <> 0 OR position('hunter2' in k::text) <> 0
                      OR position(convert_to('hunter2', 'UTF8') in s.sealed) <> 0";
    assert_eq!(world.number(holding).await, 0);
    let listed = world.store.secrets(W, "ada", None, None, 10).await.unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str()), (1, "API_KEY"));
    world.seal("global", "API_KEY", "other").await;
    assert_eq!(world.value("API_KEY").await.as_deref(), Some("other"));
    assert!(
        world
            .store
            .delete_secret(&place("global"), "API_KEY")
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .delete_secret(&place("global"), "API_KEY")
            .await
            .unwrap()
    );
    assert_eq!(world.value("API_KEY").await, None);
}

#[tokio::test]
async fn no_two_secrets_of_one_place_have_a_name_and_each_place_has_its_own() {
    let world = sealed_world().await;
    for scope in ["global", "workspace", "user", REPO] {
        for value in ["first", "second"] {
            world.seal(scope, "TOKEN", value).await;
        }
    }
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 4);
    // The database itself refuses, however somebody writes to it.
    let copy = "INSERT INTO secrets (id, workspace, scope, user_id, name, key_id, nonce, sealed, created_at, updated_at)
                SELECT gen_random_uuid(), workspace, scope, user_id, name, key_id, nonce, sealed, created_at, updated_at
                FROM secrets WHERE scope = 'global'";
    let refused = sqlx::raw_sql(copy).execute(&world.store.pool).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("secrets_of_one_place"), "{refused}");
}

#[tokio::test]
async fn a_row_that_was_changed_or_moved_does_not_open() {
    for change in [
        "UPDATE secrets SET sealed = set_byte(sealed, 0, get_byte(sealed, 0) # 1)",
        "UPDATE secrets SET nonce = set_byte(nonce, 0, get_byte(nonce, 0) # 1)",
        "UPDATE secrets SET name = 'OTHER'",
        "UPDATE secrets SET scope = 'workspace', workspace = 'default'",
        "UPDATE secrets SET scope = 'https://github.com/eve/engine', workspace = 'default'",
        "UPDATE secrets SET scope = 'user', user_id = 'eve', workspace = 'default'",
    ] {
        let world = sealed_world().await;
        world.seal("global", "TOKEN", "hunter2").await;
        world.sql(change).await;
        let eves = RepoUrl::parse("https://github.com/eve/engine").unwrap();
        let read = world.store.secrets_for(W, Some("eve"), Some(&eves)).await;
        let refused = read.unwrap_err();
        assert!(
            matches!(&refused, SecretError::Unopened(_)),
            "{change}: {refused:?}"
        );
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
    let world = sealed_world().await;
    world.seal("user", "TOKEN", "hunter2").await;
    world.sql("UPDATE secrets SET workspace = 'other'").await;
    let read = world.store.secret("other", Some("ada"), "TOKEN").await;
    assert!(matches!(read, Err(SecretError::Unopened(_))), "{read:?}");
}

#[tokio::test]
async fn a_persons_secret_wins_over_the_workspaces_and_that_over_every_workspaces() {
    let world = sealed_world().await;
    for (scope, value) in [
        ("user", "mine"),
        ("global", "everybody's"),
        ("workspace", "ours"),
    ] {
        world.seal(scope, "TOKEN", value).await;
    }
    assert_eq!(world.value("TOKEN").await.as_deref(), Some("mine"));
    let of = async |workspace: &str, user| {
        let found = world.store.secret(workspace, user, "TOKEN").await.unwrap();
        found.unwrap().reveal().to_owned()
    };
    assert_eq!(of(W, Some("bob")).await, "ours");
    assert_eq!(of(W, None).await, "ours");
    assert_eq!(of("other", Some("ada")).await, "everybody's");
}

#[tokio::test]
async fn a_task_is_given_its_own_secrets_and_no_identity_of_ours() {
    let world = sealed_world().await;
    for (scope, called, value) in [
        ("global", "A", "global"),
        ("global", "B", "global"),
        ("workspace", "B", "workspace"),
        ("workspace", "C", "workspace"),
        (REPO, "C", "repo"),
        (REPO, "D", "repo"),
        ("user", "D", "user"),
        ("https://github.com/ada/other", "E", "other"),
        ("global", "GITHUB_TOKEN", "ours"),
        (REPO, "GITHUB_APP_PRIVATE_KEY", "ours"),
    ] {
        world.seal(scope, called, value).await;
    }
    let mine = [
        ("A", "global"),
        ("B", "workspace"),
        ("C", "repo"),
        ("D", "user"),
    ];
    assert_eq!(world.given(Some("ada"), Some(&repo())).await, pairs(&mine));
    let bobs = [("A", "global"), ("B", "workspace"), ("C", "workspace")];
    assert_eq!(world.given(Some("bob"), None).await, pairs(&bobs));
    assert_eq!(world.value("GITHUB_TOKEN").await.as_deref(), Some("ours"));
}

#[tokio::test]
async fn a_vendors_credentials_are_all_of_the_workspace_or_all_of_every_workspace() {
    let world = sealed_world().await;
    let names = ["API_KEY", "OAUTH"];
    let found = async || plain(world.store.vendor_secrets(W, &names).await.unwrap());
    assert_eq!(found().await, pairs(&[]));
    for called in ["API_KEY", "OAUTH", "ELSE"] {
        world.seal("global", called, "global").await;
    }
    world.seal("user", "API_KEY", "a person's").await;
    assert_eq!(
        found().await,
        pairs(&[("API_KEY", "global"), ("OAUTH", "global")])
    );
    world.seal("workspace", "OAUTH", "ours").await;
    assert_eq!(found().await, pairs(&[("OAUTH", "ours")]));
}

#[tokio::test]
async fn there_is_a_most_of_secrets_and_replacing_one_is_always_possible() {
    let world = sealed_world().await;
    world.seal("workspace", "FIRST", "value").await;
    let fill = format!(
        "INSERT INTO secrets (id, workspace, scope, user_id, name, key_id, nonce, sealed, created_at, updated_at)
         SELECT gen_random_uuid(), workspace, scope, user_id, 'N' || n, key_id, nonce, sealed, created_at, updated_at
         FROM secrets, generate_series(2, {SECRETS_MAX}) n"
    );
    world.sql(&fill).await;
    let full = world.keep_in(&place(REPO), "LAST", "value").await;
    assert!(matches!(full, Err(SecretError::Full(_))), "{full:?}");
    world.seal("workspace", "FIRST", "other").await;
    world.seal("global", "LAST", "value").await;
}

#[tokio::test]
async fn keys_that_do_not_open_what_is_stored_are_refused() {
    let world = World::new().await;
    with_keys(&world, &MemoryKeys::new(&[1])).await;
    let checked = async |numbers: &[u8]| {
        let store = MemoryKeys::new(numbers).open(&world.store);
        store.check_keys(world.at).await
    };
    checked(&[1]).await.unwrap();
    checked(&[2, 1]).await.unwrap();
    let foreign = checked(&[2]).await;
    let known = world.store.secret_keys().await.unwrap().remove(0).id;
    let named = |error: &SecretError| matches!(error, SecretError::NoKey(id) if *id == known);
    assert!(foreign.as_ref().is_err_and(named), "{foreign:?}");
    world
        .sql("UPDATE secret_keys SET sealed = set_byte(sealed, 0, get_byte(sealed, 0) # 1)")
        .await;
    let wrong = checked(&[1]).await;
    assert!(matches!(wrong, Err(SecretError::WrongKey(_))), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_servers_that_begin_at_once_with_different_keys_one_is_accepted() {
    let world = World::new().await;
    let begins = (1..=6).map(|number| {
        let store = MemoryKeys::new(&[number]).open(&world.store);
        let at = world.at;
        tokio::spawn(async move { store.check_keys(at).await.is_ok() })
    });
    let mut accepted = 0;
    for begun in begins.collect::<Vec<_>>() {
        accepted += usize::from(begun.await.unwrap());
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn a_changed_key_seals_everything_and_the_old_one_goes() {
    let keys = MemoryKeys::new(&[1]);
    let world = with_keys(&World::new().await, &keys).await;
    let old = keys.ring().newest().clone();
    for number in 0..250 {
        world
            .seal(
                "workspace",
                &format!("N{number}"),
                &format!("value {number}"),
            )
            .await;
    }
    let rotated = world.store.rotate_key(world.at).await.unwrap();
    assert_eq!((rotated.secrets, rotated.left), (250, None));
    let ring = keys.ring();
    assert_eq!(
        (ring.newest().id(), ring.keys().count()),
        (rotated.key.clone(), 1)
    );
    assert_ne!(rotated.key, old.id());
    let otherwise = format!(
        "SELECT count(*) FROM secrets WHERE key_id <> '{}'",
        rotated.key
    );
    assert_eq!(world.number(&otherwise).await, 0);
    let known = world.store.secret_keys().await.unwrap();
    assert_eq!(
        (known.len(), known[0].id.as_str()),
        (1, rotated.key.as_str())
    );
    assert_eq!(world.value("N249").await.as_deref(), Some("value 249"));
    let again = with_keys(&world, &keys).await;
    assert_eq!(again.value("N0").await.as_deref(), Some("value 0"));
}

/// Polls a future so often and then drops it, as a process that is killed would. Whether it had
/// ended by then.
async fn killed_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (pin!(work), polls);
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test]
async fn whoever_is_killed_while_the_key_changes_leaves_everything_readable() {
    let keys = MemoryKeys::new(&[1]);
    let world = with_keys(&World::new().await, &keys).await;
    for number in 0..5 {
        world
            .seal(
                "workspace",
                &format!("N{number}"),
                &format!("value {number}"),
            )
            .await;
    }
    let (mut polls, mut kills) = (1, 0);
    loop {
        let before = keys.ring();
        let ended = killed_after(polls, world.store.rotate_key(world.at)).await;
        // What the killed one asked of the database may still happen.
        let after = until_free(&world, &keys).await;
        for number in 0..5 {
            let value = after.value(&format!("N{number}")).await;
            assert_eq!(
                value,
                Some(format!("value {number}")),
                "killed after {polls} polls"
            );
        }
        after.seal("workspace", "N0", "value 0").await;
        if let Some(ended) = ended {
            ended.unwrap();
            break;
        }
        kills += 1;
        // The lock that a killed one had asked for may come to it a little later.
        let finished = loop {
            match after.store.rotate_key(world.at).await {
                Err(SecretError::Rotating) => tokio::task::yield_now().await,
                other => break other,
            }
        };
        finished.unwrap();
        assert_eq!(keys.ring().keys().count(), 1);
        assert_ne!(
            keys.ring().newest(),
            before.newest(),
            "finished, and with a new key"
        );
        polls += 1;
    }
    assert!(4 < kills, "it was killed at {kills} moments only");
}

/// The same as a process that has just begun, once nobody changes the key any longer.
async fn until_free(world: &World, keys: &MemoryKeys) -> World {
    let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()";
    until("nobody changes the key", async || {
        world.number(locks).await == 0
    })
    .await;
    with_keys(world, keys).await
}

#[tokio::test]
async fn two_servers_share_their_keys_while_one_of_them_changes_it() {
    let keys = MemoryKeys::new(&[1]);
    let one = with_keys(&World::new().await, &keys).await;
    let other = with_keys(&one, &keys).await;
    one.seal("workspace", "A", "old").await;
    one.store.rotate_key(one.at).await.unwrap();
    assert_eq!(other.value("A").await.as_deref(), Some("old"));
    one.store.rotate_key(one.at).await.unwrap();
    other.seal("workspace", "B", "new").await;
    assert_eq!(one.value("B").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_server_without_the_new_key_writes_nothing_with_the_old_one() {
    let old = MemoryKeys::new(&[1]);
    let world = World::new().await;
    let behind = with_keys(&world, &old).await;
    behind.seal("workspace", "A", "value").await;
    let ahead = with_keys(&world, &MemoryKeys::new(&[2, 1])).await;
    // Until somebody changes the key, both use the one both have.
    ahead.seal("workspace", "B", "value").await;
    assert_eq!(behind.value("B").await.as_deref(), Some("value"));
    ahead.store.rotate_key(world.at).await.unwrap();
    let refused = behind.keep_in(&place("workspace"), "C", "value").await;
    assert!(matches!(refused, Err(SecretError::NoKey(_))), "{refused:?}");
    assert_eq!(ahead.value("A").await.as_deref(), Some("value"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_stored_while_the_key_changes_is_readable_afterwards() {
    let keys = MemoryKeys::new(&[1]);
    let world = with_keys(&World::new().await, &keys).await;
    let over = Arc::new(AtomicBool::new(false));
    let writers = (0..4).map(|writer| {
        let (world, over) = (world.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                let name = format!("W{writer}_{}", number % 50);
                world.seal("workspace", &name, &name).await;
                number += 1;
            }
            number
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..8 {
        world.store.rotate_key(world.at).await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let mut written = 0;
    for writer in writers {
        written += writer.await.unwrap().min(50);
    }
    assert!(8 < written, "{written}");
    let found = with_keys(&world, &keys).await.given(None, None).await;
    assert_eq!(found.len(), written);
    assert!(found.iter().all(|(name, value)| name == value));
}

#[tokio::test]
async fn a_key_is_changed_by_one_at_a_time() {
    let world = sealed_world().await;
    let mut other = world.store.pool.acquire().await.unwrap();
    sqlx::query("SELECT pg_advisory_lock(x'6f7074696f5f6b65'::bigint)")
        .execute(&mut *other)
        .await
        .unwrap();
    let refused = world.store.rotate_key(world.at).await;
    assert!(matches!(refused, Err(SecretError::Rotating)), "{refused:?}");
    other.close_on_drop();
    drop(other);
    until("it is free", async || {
        world.store.rotate_key(world.at).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_secret_that_does_not_open_is_named_and_keeps_its_key() {
    let keys = MemoryKeys::new(&[1]);
    let world = with_keys(&World::new().await, &keys).await;
    for called in ["BAD", "GOOD"] {
        world.seal("workspace", called, called).await;
    }
    world
        .sql("UPDATE secrets SET sealed = set_byte(sealed, 0, get_byte(sealed, 0) # 1) WHERE name = 'BAD'")
        .await;
    for _ in 0..2 {
        let refused = world.store.rotate_key(world.at).await.unwrap_err();
        let words = refused.to_string();
        assert!(
            words.contains("BAD (workspace)") && !words.contains("GOOD"),
            "{words}"
        );
        assert_eq!(keys.ring().keys().count(), 2);
    }
    assert_eq!(world.value("GOOD").await.as_deref(), Some("GOOD"));
    world.seal("workspace", "BAD", "good").await;
    world.store.rotate_key(world.at).await.unwrap();
    assert_eq!(keys.ring().keys().count(), 1);
}
