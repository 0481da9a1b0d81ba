//! Repositories: each address once in a workspace, and changes that do not overwrite each other.

use optio_domain::{
    id::RepoId,
    repo::{
        ExternalReviewFilters, ExternalReviewMode, ExternalReviews, RepoSpec, RepoUrl,
        ReviewTrigger, SlackAddress, SlackNotice, SlackSettings,
    },
};

use super::*;
use crate::repos::{Added, RepoRow};

const W: &str = "default";

fn spec(url: &str) -> RepoSpec {
    RepoSpec::new(RepoUrl::parse(url).unwrap())
}

impl World {
    async fn add(&self, workspace: &str, spec: &RepoSpec) -> Added {
        let id = RepoId(fresh());
        let added = self
            .store
            .add_repo(id, workspace, spec, "user:ada", self.at);
        added.await.unwrap()
    }

    async fn added(&self, url: &str) -> RepoRow {
        match self.add(W, &spec(url)).await {
            Added::Yes(row) => *row,
            Added::Already(id) => panic!("{url} is there already: {id}"),
        }
    }
}

#[tokio::test]
async fn every_setting_comes_back_as_it_was_written() {
    let world = World::new().await;
    let row = world.added("https://github.com/ada/engine").await;
    assert_eq!(row.spec, spec("https://github.com/ada/engine"));
    let other = RepoSpec {
        full_name: "Ada/engine".to_owned(),
        git_platform: optio_domain::repo::GitPlatform::GitLab,
        default_branch: "trunk".to_owned(),
        default_agent_type: "another".to_owned(),
        claude_model: "haiku".to_owned(),
        max_turns_coding: 1,
        max_turns_review: 2,
        auto_merge: true,
        cautious_mode: true,
        auto_resume: false,
        max_auto_resumes: Some(3),
        planning_mode_enabled: true,
        max_concurrent_tasks: 4,
        max_pod_instances: 5,
        max_agents_per_pod: 6,
        review_enabled: true,
        review_trigger: ReviewTrigger::Manual,
        review_model: "opus".to_owned(),
        review_agent_type: Some("third".to_owned()),
        review_prompt_template: Some("review".to_owned()),
        prompt_template_override: Some("code".to_owned()),
        test_command: Some("make test".to_owned()),
        off_peak_only: true,
        external_reviews: ExternalReviews {
            mode: ExternalReviewMode::OnRequest,
            wait_for_ci: false,
            filters: ExternalReviewFilters {
                skip_drafts: false,
                include_authors: vec!["ada".to_owned()],
                exclude_labels: vec!["wip".to_owned()],
                ..ExternalReviewFilters::default()
            },
        },
        slack: SlackSettings {
            enabled: true,
            address: SlackAddress::None,
            channel: Some("#ops".to_owned()),
            notify_on: vec![SlackNotice::Failed],
        },
        sandbox: rusty(),
        url: row.spec.url.clone(),
    };
    let later = world.later(1);
    let changed = world
        .store
        .change_repo(W, row.id, later, |_| Ok::<_, ()>(other.clone()))
        .await;
    changed.unwrap().unwrap().unwrap();
    let read = world.store.repo(W, row.id).await.unwrap().unwrap();
    assert_eq!(
        (&read.spec, read.created_at, read.updated_at),
        (&other, world.at, later)
    );
}

#[tokio::test]
async fn an_address_is_there_once_in_a_workspace_however_it_is_written() {
    let world = World::new().await;
    let row = world.added("https://github.com/ada/engine").await;
    let again = world.add(W, &spec("git@GitHub.com:ada/engine.git")).await;
    assert_eq!(again, Added::Already(row.id));
    let elsewhere = world.add("other", &row.spec).await;
    assert!(matches!(elsewhere, Added::Yes(_)), "{elsewhere:?}");
    assert_eq!(world.store.repo("other", row.id).await.unwrap(), None);
    assert!(!world.store.delete_repo("other", row.id).await.unwrap());
    assert!(world.store.delete_repo(W, row.id).await.unwrap());
    assert_eq!(world.store.repo_at(W, &row.spec.url).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_different_settings_at_once_are_all_kept() {
    let world = World::new().await;
    let id = world.added("https://github.com/ada/engine").await.id;
    let changes = (0..8).map(|_| {
        let world = world.clone();
        tokio::spawn(async move {
            let raise = |mut spec: RepoSpec| {
                spec.max_pod_instances += 1;
                Ok::<_, ()>(spec)
            };
            world
                .store
                .change_repo(W, id, world.at, raise)
                .await
                .unwrap()
        })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap().unwrap().unwrap();
    }
    let row = world.store.repo(W, id).await.unwrap().unwrap();
    assert_eq!(row.spec.max_pod_instances, 9);
    let refused = world
        .store
        .change_repo(W, id, world.at, |_| Err("no"))
        .await;
    assert_eq!(refused.unwrap(), Some(Err("no")));
    let nobody = RepoId(fresh());
    let gone = world
        .store
        .change_repo(W, nobody, world.at, Ok::<_, ()>)
        .await;
    assert_eq!(gone.unwrap(), None);
}

#[tokio::test]
async fn repositories_are_listed_in_pages() {
    let world = World::new().await;
    for number in 0..5 {
        world
            .added(&format!("https://github.com/ada/r{number}"))
            .await;
    }
    let whole = world.store.repos(W, None, 10).await.unwrap();
    let mut walked = world.store.repos(W, None, 2).await.unwrap();
    while let Some(last) = walked.last() {
        let after = Some((last.created_at, last.id.0));
        let more = world.store.repos(W, after, 2).await.unwrap();
        if more.is_empty() {
            break;
        }
        walked.extend(more);
    }
    assert_eq!((walked.len(), walked), (5, whole));
}
