//! Jobs, blueprints and triggers through the client commands against a whole Optio.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::world::{FAKE_PRELUDE, World};

/// An agent that fails where it is told so.
async fn world() -> World {
    let agent = format!(
        "{FAKE_PRELUDE}begin\n\
         case \"$prompt\" in *'fail now'*) echo 'it broke' >&2; exit 3 ;; esac\n\
         say 'I looked into it'; finish 'It was fine'"
    );
    World::plan().fake(&agent).start().await
}

/// A command line; a tilde is a blank within a word.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .map(|it| it.replace('~', " "))
        .collect()
}

/// What a command prints that must succeed.
async fn says(world: &World, line: &str) -> String {
    let words = words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    world.says(&words).await
}

/// What a command prints that fails, and its exit code.
async fn fails(world: &World, line: &str) -> (Option<i32>, String) {
    let words = words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = world.optio(&words).await;
    assert!(!output.status.success(), "{line}: {output:?}");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn has(said: &str, all: &[&str]) {
    for words in all {
        assert!(said.contains(words), "{words}: {said}");
    }
}

const SCHEMA: &str =
    r#"{"required":["what"],"properties":{"what":{"type":"string"},"depth":{"type":"integer"}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_keep_a_job_start_it_and_wait_for_it() {
    let mut world = world().await;
    let add = format!(
        "job add look promptTemplate=Look~into~{{{{what}}}}. maxRetries=0 paramsSchema={SCHEMA}"
    );
    assert_eq!(says(&world, &add).await, "added job look\n");
    assert_eq!(fails(&world, &add).await.0, Some(5), "the name is taken");

    let said = says(&world, "job run look what=7 depth=2 --wait").await;
    let run = said.lines().next().unwrap().to_owned();
    has(&said, &["I looked into it", "── completed, $0.01"]);
    let shown = says(&world, &format!("run show {}", &run[..13])).await;
    let facts = [
        "completed",
        "parameter     what = 7",
        "parameter     depth = 2",
        "started by    local",
        "  It was fine",
    ];
    has(&shown, &facts);
    has(
        &says(&world, &format!("run logs {run}")).await,
        &["I looked into it"],
    );

    let (exit, said) = fails(&world, "job run look what=fail~now --wait").await;
    assert_eq!(exit, Some(1), "{said}");
    has(&said, &["── failed", " failed: "]);
    has(&fails(&world, "job run look depth=1").await.1, &["what"]);

    has(
        &says(&world, "job list").await,
        &["look  enabled  2, 1 failed"],
    );
    has(
        &says(&world, "job runs look").await,
        &["failed", "completed"],
    );
    let all = says(&world, "run list --state completed").await;
    assert!(
        all.contains(&run[..13]) && all.lines().count() == 2,
        "{all}"
    );
    rests(&mut world).await;
    copied(&world).await;
    world.end().await;
}

/// A job that nothing is asked of says so, once it was looked at.
async fn rests(world: &mut World) {
    let looked_at = async |world: &mut World| {
        let show = says(world, "job show look").await;
        show.contains("waits for     to be started").then_some(show)
    };
    let show = world.until("the job to rest", looked_at).await;
    let facts = ["parameters    what, [depth]", "Look into {{what}}."];
    has(&show, &facts);
    let why = says(world, "why job/look").await;
    has(&why, &["It waits: to be started"]);
}

/// A job's copy, from its beginning to its end.
async fn copied(world: &World) {
    let copy = says(world, "job clone look").await;
    has(&copy, &["look (copy), which is disabled"]);
    let (_, said) = fails(world, "job run look~(copy) what=x").await;
    has(&said, &["disabled"]);
    let set = "job set look~(copy) enabled=true promptTemplate=Wait~for~{{what}}";
    says(world, set).await;
    says(world, "job rm look~(copy)").await;
    assert_eq!(fails(world, "job show look~(copy)").await.0, Some(4));
}

