//! The simulator over real sockets: shapes, faults, keys, the log, stopping.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::*;
use crate::ModelSimulator;

const ANSWER_MAX: Duration = Duration::from_secs(20);

struct Client {
    simulator: ModelSimulator,
    http: reqwest::Client,
}

impl Client {
    /// A simulator whose default rule has these steps.
    async fn with(steps: &str) -> Self {
        let text = format!("name = 'x'\n[default]\nsteps = [{steps}]");
        let scenario = Scenario::parse(&text).unwrap();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator = ModelSimulator::start(any_port, scenario).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(ANSWER_MAX)
            .build()
            .unwrap();
        Self { simulator, http }
    }

    fn ask(&self, is_streaming: bool) -> reqwest::RequestBuilder {
        let mut body = request("go", &[]);
        body["stream"] = json!(is_streaming);
        let url = format!("{}/v1/messages?beta=true", self.simulator.url());
        self.http
            .post(url)
            .header("x-api-key", "sk-test")
            .body(body.to_string())
    }

    async fn events(&self) -> Vec<Value> {
        let response = self.ask(true).send().await.unwrap();
        let kind = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        let text = response.text().await.unwrap();
        text.split_terminator("\n\n")
            .map(|event| {
                let (name, data) = event.split_once('\n').unwrap();
                let data: Value =
                    serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
                data
            })
            .collect()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.simulator.url());
        let response = self
            .http
            .get(url)
            .bearer_auth("token")
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().await.unwrap()).unwrap(),
        )
    }
}

fn types(events: &[Value]) -> Vec<&str> {
    let mut types: Vec<&str> = events
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    types.dedup();
    types
}

fn joined(events: &[Value], field: &str) -> String {
    events
        .iter()
        .filter_map(|event| event["delta"][field].as_str())
        .collect()
}

#[tokio::test]
async fn a_tool_call_is_streamed_as_the_api_does() {
    let client =
        Client::with("{ think = 'hm' }, { say = 'so' }, { bash = 'echo \"a long command line\"' }")
            .await;
    let events = client.events().await;
    let block = [
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    ];
    let wanted = [
        &["message_start", "ping"][..],
        &block,
        &block,
        &block,
        &["message_delta", "message_stop"],
    ];
    assert_eq!(types(&events), wanted.concat());
    let message = &events[0]["message"];
    assert_eq!(
        (&message["role"], &message["model"]),
        (&json!("assistant"), &json!("claude-opus-5-5"))
    );
    assert_eq!(message["usage"]["input_tokens"], 1_200);
    assert_eq!(joined(&events, "thinking"), "hm");
    assert_eq!(joined(&events, "text"), "so");
    let input: Value = serde_json::from_str(&joined(&events, "partial_json")).unwrap();
    assert_eq!(input, json!({ "command": "echo \"a long command line\"" }));
    let starts: Vec<&Value> = events
        .iter()
        .filter(|e| e["type"] == "content_block_start")
        .collect();
    assert_eq!(starts[2]["content_block"]["name"], "Bash");
    assert_eq!(starts[2]["index"], 2);
    let end = &events[events.len() - 2];
    assert_eq!(end["delta"]["stop_reason"], "tool_use");
    assert_eq!(end["usage"]["output_tokens"], 80);
}

#[tokio::test]
async fn without_streaming_the_answer_comes_in_one_piece() {
    let client = Client::with("{ say = 'hello' }").await;
    let response = client.ask(false).send().await.unwrap();
    let message: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(
        message["content"],
        json!([{ "type": "text", "text": "hello" }])
    );
    assert_eq!(
        (&message["type"], &message["stop_reason"]),
        (&json!("message"), &json!("end_turn"))
    );
}

#[tokio::test]
async fn a_request_without_a_key_is_refused() {
    let client = Client::with("").await;
    let url = format!("{}/v1/messages", client.simulator.url());
    let response = client.http.post(url).body("{}").send().await.unwrap();
    assert_eq!(response.status(), 401);
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(
        (&body["type"], &body["error"]["type"]),
        (&json!("error"), &json!("authentication_error"))
    );
}

