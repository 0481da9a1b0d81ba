//! What is a single tracker's own.

use optio_domain::{ports::Tracker, tracker::TrackerError};
use serde_json::json;

use super::{LABEL, stages};

#[tokio::test]
async fn an_issue_of_a_git_host_knows_its_repository_and_a_pull_request_is_no_ticket() {
    for world in [stages::github().await, stages::gitlab().await] {
        let id = world.stage.add("Add /healthz", "", &[LABEL]);
        let listed = world.changed(None).await.remove(0);
        let read = world.tracker().ticket(&id).await.unwrap();
        assert_eq!(listed, read);
        let repo = read.repo_url.unwrap();
        let (_, path) = repo.split_once("://").unwrap();
        let (_, path) = path.split_once('/').unwrap();
        assert!([stages::REPO, stages::PROJECT].contains(&path), "{repo}");
        assert_eq!(read.key, format!("#{id}"));
    }
}

#[tokio::test]
async fn a_status_of_jira_is_chosen_by_its_name_and_what_does_not_lead_there_is_said() {
    let named = stages::jira_with(json!({ "doneStatusName": "shipped" })).await;
    let id = named.stage.add("a", "", &[LABEL]);
    named.tracker().set_done(&id).await.unwrap();
    assert_eq!(named.stage.seen(&id).state, "Shipped");
    let nowhere = stages::jira_with(json!({ "doneStatusName": "Live" })).await;
    let id = nowhere.stage.add("a", "", &[LABEL]);
    let error = nowhere.tracker().set_done(&id).await.unwrap_err();
    let TrackerError::Refused(words) = error else {
        panic!("{error:?}");
    };
    assert!(
        words.contains("from `To Do` nothing leads to Live"),
        "{words}"
    );
    assert!(words.contains("In Progress, Shipped, Done"), "{words}");
}

#[tokio::test]
async fn a_status_of_jira_may_say_which_issues_wait_for_work() {
    let world = stages::jira_with(json!({ "todoStatusName": "In Progress" })).await;
    let id = world.stage.add("a", "", &[LABEL]);
    assert!(world.changed(None).await.is_empty(), "it is still to do");
    assert!(!world.tracker().ticket(&id).await.unwrap().open);
}

#[tokio::test]
async fn words_of_people_end_no_query() {
    let label = "a\" OR labels = \"b\\";
    let world = stages::jira_with(json!({ "label": label })).await;
    world.stage.add("other", "", &["b"]);
    world.stage.add("mine", "", &[label]);
    assert_eq!(world.titles(None).await, ["mine"]);
}

#[tokio::test]
async fn what_is_inside_the_blocks_of_a_page_of_notion_is_read_with_them() {
    let world = stages::notion().await;
    let many: Vec<String> = (0..120).map(|line| format!("line {line}")).collect();
    let body = format!(
        "Do this:\n- one\n  - inside\n  words\n- two\n{}",
        many.join("\n")
    );
    let id = world.stage.add("a", &body, &[LABEL]);
    let read = world.tracker().ticket(&id).await.unwrap();
    let wanted = format!(
        "Do this:\n- one\n  - inside\n  words\n- two\n{}",
        many.join("\n")
    );
    assert_eq!(read.body, wanted);
    let many: Vec<String> = (0..40).map(|line| format!("- {line}\n  inside")).collect();
    let id = world.stage.add("b", &many.join("\n"), &[LABEL]);
    let cut = world.tracker().ticket(&id).await.unwrap().body;
    assert!(cut.contains("[cut: there is more on the page]"), "{cut}");
    assert!(cut.contains("- 39"), "the page itself is read to its end");
}

#[tokio::test]
async fn a_database_of_notion_that_lacks_a_property_says_which() {
    let mut world = stages::notion().await;
    for (member, value, words) in [
        (
            "statusProperty",
            "Stage",
            "no property `Stage` (config.statusProperty)",
        ),
        (
            "statusProperty",
            "Tags",
            "`Tags` is of the type multi_select",
        ),
        (
            "titleProperty",
            "Headline",
            "no property `Headline` (config.titleProperty)",
        ),
    ] {
        world.config.retain(|name, _| name == "databaseId");
        world.config.insert(member.to_owned(), json!(value));
        let error = world.tracker().changed(None, None).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    world.config.insert(
        "databaseId".to_owned(),
        json!("ffffffffffffffffffffffffffffffff"),
    );
    let error = world
        .tracker()
        .changed(None, None)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("connect the database to the integration"),
        "{error}"
    );
}

#[tokio::test]
async fn a_team_of_linear_that_is_named_is_the_only_one() {
    let mut world = stages::linear().await;
    world.stage.add("a", "", &["Optio"]);
    assert_eq!(
        world.titles(None).await,
        ["a"],
        "however the label is written"
    );
    world.config.insert("teamId".to_owned(), json!("another"));
    assert!(world.titles(None).await.is_empty());
    world.config.remove("teamId");
    world
        .config
        .insert("projectId".to_owned(), json!("another"));
    assert!(world.titles(None).await.is_empty());
}

#[tokio::test]
async fn a_tracker_is_the_same_one_until_something_about_it_changes() {
    let mut world = stages::linear().await;
    let same = |one: &std::sync::Arc<dyn Tracker>, other: &std::sync::Arc<dyn Tracker>| {
        std::sync::Arc::ptr_eq(one, other)
    };
    let first = world.tracker();
    assert!(same(&first, &world.tracker()));
    let other = world.open_with(Some("another-token")).unwrap();
    assert!(!same(&first, &other));
    world.config.insert("label".to_owned(), json!("b"));
    assert!(!same(
        &other,
        &world.open_with(Some("another-token")).unwrap()
    ));
}
