//! Dead letters and metrics over HTTP.

use optio_domain::id::{AgentId, MessageId};
use reqwest::Method;
use serde_json::json;

use super::{api::Api, routes::texts};

const AGENTS: &str = "/api/persistent-agents";
const DEAD: &str = "/api/dead-letters";
const UNKNOWN: &str = "00000000-0000-0000-0000-00000000ffff";

impl Api {
    /// The mission of a resting agent is dead.
    async fn dead(&self, slug: &str) -> (AgentId, MessageId) {
        let agent = self.resting(slug).await;
        optio_store::testing::kill_mail(&self.world.store, agent).await;
        let mail = self.get(&format!("{AGENTS}/{slug}/messages")).await.body;
        let id = mail["messages"][0]["id"].as_str().unwrap();
        (agent, id.parse().unwrap())
    }
}

#[tokio::test]
async fn dead_letters_of_all_are_listed_inspected_and_settled_one_by_one() {
    let api = Api::new().await;
    let (_, first) = api.dead("vesper").await;
    let (_, second) = api.dead("mira").await;
    let page = api.get(&format!("{DEAD}?limit=1")).await.is(200).clone();
    assert_eq!(texts(&page["messages"], "id"), [second.to_string()]);
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = api.get(&format!("{DEAD}?limit=1&cursor={cursor}")).await;
    assert_eq!(texts(&rest.is(200)["messages"], "id"), [first.to_string()]);
    let shown = api.get(&format!("{DEAD}/{first}")).await;
    assert_eq!(shown.is(200)["message"]["body"], "Greet.");
    assert_eq!(shown.body["message"]["deadReason"], "killed by a test");
    api.post(&format!("{DEAD}/{first}/replay"), json!({}))
        .await
        .is(202);
    api.post(&format!("{DEAD}/{second}/discard"), json!({}))
        .await
        .is(202);
    for (slug, state) in [("vesper", "pending"), ("mira", "discarded")] {
        let mail = api.get(&format!("{AGENTS}/{slug}/messages")).await.body;
        assert_eq!(texts(&mail["messages"], "state"), [state]);
    }
    for (method, path) in [
        (Method::GET, format!("{DEAD}/{first}")),
        (Method::POST, format!("{DEAD}/{first}/replay")),
        (Method::POST, format!("{DEAD}/{second}/discard")),
        (Method::POST, format!("{DEAD}/{UNKNOWN}/replay")),
        (Method::POST, format!("{DEAD}/x/discard")),
        (
            Method::POST,
            format!("{AGENTS}/mira/dead-letters/{first}/replay"),
        ),
    ] {
        let answer = api.answer(api.ask(method, &path)).await;
        answer.refused(404, &["dead letter"]);
    }
}

#[tokio::test]
async fn all_of_an_agent_or_of_everybody_are_settled_at_once() {
    let api = Api::new().await;
    for slug in ["vesper", "mira", "otis"] {
        api.dead(slug).await;
    }
    let settled = |count: i64| json!({ "ok": true, "count": count, "more": false });
    let of = |slug: &str, what: &str| format!("{AGENTS}/{slug}/dead-letters/{what}");
    let answer = api.post(&of("vesper", "replay"), json!({})).await;
    assert_eq!(answer.is(200), &settled(1));
    let answer = api.post(&of("vesper", "discard"), json!({})).await;
    assert_eq!(answer.is(200), &settled(0));
    let answer = api.post(&format!("{DEAD}/discard"), json!({})).await;
    assert_eq!(answer.is(200), &settled(2));
    let answer = api.post(&format!("{DEAD}/replay"), json!({})).await;
    assert_eq!(answer.is(200), &settled(0));
    api.post(&of("nobody", "replay"), json!({}))
        .await
        .refused(404, &["nobody"]);
    api.get(&format!("{DEAD}?limit=0"))
        .await
        .refused(400, &["limit"]);
}

#[tokio::test]
async fn metrics_are_in_the_text_format_with_every_number() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    api.dead("mira").await;
    let answer = api.answer(api.ask(Method::GET, "/metrics")).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    for line in [
        "# TYPE optio_messages gauge",
        "optio_messages{state=\"assigned\",class=\"work\"} 1",
        "optio_messages{state=\"dead\",class=\"work\"} 1",
        "optio_agents{state=\"provisioning\"} 1",
        "optio_turns_open 1",
        "optio_asks_open 0",
        "optio_breaker_trips_total 0",
        "optio_refused_reports_total 0",
        "# TYPE optio_events_total counter",
    ] {
        assert!(
            answer.text.lines().any(|said| said == line),
            "no `{line}` in\n{}",
            answer.text
        );
    }
    let token = api.token(vesper, &turn);
    for (method, path) in [
        (Method::GET, "/metrics"),
        (Method::GET, DEAD),
        (Method::POST, "/api/dead-letters/discard"),
    ] {
        api.as_agent(&token, method, path, None)
            .await
            .refused(403, &["agent"]);
    }
}