/// Calls a webhook and shows its secret as GitLab does.
async fn call(world: &World, secret: &str, body: &Value) -> reqwest::Response {
    let url = format!("{}/api/hooks/look", world.url());
    let request = reqwest::Client::new().post(url).json(body);
    let request = request.header("x-gitlab-token", secret);
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_kept_called_changed_and_removed() {
    let mut world = world().await;
    says(&world, "job add look promptTemplate=Look~into~{{what}}.").await;
    let key = world.dir().join("hook.key");
    fs::write(&key, "hunter2-hunter2\n").unwrap();
    let hook = format!(
        "trigger add job/look webhook look --signature gitlab --secret-file {} --when kind=alarm --map what=alarm.name",
        key.display()
    );
    has(&says(&world, &hook).await, &["POST /api/hooks/look"]);
    assert_eq!(fails(&world, &hook).await.0, Some(5), "the path is taken");

    let body = |kind: &str| json!({ "kind": kind, "alarm": { "name": "the cellar" } });
    let ignored = call(&world, "hunter2-hunter2", &body("tick")).await;
    assert_eq!(ignored.json::<Value>().await.unwrap()["ignored"], true);
    let called = call(&world, "hunter2-hunter2", &body("alarm")).await;
    let called: Value = called.json().await.unwrap();
    let show = format!("run show {}", called["runId"].as_str().unwrap());
    let shown = world
        .until("the run to be over", async |world: &mut World| {
            let words = words(&show);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let said = String::from_utf8(world.optio(&words).await.stdout).unwrap();
            said.contains("  It was fine").then_some(said)
        })
        .await;
    has(
        &shown,
        &["started by    trigger", "parameter     what = the cellar"],
    );
    has(
        &says(&world, "trigger list").await,
        &["job/look", "/api/hooks/look", "started run "],
    );
    says(&world, "trigger set look signature=optio --no-secret").await;
    let show = says(&world, "trigger show look").await;
    assert!(
        show.contains("signature          optio") && !show.contains("***"),
        "{show}"
    );
    says(&world, "trigger rm look").await;
    assert_eq!(fails(&world, "trigger show look").await.0, Some(4));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_is_kept_fires_and_is_disabled() {
    let mut world = world().await;
    says(&world, "job add look promptTemplate=Look~into~{{what}}.").await;
    let add = "trigger add job/look schedule *~*~*~*~*~* --param what=the~attic";
    has(&says(&world, add).await, &["it fires ", " UTC (in "]);
    let fired = async |world: &mut World| {
        let runs: Value = serde_json::from_str(&says(world, "job runs look --json").await).unwrap();
        let runs = runs["runs"].as_array().unwrap().clone();
        let is_ours = |it: &Value| it["params"]["what"] == "the attic";
        runs.iter().any(is_ours).then_some(())
    };
    world.until("the schedule to fire", fired).await;
    let listed = says(&world, "trigger list job/look --type schedule --json").await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let id = listed["triggers"][0]["id"].as_str().unwrap();
    says(&world, &format!("trigger set {id} enabled=false")).await;
    let show = says(&world, &format!("trigger show {id}")).await;
    let facts = [
        "schedule starts job/look",
        "disabled",
        "what = the attic",
        "started run ",
    ];
    has(&show, &facts);
    let preview = says(
        &world,
        "trigger preview 0~9~*~*~1-5 --timezone Europe/Paris",
    )
    .await;
    let nines = preview.matches(" 09:00:00 Europe/Paris (in ").count();
    assert_eq!(nines, 5, "{preview}");
    // Runs that are at work when a server stops go on without it.
    let over = async |world: &mut World| {
        let runs: Value = serde_json::from_str(&says(world, "job runs look --json").await).unwrap();
        let runs = runs["runs"].as_array().unwrap().clone();
        runs.iter()
            .all(|it| it["state"] == "completed")
            .then_some(())
    };
    world.until("all runs to be over", over).await;
    world.end().await;
}

/// A folder with files of every kind.
struct Ops(PathBuf);

const UNCHANGED: &str = "unchanged  agent/vesper\nunchanged  job/look\nunchanged  blueprint/fix\n";

impl Ops {
    fn new(world: &World) -> Self {
        let dir = world.dir().join("ops");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("look.md"), "Look into {{what}}.\nBe brief.\n").unwrap();
        let ops = Self(dir);
        ops.secret("hunter2-hunter2");
        ops.write(5);
        ops
    }

    fn secret(&self, secret: &str) {
        fs::write(self.0.join("look.key"), format!("{secret}\n")).unwrap();
    }

    fn write(&self, turns: u32) {
        let yearly =
            json!({ "cronExpression": "0 0 1 1 *", "prompt": "Say hello", "overlap": "skip" });
        let weekdays = json!({ "cronExpression": "0 9 * * 1-5", "timezone": "Europe/Paris" });
        let hook =
            json!({ "path": "look", "secretFrom": { "file": "look.key" }, "when": { "a": 1 } });
        let all = json!([
            { "slug": "vesper", "name": "Vesper", "initialPrompt": "begin", "maxTurns": turns,
              "triggers": [{ "type": "schedule", "config": yearly }] },
            { "name": "look", "promptTemplateFrom": { "file": "look.md" }, "budgetUsd": 2.5, "triggers": [
                { "type": "webhook", "config": hook, "paramMapping": { "what": "alarm.name" } },
                { "type": "schedule", "config": weekdays, "paramMapping": { "what": "all" } },
                { "type": "ticket", "config": { "source": "github", "labels": ["Optio", "bug"] } },
                { "type": "manual" },
            ] },
            { "name": "fix", "title": "Fix {{what}}", "prompt": "Fix it.", "repoUrl": "git@github.com:acme/shop.git" },
        ]);
        fs::write(self.0.join("all.json"), all.to_string()).unwrap();
    }

    fn line(&self, more: &str) -> String {
        format!("apply -f {} {more}", self.0.display())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_all_kinds_are_applied_once_and_are_unchanged_after_that() {
    let world = world().await;
    let ops = Ops::new(&world);
    let dry = says(&world, &ops.line("--dry-run")).await;
    assert_eq!(world.get("/api/jobs").await["workflows"], json!([]));
    let said = says(&world, &ops.line("")).await;
    assert_eq!(said, dry);
    let made = [
        "created    agent/vesper\n    + trigger schedule 0 0 1 1 * (UTC)",
        "created    job/look",
        "    + trigger webhook /api/hooks/look",
        "    + trigger schedule 0 9 * * 1-5 (Europe/Paris)",
        "    + trigger ticket github: bug, optio",
        "    + trigger manual by hand",
        "created    blueprint/fix",
    ];
    has(&said, &made);
    assert_eq!(says(&world, &ops.line("")).await, UNCHANGED);

    // A webhook's secret is set anew only when it is said, and then is the new one.
    ops.secret("hunter3-hunter3");
    assert_eq!(says(&world, &ops.line("")).await, UNCHANGED);
    let body = json!({ "a": 2 });
    let heard = async |secret: &str| call(&world, secret, &body).await.status().as_u16();
    assert_eq!(heard("hunter2-hunter2").await, 202);
    assert_eq!(heard("hunter3-hunter3").await, 401);
    says(&world, &ops.line("--renew-secrets")).await;
    assert_eq!(heard("hunter2-hunter2").await, 401);
    assert_eq!(heard("hunter3-hunter3").await, 202);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_by_hand_is_shown_and_set_right_and_strays_go_when_it_is_said() {
    let world = world().await;
    let ops = Ops::new(&world);
    says(&world, &ops.line("")).await;
    says(&world, "job set look budgetUsd=9 promptTemplate=Look~away.").await;
    says(&world, "trigger set look overlap=skip").await;
    says(&world, "trigger add job/look schedule 0~0~1~1~*").await;
    says(&world, "job add stray promptTemplate=x").await;
    let said = says(&world, &ops.line("")).await;
    let set_right = [
        "updated    job/look",
        "    budgetUsd  9 → 2.5",
        "      - Look away.",
        "      + Be brief.",
        "      overlap  skip → allow",
    ];
    has(&said, &set_right);
    assert_eq!(says(&world, &ops.line("")).await, UNCHANGED);

    let prune = ops.line("--prune job,trigger");
    assert_eq!(
        fails(&world, &prune).await.0,
        Some(2),
        "nobody can be asked"
    );
    let said = says(&world, &format!("{prune} --yes")).await;
    let gone = "removed    schedule 0 0 1 1 * (UTC) of job/look\nremoved    job/stray\n";
    assert_eq!(said, format!("{gone}{UNCHANGED}"));
    assert_eq!(
        says(&world, &prune).await,
        UNCHANGED,
        "nothing is left to remove"
    );

    // What the server refuses names the file.
    ops.write(0);
    let (exit, said) = fails(&world, &ops.line("")).await;
    assert_eq!(exit, Some(1));
    has(&said, &["all.json[0]: agent/vesper: ", "maxTurns"]);
    world.end().await;
}
