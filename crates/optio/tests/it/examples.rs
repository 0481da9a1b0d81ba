//! The scripts of `examples/`, unchanged, against a whole Optio.

use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::world::{FAKE_PRELUDE, World};

/// Runs a script of an example; what it printed.
async fn script(world: &World, path: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/persistent-agents");
    let output = tokio::process::Command::new(examples.join(path))
        .env("OPTIO_API_URL", world.url())
        .env_remove("OPTIO_API_TOKEN")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{path}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_come_up_twice_and_are_cleaned_up() {
    // Eleven agents: what they say is told elsewhere, here a script does.
    let program = format!("{FAKE_PRELUDE}begin; finish done");
    let mut world = World::plan().fake(&program).start().await;
    for (example, agents) in [("forge", 4), ("mars-mission-control", 7)] {
        let setup = format!("{example}/setup.sh");
        let said = script(&world, &setup).await;
        assert!(said.lines().all(|line| line.contains("created")), "{said}");
        assert!(agents <= said.lines().count(), "{said}");
        let again = script(&world, &setup).await;
        let stays = |line: &str| line.ends_with("exists, left as it is");
        assert!(again.lines().all(stays), "{again}");
    }

    let triggers = "/api/persistent-agents/clock/triggers";
    let found = world.get(triggers).await;
    let schedule = &found["triggers"][0];
    assert_eq!(schedule["type"], "schedule");
    assert_eq!(schedule["config"]["cronExpression"], "*/10 * * * *");
    assert!(schedule["nextFireAt"].is_string(), "{schedule:#}");

    // The same with a time that comes at once.
    let every_second = json!({"type": "schedule", "config": {"cronExpression": "* * * * * *"}});
    let made = world.ask(Method::POST, triggers, Some(&every_second)).await;
    assert_eq!(made.unwrap().status(), 201);
    let turn = world.until_done("clock", 2).await;
    assert_eq!(turn["wakeSource"], "schedule", "{turn:#}");
    let prompt = turn["promptUsed"].as_str().unwrap();
    assert!(prompt.contains("# Tick"), "{prompt}");

    for example in ["forge", "mars-mission-control"] {
        let cleanup = format!("{example}/cleanup.sh");
        let said = script(&world, &cleanup).await;
        assert!(said.lines().all(|line| line.ends_with("deleted")), "{said}");
    }
    let what = "all agents to be gone";
    world
        .until(what, async |world: &mut World| {
            let left = world.get("/api/persistent-agents").await;
            (left["agents"] == json!([])).then_some(())
        })
        .await;
    let again = script(&world, "forge/cleanup.sh").await;
    assert!(
        again.lines().all(|it| it.ends_with("is not there")),
        "{again}"
    );
    world.end().await;
}

/// A job or blueprint of the examples.
struct Startable {
    /// Its folder.
    folder: &'static str,
    /// What it is, and where the API lists them.
    kind: (&'static str, &'static str, &'static str),
    /// What its scripts need.
    env: &'static [(&'static str, &'static str)],
    /// Sample calls: a file, the scheme, and what the agent is told of it; nothing where it starts nothing.
    calls: &'static [(&'static str, &'static str, &'static [&'static str])],
}

/// Nobody listens there, so that what would be checked out fails at once.
const REPO: &str = "http://127.0.0.1:9/acme/shop";
const JOB: (&str, &str, &str) = ("job", "/api/jobs", "workflows");
const BLUEPRINT: (&str, &str, &str) = ("blueprint", "/api/task-configs", "taskConfigs");

const STARTABLES: [Startable; 6] = [
    Startable {
        folder: "standalone-tasks/triage-bot",
        kind: JOB,
        env: &[("TRIAGE_REPO", REPO), ("TRIAGE_SECRET", "hunter2-triage")],
        calls: &[
            ("issue-labeled", "github", &[]),
            (
                "issue-opened",
                "github",
                &[
                    "Triage issue #42",
                    "With 101 items",
                    "ada-l (CONTRIBUTOR)",
                    "[\"bug\",\"checkout\"]",
                    "`report`",
                ],
            ),
        ],
    },
    Startable {
        folder: "standalone-tasks/daily-digest",
        kind: JOB,
        env: &[],
        calls: &[],
    },
    Startable {
        folder: "standalone-tasks/cost-watchdog",
        kind: JOB,
        env: &[],
        calls: &[],
    },
    Startable {
        folder: "standalone-tasks/incident-responder",
        kind: JOB,
        env: &[("INCIDENT_SECRET", "hunter2-incident")],
        calls: &[
            ("resolved", "gitlab", &[]),
            (
                "firing",
                "gitlab",
                &[
                    "**HighErrorRate**, severity critical, service checkout",
                    "Runbook: https://runbooks",
                    "\"fingerprint\":\"b0a1c2d3e4f50617\"",
                ],
            ),
        ],
    },
    Startable {
        folder: "repo-tasks/dependency-updater",
        kind: BLUEPRINT,
        env: &[("DEPENDENCIES_REPO", REPO)],
        calls: &[],
    },
    Startable {
        folder: "repo-tasks/changelog-writer",
        kind: BLUEPRINT,
        env: &[
            ("CHANGELOG_REPO", REPO),
            ("CHANGELOG_SECRET", "hunter2-changelog"),
        ],
        calls: &[
            ("closed", "github", &[]),
            ("own", "github", &[]),
            (
                "merged",
                "github",
                &[
                    "Pull request #57 was merged",
                    "by grace-h, labels: enhancement",
                    "9f86d081884c",
                ],
            ),
        ],
    },
];

impl Startable {
    /// Runs a script for it, with what it needs and nothing else.
    async fn script(&self, world: &World, path: &Path, args: &[&str]) -> String {
        let output = tokio::process::Command::new(path)
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", "/nonexistent")
            .env("OPTIO", env!("CARGO_BIN_EXE_optio"))
            .env("OPTIO_API_URL", world.url())
            .envs(self.env.iter().copied())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}: {output:?}", path.display());
        assert!(
            !format!("{output:?}").contains("hunter2"),
            "{}: {output:?}",
            path.display()
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        examples.join(self.folder).join(file)
    }

    fn name(&self) -> &str {
        self.folder.rsplit('/').next().unwrap()
    }
}

/// Calls its webhook as its sender would, and looks at what its agent is told.
async fn called(world: &mut World, startable: &Startable) {
    let hook = startable.path("../../hook.sh");
    let secret = startable
        .env
        .iter()
        .find(|(name, _)| name.ends_with("SECRET"));
    for (sample, scheme, told) in startable.calls {
        let body = startable.path(&format!("samples/{sample}.json"));
        let args = [
            startable.name(),
            body.to_str().unwrap(),
            secret.unwrap().0,
            scheme,
        ];
        let answer = startable.script(world, &hook, &args).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["ignored"], told.is_empty(), "{sample}: {answer}");
        let run = answer["runId"].as_str().or(answer["taskId"].as_str());
        let Some(run) = run else { continue };
        let path = format!("/api/tasks/{run}");
        let task = world
            .until("its run to be there", async |world: &mut World| {
                let answer = world.ask(Method::GET, &path, None).await.unwrap();
                let answer: serde_json::Value = answer.json().await.unwrap();
                answer["task"]["prompt"]
                    .is_string()
                    .then(|| answer["task"].clone())
            })
            .await;
        let prompt = task["prompt"].as_str().unwrap();
        assert!(
            !prompt.contains("{{"),
            "nothing is left to be filled in: {prompt}"
        );
        for words in *told {
            assert!(prompt.contains(words), "{words}: {prompt}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_and_blueprints_are_applied_twice_called_and_removed() {
    let program = format!("{FAKE_PRELUDE}begin; finish done");
    let mut world = World::plan().fake(&program).start().await;
    for startable in &STARTABLES {
        let (kind, path, many) = startable.kind;
        let label = format!("{kind}/{}", startable.name());
        let setup = startable.path("setup.sh");
        let said = startable.script(&world, &setup, &[]).await;
        assert!(
            said.starts_with(&format!("created    {label}\n    + trigger ")),
            "{said}"
        );
        let again = startable.script(&world, &setup, &[]).await;
        assert_eq!(again, format!("unchanged  {label}\n"));
        called(&mut world, startable).await;
        let listed = world.get(path).await;
        let listed = listed[many].as_array().unwrap().iter();
        let count = listed.filter(|it| it["name"] == startable.name()).count();
        assert_eq!(count, 1, "{label}");
    }
    // Those without a repository need nothing but their schedules, and run as they are.
    for name in ["daily-digest", "cost-watchdog"] {
        let said = world.says(&["job", "run", name, "--wait"]).await;
        assert!(said.contains("── completed"), "{said}");
    }
    for startable in &STARTABLES {
        let (kind, _, _) = startable.kind;
        let cleanup = startable.path("cleanup.sh");
        let said = startable.script(&world, &cleanup, &[]).await;
        assert_eq!(said, format!("removed {kind} {}\n", startable.name()));
        let again = startable.script(&world, &cleanup, &[]).await;
        assert_eq!(again, format!("{kind} {} is not there\n", startable.name()));
    }
    assert_eq!(world.get("/api/triggers").await["triggers"], json!([]));
    world.end().await;
}

#[tokio::test]
async fn every_folder_with_files_to_apply_is_tested_here() {
    let mut found = Vec::new();
    for family in ["standalone-tasks", "repo-tasks"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../examples")
            .join(family);
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.join("setup.sh").exists() {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                assert!(
                    path.join("README.md").exists() && path.join("cleanup.sh").exists(),
                    "{name}"
                );
                found.push(format!("{family}/{name}"));
            }
        }
    }
    found.sort();
    let mut tested: Vec<_> = STARTABLES.iter().map(|it| it.folder.to_owned()).collect();
    tested.sort();
    assert_eq!(found, tested);
}
