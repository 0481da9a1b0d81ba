//! What an agent holds is good for its turn, and is written down nowhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::Client;
use serde_json::{Value, json};

use crate::world::{API_KEY, World, running};

const INTERNAL: &str = "/api/internal/persistent-agents";

/// Every file below a directory, without what is the agent's own.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let own = ["workspace", "home"]
            .iter()
            .any(|name| path.ends_with(name));
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !own => files(&path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

/// Asserts that a secret stands in no file below a directory but in what is the agent's own.
pub(crate) fn assert_nowhere(dir: &Path, secret: &str) {
    let mut found = Vec::new();
    files(dir, &mut found);
    let holds = |path: &&PathBuf| {
        let bytes = fs::read(path).unwrap_or_default();
        bytes
            .windows(secret.len())
            .any(|it| it == secret.as_bytes())
    };
    let holding: Vec<_> = found.iter().filter(holds).collect();
    assert!(holding.is_empty(), "a secret stands in {holding:?}");
    assert!(10 < found.len(), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_turn_and_no_secret_is_written_down() {
    let mut world = World::plan().embedded().start().await;
    let agent = world.create("holder", json!({})).await;
    world.until_done(&agent, 1).await;
    let script = format!(
        "run: printenv OPTIO_AGENT_TOKEN >token; \
         curl -s -H \"X-Optio-Agent-Token: $OPTIO_AGENT_TOKEN\" \"$OPTIO_API_URL{INTERNAL}\" >peers; \
         env | grep -e TOKEN -e API_KEY; touch begun; until [ -e go ]; do sleep 0.1; done"
    );
    world.send(&agent, &script).await;
    let begun = world.workspace(&agent, "begun");
    world.until_file(&begun).await;
    let read = |name| fs::read_to_string(world.workspace(&agent, name)).unwrap();
    let token = read("token").trim().to_owned();
    assert!(token.starts_with("optio_turn_"), "{token}");
    let peers: Value = serde_json::from_str(&read("peers")).unwrap();
    assert_eq!(peers["me"]["slug"], "holder");
    let url = world.url();
    let ask = async |path: &str| {
        let request = Client::new().get(format!("{url}{path}"));
        request
            .header("x-optio-agent-token", &token)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(ask(INTERNAL).await.status(), 200);
    // It opens the door to the other agents, not the one to the people.
    assert_eq!(ask("/api/persistent-agents").await.status(), 403);
    for secret in [token.as_str(), API_KEY] {
        let shown = running(secret);
        assert!(shown.is_empty(), "a secret in an argument: {shown:?}");
    }

    fs::write(world.workspace(&agent, "go"), "").unwrap();
    world.until_done(&agent, 2).await;
    let refused = ask(INTERNAL).await;
    assert_eq!(refused.status(), 401);
    let words = refused.text().await.unwrap();
    assert!(
        words.contains("the agent token has ended: turn 1"),
        "{words}"
    );

    // The same process serves the next turn, and its token opens the same door again until that is over.
    world
        .send(&agent, "run: printenv OPTIO_AGENT_TOKEN >token")
        .await;
    world.until_done(&agent, 3).await;
    let again = fs::read_to_string(world.workspace(&agent, "token")).unwrap();
    assert_eq!(again.trim(), token);
    assert_eq!(ask(INTERNAL).await.status(), 401);

    let turn = &world.turns(&agent).await[1];
    let transcript = world.transcript(&agent, turn).await;
    let printed = |(_, text): &(String, String)| text.contains("OPTIO_AGENT_TOKEN=***");
    assert!(transcript.iter().any(printed), "{transcript:#?}");
    for secret in [token.as_str(), API_KEY] {
        assert_nowhere(&world.data(), secret);
        assert!(!world.said().contains(secret));
    }
    world.end().await;
}
