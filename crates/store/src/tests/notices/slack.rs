//! A repository's way to Slack.

use optio_domain::{
    id::{RepoId, RunId, SecretId},
    repo::{RepoSpec, RepoUrl, SlackAddress, SlackNotice},
    secret::{Place, SecretName},
};

use super::*;
use crate::notices::{Taking, Target};

const ADDRESS: &str = "https://hooks.slack.com/services/T0/B0/hunter2";

fn address(text: &str) -> SlackAddress {
    SlackAddress::New(WebhookUrl::parse("slackWebhookUrl", text).unwrap())
}

impl World {
    async fn repo(&self, change: impl FnOnce(&mut RepoSpec)) -> RepoId {
        let mut spec = RepoSpec::new(RepoUrl::parse(REPO).unwrap());
        change(&mut spec);
        let id = RepoId(fresh());
        self.store
            .add_repo(id, W, &spec, "user:ada", self.at)
            .await
            .unwrap();
        id
    }

    async fn decide(&self, repo: RepoId, change: impl FnOnce(&mut RepoSpec)) -> SlackAddress {
        let change = |mut spec: RepoSpec| {
            change(&mut spec);
            Ok::<_, ()>(spec)
        };
        let row = self.store.change_repo(W, repo, self.at, change).await;
        row.unwrap().unwrap().unwrap().spec.slack.address
    }

    async fn fails(&self) {
        let task = self.task(TaskType::Coding).await;
        let run = RunId(fresh());
        let way = [
            TaskEvent::Ready,
            TaskEvent::RunOpened { run },
            TaskEvent::Started,
            TaskEvent::GaveUp,
        ];
        self.task_moves(task, TaskState::Pending, &way).await;
    }
}

#[tokio::test]
async fn a_task_says_in_slack_what_its_repository_wants_said() {
    let world = World::with_keys().await;
    let repo = world
        .repo(|spec| spec.slack.address = address(ADDRESS))
        .await;
    world.fails().await;
    assert_eq!(world.deliveries().await, 0, "it is off");
    world.decide(repo, |spec| spec.slack.enabled = true).await;
    world
        .decide(repo, |spec| {
            spec.slack.notify_on = vec![SlackNotice::Completed]
        })
        .await;
    world.fails().await;
    assert_eq!(world.deliveries().await, 0, "nobody wants failures");
    world
        .decide(repo, |spec| {
            spec.slack.notify_on = vec![SlackNotice::Failed]
        })
        .await;
    let hook = world.hook(&[NoticeEvent::TaskFailed]).await;
    world.fails().await;
    let sending = std::collections::BTreeMap::new();
    let taking = Taking {
        now: world.at,
        lease: TimeDelta::seconds(1),
        max: 9,
        target_max: 9,
        sending: &sending,
    };
    let mut taken = world.store.take_deliveries(&taking).await.unwrap();
    taken.sort_by_key(|it| it.target);
    let targets: Vec<_> = taken.iter().map(|it| it.target).collect();
    assert_eq!(targets, [Target::Webhook(hook), Target::Slack(repo)]);
    assert_eq!(taken[0].notice, taken[1].notice, "they are told the same");
}

#[tokio::test]
async fn the_address_is_kept_sealed_and_goes_with_its_repository() {
    let world = World::with_keys().await;
    let repo = world
        .repo(|spec| spec.slack.address = address(ADDRESS))
        .await;
    let spec = world.store.repo(W, repo).await.unwrap().unwrap().spec;
    assert_eq!(spec.slack.address, SlackAddress::Stored);
    let plain = "SELECT count(*) FROM secrets WHERE position('hunter2'::bytea IN sealed) > 0";
    assert_eq!(world.number(plain).await, 0);
    let way = world.store.slack_way(repo).await.unwrap().unwrap();
    assert_eq!(way.url.unwrap().as_str(), ADDRESS);
    // What is not named stays.
    let kept = world
        .decide(repo, |spec| spec.slack.channel = Some("#ops".to_owned()))
        .await;
    assert_eq!(kept, SlackAddress::Stored);
    let other = "https://hooks.slack.com/services/T0/B0/other";
    let changed = world
        .decide(repo, |spec| spec.slack.address = address(other))
        .await;
    assert_eq!(changed, SlackAddress::Stored);
    let way = world.store.slack_way(repo).await.unwrap().unwrap();
    assert_eq!(
        (way.url.unwrap().as_str(), way.channel.as_deref()),
        (other, Some("#ops"))
    );
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 1);
    assert!(world.store.delete_repo(W, repo).await.unwrap());
    assert_eq!(world.number("SELECT count(*) FROM secrets").await, 0);
    assert_eq!(world.store.slack_way(repo).await.unwrap(), None);
}

#[tokio::test]
async fn without_an_address_of_its_own_the_stored_one_for_all_is_taken() {
    let world = World::with_keys().await;
    let repo = world
        .repo(|spec| spec.slack.address = address(ADDRESS))
        .await;
    let cleared = world
        .decide(repo, |spec| spec.slack.address = SlackAddress::None)
        .await;
    assert_eq!(cleared, SlackAddress::None);
    let words = world
        .store
        .slack_way(repo)
        .await
        .unwrap()
        .unwrap()
        .url
        .unwrap_err();
    assert!(
        words.contains("slackWebhookUrl") && words.contains("SLACK_WEBHOOK_URL"),
        "{words}"
    );
    let name = SecretName::parse("SLACK_WEBHOOK_URL").unwrap();
    for (value, works) in [("https://hooks.slack.com/all", true), ("hunter2", false)] {
        let (id, value) = (SecretId(fresh()), SecretText::new(value));
        world
            .store
            .put_secret(id, &Place::Global, &name, &value, world.at)
            .await
            .unwrap();
        let url = world.store.slack_way(repo).await.unwrap().unwrap().url;
        assert_eq!(url.is_ok(), works, "{url:?}");
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
