//! As a GitHub App: its own claim, tokens of its installation, and their end.

use optio_domain::git_host::{GitHost, GitHostError};
use optio_simulators::RepoSetup;

use super::{Credentials, World, adapter, world_of_app};
use crate::git_hosts::github::{BadSettings, access::Access};

const MINT: &str = "/access_tokens";

fn minted(world: &World) -> usize {
    world.asked(MINT, 201)
}

#[tokio::test]
async fn a_token_is_got_once_and_anew_before_it_ends() {
    let world = world_of_app(360).await;
    world.github.repo(&world.repo).await.unwrap();
    world.github.repo(&world.repo).await.unwrap();
    assert_eq!(minted(&world), 1);
    world.wait(60);
    world.github.repo(&world.repo).await.unwrap();
    assert_eq!(minted(&world), 2);
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_replaced() {
    // By the adapter's clock it lasts for minutes more, by GitHub's for one second.
    let world = world_of_app(1).await;
    world.wait(-400);
    world.github.repo(&world.repo).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    world.github.repo(&world.repo).await.unwrap();
    assert!(2 <= minted(&world));
}

#[tokio::test]
async fn a_sandbox_gets_a_token_for_its_repository_only() {
    let world = world_of_app(3_600).await;
    let other = RepoSetup {
        name: "optio/other".to_owned(),
        ..RepoSetup::default()
    };
    world.sim.add_repo(other).await.unwrap();
    let lent = world.github.token_for(&world.repo).await.unwrap();
    assert!(lent.expires_at.is_some());
    let github = adapter(&world.sim, Credentials::Token(lent.secret), &world.clock);
    github.repo(&world.repo).await.unwrap();
    let closed = github
        .repo(&"optio/other".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(closed, GitHostError::NotFound(_)), "{closed}");
}

#[tokio::test]
async fn where_the_app_is_not_installed_a_person_is_told_to_install_it() {
    let world = world_of_app(3_600).await;
    let error = world
        .github
        .repo(&"ada/own".parse().unwrap())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("not installed in ada/own"),
        "{error}"
    );
}

#[tokio::test]
async fn an_app_with_another_key_is_refused() {
    let world = world_of_app(3_600).await;
    let private_key = include_str!("app.pem").to_owned();
    let stranger = Credentials::App { id: 8, private_key };
    let github = adapter(&world.sim, stranger, &world.clock);
    let error = github.repo(&world.repo).await.unwrap_err();
    assert!(
        matches!(error, GitHostError::Unauthorized { .. }),
        "{error}"
    );
}

#[test]
fn what_is_no_key_and_no_token_is_refused_at_once() {
    let app = |private_key: &str| Credentials::App {
        id: 1,
        private_key: private_key.to_owned(),
    };
    let refused = |credentials| Access::new(credentials).err();
    assert_eq!(refused(app("")), Some(BadSettings::PrivateKey));
    let torn: String = include_str!("app.pem").chars().take(400).collect();
    assert_eq!(refused(app(&torn)), Some(BadSettings::PrivateKey));
    assert_eq!(
        refused(Credentials::Token(" ".to_owned())),
        Some(BadSettings::Token)
    );
    assert_eq!(
        refused(Credentials::Token("a b".to_owned())),
        Some(BadSettings::Token)
    );
    assert_eq!(refused(Credentials::Token("ghp_a\n".to_owned())), None);
}
