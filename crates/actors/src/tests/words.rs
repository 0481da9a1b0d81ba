//! Whose words an agent is given: the repository's, else the workspace's, else ours; and what they lack is said.

use optio_domain::{
    git_host::CheckState,
    id::{RunId, SandboxId, TaskId, TemplateId},
    pr_review::Intent,
    prompt_template::{TemplateKind, TemplateSpec},
};
use optio_store::templates::Kept;

use super::{tasks::patient, world::World};

const WORKSPACE: &str = "default";

impl World {
    /// From now on the workspace's prompts of a kind begin with this.
    async fn workspace_says(&self, kind: TemplateKind, text: &str) {
        let id = TemplateId(self.given.ids.fresh());
        let spec = TemplateSpec {
            is_default: true,
            ..TemplateSpec::new(&id.to_string(), kind, text)
        };
        let kept = self
            .store
            .add_template(id, WORKSPACE, &spec, "local", self.now());
        assert!(matches!(kept.await.unwrap(), Kept::Yes(_)));
    }

    /// What a new task's agent is given. It then ends, to make room.
    async fn told_to_a_task(&self) -> (TaskId, String) {
        let task = self.task(|_| {}).await;
        let (sandbox, run) = self.task_runs(task).await;
        let told = self.words_given_to(sandbox, run);
        let nothing = "done 0 0 0 nothing";
        self.fleet.finishes(sandbox, run, &[nothing]).await;
        self.task_is(task, "needs_attention").await;
        (task, told)
    }

    /// What the reviewer of a task's pull request is given.
    async fn told_to_the_reviewer(&self) -> String {
        let task = self.task_with_pull(|_| {}).await;
        self.host.checks("aaa", CheckState::Passed);
        self.watcher_looks(task).await;
        self.task_wait(task, "the review agent's approval").await;
        let review = self.part_of(task).await;
        let (sandbox, run) = self.task_runs(review).await;
        self.words_given_to(sandbox, run)
    }

    fn words_given_to(&self, sandbox: SandboxId, run: RunId) -> String {
        self.spec_of(sandbox, run).stdin
    }
}

#[tokio::test]
async fn a_task_is_told_in_its_repositorys_words_else_its_workspaces_else_ours() {
    let world = patient().await;
    let (_, ours) = world.told_to_a_task().await;
    assert!(
        ours.starts_with("# Your task\n\nDo the task below in this worktree"),
        "{ours}"
    );
    world
        .workspace_says(TemplateKind::Prompt, "All of us do {{TASK_TITLE}}.")
        .await;
    let (_, workspace) = world.told_to_a_task().await;
    let start = "All of us do Add /healthz.\n\nRepository: o/r. Branch: `optio/task-";
    assert!(workspace.starts_with(start), "{workspace}");
    let own = "Here we do {{TASK_TITLE}} on {{BASE_BRANCH}}.";
    world
        .repo(|repo| repo.prompt_template_override = Some(own.to_owned()))
        .await;
    let (_, repository) = world.told_to_a_task().await;
    let start = "Here we do Add /healthz on main.\n\nRepository: o/r.";
    assert!(repository.starts_with(start), "{repository}");
}

#[tokio::test]
async fn a_reviewer_of_our_own_is_told_in_the_repositorys_words_else_the_workspaces_else_ours() {
    for (workspace, own, start) in [
        (
            None,
            None,
            "# Your review\n\nReview the pull request whose head",
        ),
        (
            Some("All of us look at {{PR_NUMBER}}."),
            None,
            "# Your review\n\nAll of us look at 1.\n\nEnd with",
        ),
        (
            Some("All of us look."),
            Some("Here we look at {{PR_URL}}."),
            "# Your review\n\nHere we look at https://git.example/o/r/pull/1.\n\nEnd with",
        ),
    ] {
        let world = patient().await;
        if let Some(text) = workspace {
            world.workspace_says(TemplateKind::Review, text).await;
        }
        world
            .repo(|repo| {
                repo.auto_merge = true;
                repo.review_enabled = true;
                repo.review_prompt_template = own.map(str::to_owned);
            })
            .await;
        let told = world.told_to_the_reviewer().await;
        assert!(told.starts_with(start), "{told}");
    }
}

#[tokio::test]
async fn a_reviewer_of_others_is_told_in_the_repositorys_words_else_the_workspaces_else_ours() {
    const APPROVAL: &str = r#"done 0.5 10 20 {"verdict":"approve","summary":"Fine."}"#;
    let world = patient().await;
    let review = world.review().await;
    let (sandbox, run) = world.reviews(review).await;
    let ours = world.words_given_to(sandbox, run);
    assert!(
        ours.starts_with("# Your review\n\nReview the pull request whose head"),
        "{ours}"
    );
    world.answers(review, APPROVAL).await;
    world.review_is(review, "ready").await;
    world
        .workspace_says(TemplateKind::Review, "All of us look at {{PR_NUMBER}}.")
        .await;
    world.want_of_review(review, Intent::Rereview).await;
    let (sandbox, run) = world.reviews(review).await;
    let told = world.words_given_to(sandbox, run);
    assert!(
        told.starts_with("# Your review\n\nAll of us look at 1.\n\nEnd with"),
        "{told}"
    );
    world.answers(review, APPROVAL).await;
    world.review_is(review, "ready").await;
    world
        .repo(|repo| repo.review_prompt_template = Some("Here we look. {{NOBODY}}".to_owned()))
        .await;
    world.want_of_review(review, Intent::Rereview).await;
    let (sandbox, run) = world.reviews(review).await;
    let told = world.words_given_to(sandbox, run);
    assert!(
        told.starts_with("# Your review\n\nHere we look. {{NOBODY}}\n\nEnd with"),
        "{told}"
    );
    let events = world.store.review_events(review).await.unwrap();
    let words = events.last().and_then(|event| event.message.clone());
    assert_eq!(
        words.as_deref(),
        Some(
            "run 3; the repository's prompt template asks for what is not there: NOBODY (line 1, column 15)"
        )
    );
}

#[tokio::test]
async fn what_the_words_of_a_task_lack_is_in_its_history_and_it_runs_all_the_same() {
    let world = patient().await;
    // The API refuses such words; they may have been stored before it did.
    let own = "Do {{TASK_TITLE}}\nwith {{NOBODY}}.";
    world
        .repo(|repo| repo.prompt_template_override = Some(own.to_owned()))
        .await;
    let (task, told) = world.told_to_a_task().await;
    assert!(
        told.starts_with("Do Add /healthz\nwith {{NOBODY}}.\n\n"),
        "{told}"
    );
    let events = world.store.task_events(task).await.unwrap();
    let opened = events.iter().find(|event| event.to_state == "provisioning");
    let words = opened.and_then(|event| event.message.as_deref());
    assert_eq!(
        words,
        Some(
            "run 1; the repository's prompt template asks for what is not there: NOBODY (line 2, column 6)"
        )
    );
}
