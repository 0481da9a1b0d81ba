//! The library of templates: names that are there once, one default of a kind, and whose words come first.

use optio_domain::{
    id::{RepoId, TemplateId},
    prompt_template::{Origin, TemplateKind, TemplateSpec, Words},
    repo::{RepoSpec, RepoUrl},
};
use serde_json::json;

use super::*;
use crate::templates::{Effective, Kept, TemplateRow};

const W: &str = "default";
const REPO: &str = "https://github.com/ada/engine";

fn spec(name: &str, kind: TemplateKind) -> TemplateSpec {
    TemplateSpec::new(name, kind, "Do it.")
}

impl World {
    async fn tries_to_keep(&self, workspace: &str, spec: &TemplateSpec) -> Kept {
        let id = TemplateId(fresh());
        let kept = self
            .store
            .add_template(id, workspace, spec, "user:ada", self.at);
        kept.await.unwrap()
    }

    async fn kept(&self, spec: &TemplateSpec) -> TemplateRow {
        match self.tries_to_keep(W, spec).await {
            Kept::Yes(row) => *row,
            Kept::NameTaken => panic!("{} is taken", spec.name),
        }
    }

    async fn changed(
        &self,
        id: TemplateId,
        change: impl FnOnce(&mut TemplateSpec),
    ) -> Option<Kept> {
        let later = self.later(1);
        let changed = self.store.change_template(W, id, later, |mut spec| {
            change(&mut spec);
            Ok::<_, ()>(spec)
        });
        Some(changed.await.unwrap()?.unwrap())
    }

    async fn named(&self, id: TemplateId) -> TemplateRow {
        self.store.named_template(W, id).await.unwrap().unwrap()
    }

    async fn effective(&self, kind: TemplateKind) -> Effective {
        self.store.effective_template(W, REPO, kind).await.unwrap()
    }
}

#[tokio::test]
async fn everything_about_a_template_comes_back_as_it_was_written() {
    let world = World::new().await;
    let full = TemplateSpec {
        name: "Weekly report".to_owned(),
        kind: TemplateKind::Job,
        template: "Report on {{repo}}.".to_owned(),
        description: Some("for Mondays".to_owned()),
        params_schema: json!({ "properties": { "repo": { "type": "string" } } })
            .as_object()
            .cloned(),
        default_agent_type: Some("claude-code".to_owned()),
        is_default: false,
    };
    let row = world.kept(&full).await;
    assert_eq!(world.named(row.id).await, row);
    assert_eq!((&row.spec, row.created_at), (&full, world.at));
    let bare = TemplateSpec {
        is_default: true,
        ..spec("bare", TemplateKind::Review)
    };
    world.changed(row.id, |spec| *spec = bare.clone()).await;
    let read = world.named(row.id).await;
    assert_eq!(
        (&read.spec, read.created_at, read.updated_at),
        (&bare, world.at, world.later(1))
    );
}

#[tokio::test]
async fn a_name_is_there_once_among_those_of_its_kind_and_of_its_workspace() {
    let world = World::new().await;
    let job = spec("weekly", TemplateKind::Job);
    let row = world.kept(&job).await;
    assert_eq!(world.tries_to_keep(W, &job).await, Kept::NameTaken);
    assert!(matches!(
        world.tries_to_keep("other", &job).await,
        Kept::Yes(_)
    ));
    let task = world.kept(&spec("weekly", TemplateKind::Task)).await;
    let taken = world
        .changed(task.id, |spec| spec.kind = TemplateKind::Job)
        .await;
    assert_eq!(taken, Some(Kept::NameTaken));
    assert_eq!(world.named(task.id).await, task);
    assert_eq!(
        world.store.named_template("other", row.id).await.unwrap(),
        None
    );
    assert!(!world.store.delete_template("other", row.id).await.unwrap());
    assert!(world.store.delete_template(W, row.id).await.unwrap());
    assert_eq!(world.store.named_template(W, row.id).await.unwrap(), None);
    assert_eq!(world.changed(row.id, |_| {}).await, None);
}