#[tokio::test]
async fn an_error_comes_with_its_status_and_when_to_try_again() {
    let client = Client::with(
        "{ delay_ms = 1 }, { error = 429, retry_after = 3, times = 1 }, { say = 'ok' }",
    )
    .await;
    let response = client.ask(true).send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["retry-after"]
        ),
        (429, &"3".parse().unwrap())
    );
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body["error"]["type"], "rate_limit_error");
    assert_eq!(joined(&client.events().await, "text"), "ok");
    let log: Vec<u16> = client
        .simulator
        .requests()
        .iter()
        .map(|seen| seen.status)
        .collect();
    assert_eq!(log, [429, 200]);
}

#[tokio::test]
async fn an_error_behind_a_text_comes_as_an_event() {
    let client = Client::with("{ say = 'a' }, { error = 529 }").await;
    let events = client.events().await;
    assert_eq!(events.last().unwrap()["error"]["type"], "overloaded_error");
    assert_eq!(client.ask(false).send().await.unwrap().status(), 529);
}

#[tokio::test]
async fn a_drop_breaks_the_stream_behind_what_was_said() {
    let client = Client::with("{ say = 'half of it' }, { drop = true }").await;
    let mut response = client.ask(true).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
            other => break other,
        }
    };
    assert!(end.is_err(), "{end:?}");
    assert!(
        text.contains("half of it") && !text.contains("message_stop"),
        "{text}"
    );
}

#[tokio::test]
async fn a_trickled_text_takes_its_time() {
    let client =
        Client::with("{ say = 'one two three four five six seven eight', trickle_ms = 120 }").await;
    let begin = Instant::now();
    let events = client.events().await;
    assert!(Duration::from_millis(120) <= begin.elapsed());
    assert_eq!(
        joined(&events, "text"),
        "one two three four five six seven eight"
    );
}

#[tokio::test]
async fn stopping_ends_an_answer_that_hangs() {
    let client = Client::with("{ hang = true }").await;
    let mut response = client.ask(true).send().await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    let address = client.simulator.address();
    client.simulator.stop().await;
    let end = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert!(end.is_err(), "{end:?}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_other_routes_answer_as_the_api_does() {
    let client = Client::with("").await;
    let head = client
        .http
        .head(client.simulator.url())
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    let (status, models) = client.get("/v1/models").await;
    assert_eq!(
        (status, models["data"][0]["type"].as_str()),
        (200, Some("model"))
    );
    let (status, error) = client.get("/v1/complete").await;
    assert_eq!(
        (status, error["error"]["type"].as_str()),
        (404, Some("not_found_error"))
    );
    assert_eq!(client.get("/v1/models/none").await.0, 404);
    assert_eq!(client.get("/v1/messages").await.0, 405);
    let url = format!("{}/v1/messages/count_tokens", client.simulator.url());
    let count = client
        .http
        .post(url)
        .bearer_auth("t")
        .body("x".repeat(400))
        .send()
        .await
        .unwrap();
    assert_eq!(count.text().await.unwrap(), "{\"input_tokens\":100}");
}

#[tokio::test]
async fn a_request_that_asks_nothing_is_refused() {
    let client = Client::with("").await;
    for body in [
        "",
        "[]",
        "{\"model\":\"m\"}",
        "{\"model\":\"m\",\"messages\":[]}",
    ] {
        let response = client.ask(true).body(body).send().await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
    }
}

#[tokio::test]
async fn the_log_says_what_was_asked() {
    let client = Client::with("{ say = 'ok' }").await;
    client.events().await;
    let log = client.simulator.requests();
    assert_eq!((log.len(), client.simulator.requests_total()), (1, 1));
    assert_eq!(
        (log[0].method.as_str(), log[0].path.as_str()),
        ("POST", "/v1/messages")
    );
    assert_eq!(
        (log[0].prompt.as_deref(), log[0].rules.concat().as_str()),
        (Some("go"), "default")
    );
}
