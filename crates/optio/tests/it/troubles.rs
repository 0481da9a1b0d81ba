//! What agent programs and model APIs do wrong: each trouble has its class, its words and its
//! remedy, and the mail is given back.

use serde_json::{Value, json};

use crate::world::{FAKE_PRELUDE, World};

/// A program that does what its mission says.
const TROUBLES: &str = r#"
case $prompt in
*missing*) begin; finish "now there" ;;
*garbage*) echo "I am no agent"; echo "[1, 2"; echo 7 ;;
*'long line'*) begin; head -c 10000000 /dev/zero | tr '\0' x; echo; finish "after the line" ;;
*silent*) begin; while :; do read -rt 10 <> <(:); done ;;
*signal*) begin; kill -SEGV $$ ;;
*'no result'*) begin; say "all is well"; echo "oh dear" >&2; exit 0 ;;
*'bad exit'*) begin; exit 3 ;;
*flood*) begin; while :; do head -c 60000 /dev/zero | tr '\0' y; echo; done ;;
*) begin; finish ready ;;
esac
"#;

/// A trouble, the class it is, words of its error, words of its remedy.
const TABLE: [(&str, &str, &str, &str); 6] = [
    (
        "garbage",
        "protocol",
        "nothing in its own format",
        "optio doctor",
    ),
    ("silent", "silence", "printed nothing", "silence_ms_max"),
    ("signal", "crash", "signal 11", "optio agent resume"),
    (
        "no-result",
        "crash",
        "it said: oh dear",
        "optio agent resume",
    ),
    ("bad-exit", "crash", "exit code 3", "optio agent resume"),
    ("flood", "output_limit", "too much", "output_bytes_max"),
];

async fn troubled(world: &mut World, slug: &str) -> String {
    let mission = slug.replace('-', " ");
    let fields = json!({"initialPrompt": mission, "consecutiveFailureLimit": 1});
    world.create(slug, fields).await
}

/// The first turn failed like this, everybody is told, and the mail waits again.
async fn failed(world: &mut World, agent: &str, class: &str, error: &str, remedy: &str) -> Value {
    let turn = world.until_turn(agent, 1).await;
    assert_eq!(turn["haltReason"], "error", "{turn:#}");
    assert_eq!(turn["errorClass"], class, "{turn:#}");
    let has = |value: &Value, words: &str| value.as_str().unwrap().contains(words);
    assert!(has(&turn["error"], error), "{turn:#}");
    assert!(has(&turn["remedy"], remedy), "{turn:#}");
    let shown = world.until_state(agent, "failed").await;
    assert_eq!(shown["lastFailureClass"], class);
    assert_eq!(
        shown["inboxPending"], 1,
        "{class}: the mail was not given back"
    );
    let mail = world.mail(agent).await;
    assert_eq!(
        (&mail[0]["state"], &mail[0]["attempts"]),
        (&json!("pending"), &json!(1))
    );
    let why = world.says(&["why", agent]).await;
    assert!(why.contains(error) && why.contains(remedy), "{why}");
    turn
}

#[tokio::test(flavor = "multi_thread")]
async fn troubles_of_agent_programs_have_their_class_words_and_remedy() {
    let mut world = World::plan()
        .fake("")
        .set("OPTIO_LIMITS_SILENCE_MS_MAX", "2000")
        .set("OPTIO_LIMITS_OUTPUT_BYTES_MAX", "20000000")
        .start()
        .await;
    let missing = troubled(&mut world, "missing").await;
    failed(
        &mut world,
        &missing,
        "agent_missing",
        "is not there",
        "scripts/install-agents",
    )
    .await;
    world.install_fake(&format!("{FAKE_PRELUDE}{TROUBLES}"));
    world.control(&missing, "resume").await;
    let turn = world.until_done(&missing, 2).await;
    assert_eq!(turn["summary"], "now there");

    let long = troubled(&mut world, "long-line").await;
    let mut agents = Vec::new();
    for (trouble, ..) in TABLE {
        agents.push(troubled(&mut world, trouble).await);
    }
    for (agent, (_, class, error, remedy)) in agents.iter().zip(TABLE) {
        failed(&mut world, agent, class, error, remedy).await;
    }
    // A line without end is cut, and the turn goes on.
    let turn = world.until_done(&long, 1).await;
    assert_eq!(turn["summary"], "after the line");
    let transcript = world.transcript(&long, &turn).await;
    let cut = transcript
        .iter()
        .any(|(_, text)| text.contains("bytes more were cut off"));
    let lengths: Vec<_> = transcript.iter().map(|(_, text)| text.len()).collect();
    assert!(cut, "{lengths:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn troubles_of_the_model_reach_a_person_or_pass_by_themselves() {
    let mut world = World::plan().start().await;
    let fields = json!({"consecutiveFailureLimit": 1});
    let key = world.create("key", fields.clone()).await;
    let limit = world.create("limit", fields).await;
    world.until_done(&key, 1).await;
    world.until_done(&limit, 1).await;

    // A wrong key is for a person.
    let message = world.send(&key, "wrong key").await;
    let turn = world.until_turn(&key, 2).await;
    assert_eq!(turn["errorClass"], "auth", "{turn:#}");
    assert!(
        turn["remedy"]
            .as_str()
            .unwrap()
            .contains("ANTHROPIC_API_KEY")
    );
    world.until_state(&key, "failed").await;
    assert_eq!(world.message(&key, &message).await["state"], "pending");

    // A short limit is waited for within the turn.
    world.send(&limit, "short limit").await;
    let turn = world.until_done(&limit, 2).await;
    assert_eq!(turn["summary"], "The limit was short.");
    let transcript = world.transcript(&limit, &turn).await;
    assert!(
        transcript.iter().any(|(_, text)| text.contains("429")),
        "{transcript:#?}"
    );

    // A long one without a process, and it is nobody's fault.
    let message = world.send(&limit, "long limit").await;
    let turn = world.until_turn(&limit, 3).await;
    assert_eq!(turn["errorClass"], "rate_limit", "{turn:#}");
    let agent = world.until_state(&limit, "idle").await;
    assert_eq!(agent["consecutiveFailures"], 0);
    assert!(agent["reconcileBackoffUntil"].is_string(), "{agent:#}");
    let waiting = world.message(&limit, &message).await;
    assert_eq!(
        (&waiting["state"], &waiting["attempts"]),
        (&json!("pending"), &json!(0))
    );
    let why = world.says(&["why", "limit"]).await;
    assert!(
        why.contains("It waits: the vendor's rate limit to end"),
        "{why}"
    );
    // Its end is a minute away; a person need not wait for it.
    world.control(&limit, "resume").await;
    let turn = world.until_done(&limit, 4).await;
    // Once for each time the session has been told: the turn that failed is part of it.
    let summary = turn["summary"].as_str().unwrap();
    assert!(summary.starts_with("The limit is over."), "{summary}");
    assert_eq!(world.message(&limit, &message).await["state"], "consumed");
    world.end().await;
}