#[tokio::test]
async fn there_is_one_default_of_a_kind() {
    let world = World::new().await;
    let default = |name: &str, kind| TemplateSpec {
        is_default: true,
        ..spec(name, kind)
    };
    let first = world.kept(&default("first", TemplateKind::Prompt)).await;
    let review = world.kept(&default("first", TemplateKind::Review)).await;
    let second = world.kept(&default("second", TemplateKind::Prompt)).await;
    assert!(!world.named(first.id).await.spec.is_default);
    assert!(world.named(review.id).await.spec.is_default);
    world.changed(first.id, |spec| spec.is_default = true).await;
    assert!(!world.named(second.id).await.spec.is_default);
    let found = world.store.default_template(W, TemplateKind::Prompt).await;
    assert_eq!(found.unwrap().unwrap().id, first.id);
    // One that is refused its name takes nothing from the one that has it.
    let taken = world
        .tries_to_keep(W, &default("second", TemplateKind::Prompt))
        .await;
    assert_eq!(taken, Kept::NameTaken);
    assert!(world.named(first.id).await.spec.is_default);
    world
        .changed(first.id, |spec| spec.is_default = false)
        .await;
    let found = world.store.default_template(W, TemplateKind::Prompt).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_that_become_the_default_at_once_one_is_it() {
    let world = World::new().await;
    let tries = (0..8).map(|number| {
        let world = world.clone();
        tokio::spawn(async move {
            let spec = TemplateSpec {
                is_default: true,
                ..spec(&format!("number {number}"), TemplateKind::Prompt)
            };
            let kept =
                world
                    .store
                    .add_template(TemplateId(fresh()), W, &spec, "user:ada", world.at);
            match kept.await {
                Ok(_) | Err(StoreError::Moved) => {}
                Err(error) => panic!("{error}"),
            }
        })
    });
    for done in tries.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    let defaults = "SELECT count(*) FROM prompt_templates WHERE is_default";
    assert_eq!(world.number(defaults).await, 1);
}

#[tokio::test]
async fn a_repositorys_words_come_before_those_of_its_workspace_and_these_before_ours() {
    let world = World::new().await;
    let kinds = [TemplateKind::Prompt, TemplateKind::Review];
    for kind in kinds {
        let ours = Effective {
            template: None,
            words: Words::built_in(kind),
        };
        assert_eq!(world.effective(kind).await, ours);
    }
    for kind in kinds {
        // What is not the default, and what is another workspace's, changes nothing.
        world.kept(&spec("by the way", kind)).await;
        let default = TemplateSpec {
            template: format!("The workspace's {}.", kind.name()),
            is_default: true,
            ..spec("default", kind)
        };
        world.tries_to_keep("other", &default).await;
        assert_eq!(world.effective(kind).await.words.origin, Origin::BuiltIn);
        let row = world.kept(&default).await;
        let theirs = Effective {
            template: Some(row.id),
            words: Words {
                origin: Origin::Workspace,
                template: default.template,
            },
        };
        assert_eq!(world.effective(kind).await, theirs);
    }
    let repo = RepoSpec {
        prompt_template_override: Some("The repository's prompt.".to_owned()),
        ..RepoSpec::new(RepoUrl::parse(REPO).unwrap())
    };
    let added = world
        .store
        .add_repo(RepoId(fresh()), W, &repo, "user:ada", world.at);
    added.await.unwrap();
    let its_own = world.effective(TemplateKind::Prompt).await;
    assert_eq!(its_own.template, None);
    assert_eq!(its_own.words.origin, Origin::Repository);
    assert_eq!(its_own.words.template, "The repository's prompt.");
    let review = world.effective(TemplateKind::Review).await;
    assert_eq!(review.words.origin, Origin::Workspace);
}

#[tokio::test]
async fn templates_are_walked_in_the_order_in_which_they_were_made() {
    let world = World::new().await;
    for number in 0..5_u32 {
        let kind = TemplateKind::ALL[number as usize % 2];
        let spec = spec(&number.to_string(), kind);
        let at = world.later(i64::from(number));
        let id = TemplateId(fresh());
        let kept = world.store.add_template(id, W, &spec, "user:ada", at);
        kept.await.unwrap();
    }
    world
        .tries_to_keep("other", &spec("x", TemplateKind::Prompt))
        .await;
    let page = async |kind, after| {
        let rows = world.store.templates(W, kind, after, 2).await.unwrap();
        let last = rows.last().map(|row| (row.created_at, row.id.0));
        let names: Vec<String> = rows.into_iter().map(|row| row.spec.name).collect();
        (names.join(" "), last)
    };
    let (first, after) = page(None, None).await;
    let (second, after) = page(None, after).await;
    let (third, _) = page(None, after).await;
    assert_eq!([first, second, third], ["0 1", "2 3", "4"]);
    let (reviews, after) = page(Some(TemplateKind::Review), None).await;
    assert_eq!(reviews, "1 3");
    assert_eq!(page(Some(TemplateKind::Review), after).await.0, "");
}
