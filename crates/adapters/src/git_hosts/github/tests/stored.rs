//! A token that people change while all is in use.

use std::sync::{Arc, Mutex};

use optio_domain::{
    git_host::{GitHost as _, GitHostError},
    ports::{Eventually, StoredToken},
    secret::SecretText,
};
use optio_simulators::GithubSetup;

use super::{Credentials, TOKEN, world_with};

/// What is stored at this moment.
#[derive(Default)]
struct Drawer(Mutex<Option<&'static str>>);

impl StoredToken for Drawer {
    fn token(&self) -> Eventually<'_, Result<Option<SecretText>, String>> {
        let token = self.0.lock().unwrap().map(SecretText::new);
        Box::pin(async move { Ok(token) })
    }

    fn remedy(&self) -> String {
        "give one".to_owned()
    }
}

#[tokio::test]
async fn a_token_that_is_stored_counts_from_the_next_call_on_and_none_is_named_with_its_remedy() {
    let drawer = Arc::new(Drawer::default());
    let credentials = Credentials::Stored(Arc::<Drawer>::clone(&drawer));
    let world = world_with(GithubSetup::default(), credentials).await;
    let put = |token| *drawer.0.lock().unwrap() = token;
    let missing = world
        .github
        .repo(&world.repo)
        .await
        .unwrap_err()
        .to_string();
    assert!(missing.contains("there is no token; give one"), "{missing}");
    put(Some(TOKEN));
    assert_eq!(
        world.github.repo(&world.repo).await.unwrap().name,
        world.repo
    );
    let lent = world.github.token_for(&world.repo).await.unwrap();
    assert_eq!(lent.secret, TOKEN);
    put(Some("ghp_of somebody"));
    let bad = world.github.token_for(&world.repo).await.unwrap_err();
    assert!(matches!(bad, GitHostError::Unauthorized { .. }), "{bad}");
    assert!(!format!("{bad} {bad:?}").contains("somebody"));
}
