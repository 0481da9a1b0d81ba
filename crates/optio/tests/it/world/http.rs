//! The world over HTTP and through the client commands.

use std::process::{Output, Stdio};

use futures_util::StreamExt;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{PATIENCE, World};

const AGENTS: &str = "/api/persistent-agents";

impl World {
    /// The address of the API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address.unwrap())
    }

    /// One request; nothing is expected of the answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.url()));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(token) = self.env.get("OPTIO_ADMIN_TOKEN") {
            request = request.bearer_auth(token);
        }
        request.send().await
    }

    /// What there is at a path.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask(Method::POST, path, Some(body)).await.unwrap();
        let status = answer.status();
        let said = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {said}");
        serde_json::from_str(&said).unwrap()
    }

    /// Creates an agent; its id is returned.
    pub(crate) async fn create(&mut self, slug: &str, fields: Value) -> String {
        let mut body = json!({"slug": slug, "name": slug, "initialPrompt": "get ready"});
        let given = fields.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(given);
        let made = self.post(AGENTS, &body).await;
        let id = made["agent"]["id"].as_str().unwrap().to_owned();
        self.sandboxes.push(id.clone());
        id
    }

    /// Sends an agent a message; its id is returned.
    pub(crate) async fn send(&self, agent: &str, body: &str) -> String {
        let path = format!("{AGENTS}/{agent}/messages");
        let sent = self.post(&path, &json!({ "body": body })).await;
        sent["messageId"].as_str().unwrap().to_owned()
    }

    /// Tells an agent to pause, resume, restart or archive.
    pub(crate) async fn control(&self, agent: &str, intent: &str) {
        let path = format!("{AGENTS}/{agent}/control");
        self.post(&path, &json!({ "intent": intent })).await;
    }

    /// Deletes an agent.
    pub(crate) async fn delete(&self, agent: &str) {
        let path = format!("{AGENTS}/{agent}");
        let answer = self.ask(Method::DELETE, &path, None).await.unwrap();
        assert_eq!(answer.status(), 204);
    }

    /// An agent.
    pub(crate) async fn agent(&self, agent: &str) -> Value {
        self.get(&format!("{AGENTS}/{agent}")).await["agent"].take()
    }

    /// An agent's mail, oldest first.
    pub(crate) async fn mail(&self, agent: &str) -> Vec<Value> {
        let path = format!("{AGENTS}/{agent}/messages");
        let mut mail = list(self.get(&path).await, "messages");
        mail.sort_by_key(|message| message["receivedAt"].as_str().unwrap().to_owned());
        mail
    }

    /// One message of an agent.
    pub(crate) async fn message(&self, agent: &str, id: &str) -> Value {
        let mail = self.mail(agent).await;
        let found = mail.into_iter().find(|message| message["id"] == id);
        found.expect("the message is gone")
    }

    /// An agent's turns, oldest first.
    pub(crate) async fn turns(&self, agent: &str) -> Vec<Value> {
        let path = format!("{AGENTS}/{agent}/turns");
        let mut turns = list(self.get(&path).await, "turns");
        turns.sort_by_key(|turn| turn["turnNumber"].as_i64().unwrap());
        turns
    }

    /// A turn's transcript: what kind, and what.
    pub(crate) async fn transcript(&self, agent: &str, turn: &Value) -> Vec<(String, String)> {
        let id = turn["id"].as_str().unwrap();
        let shown = self.get(&format!("{AGENTS}/{agent}/turns/{id}")).await;
        let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        list(shown, "logs")
            .iter()
            .map(|line| (words(&line["logType"]), words(&line["content"])))
            .collect()
    }

    /// Waits until a turn is over.
    pub(crate) async fn until_turn(&mut self, agent: &str, number: usize) -> Value {
        let what = format!("turn {number} of {agent} to end");
        self.until(&what, async |world: &mut Self| {
            let turn = world.turns(agent).await.into_iter().nth(number - 1)?;
            (!turn["finishedAt"].is_null()).then_some(turn)
        })
        .await
    }

    /// Waits until a turn is over, which must have gone well.
    pub(crate) async fn until_done(&mut self, agent: &str, number: usize) -> Value {
        let turn = self.until_turn(agent, number).await;
        assert_eq!(turn["haltReason"], "natural", "{turn:#}");
        turn
    }

    /// Waits until an agent is in a state.
    pub(crate) async fn until_state(&mut self, agent: &str, state: &str) -> Value {
        let what = format!("{agent} to be {state}");
        self.until(&what, async |world: &mut Self| {
            let found = world.agent(agent).await;
            (found["state"] == state).then_some(found)
        })
        .await
    }

    /// Waits until an agent rests with an empty inbox.
    pub(crate) async fn until_rest(&mut self, agent: &str) -> Value {
        let what = format!("{agent} to rest");
        self.until(&what, async |world: &mut Self| {
            let found = world.agent(agent).await;
            (found["state"] == "idle" && found["inboxPending"] == 0).then_some(found)
        })
        .await
    }

    /// What has happened to an agent since its beginning, up to and including the end of a turn.
    pub(crate) async fn events(&self, agent: &str, up_to: &Value) -> Vec<Value> {
        let url = format!("{}{AGENTS}/{agent}/events", self.url());
        let request = self.http.get(url).header("last-event-id", "0");
        let mut stream = request.send().await.unwrap().bytes_stream();
        let (mut text, mut events) = (String::new(), Vec::<Value>::new());
        let over = |event: &Value| {
            event["type"] == "persistent_agent:turn_halted" && event["turnId"] == up_to["id"]
        };
        while !events.iter().any(over) {
            let bytes = tokio::time::timeout(PATIENCE, stream.next()).await;
            let bytes = bytes.expect("the turn's end is not in the stream").unwrap();
            text.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
            while let Some((event, rest)) = text.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                events.extend(data.map(|data| serde_json::from_str::<Value>(data).unwrap()));
                text = rest.to_owned();
            }
        }
        events
    }

    /// A client command.
    pub(crate) async fn optio(&self, args: &[&str]) -> Output {
        let mut command = self.binary();
        command
            .args(args)
            .env("OPTIO_SERVER", self.url())
            .envs(
                self.env
                    .get("OPTIO_ADMIN_TOKEN")
                    .map(|token| ("OPTIO_TOKEN", token)),
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        tokio::process::Command::from(command)
            .output()
            .await
            .unwrap()
    }

    /// A client command that must succeed; what it printed.
    pub(crate) async fn says(&self, args: &[&str]) -> String {
        let output = self.optio(args).await;
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Everything a person would ask when nothing moves.
    pub(super) async fn agents_in_words(&self) -> String {
        let Ok(answer) = self.ask(Method::GET, AGENTS, None).await else {
            return "the control plane does not answer".to_owned();
        };
        let agents = list(answer.json().await.unwrap_or_default(), "agents");
        let mut words = String::new();
        for agent in agents {
            let slug = agent["slug"].as_str().unwrap_or_default();
            let why = self.optio(&["why", slug]).await;
            let log = self.optio(&["agent", "log", slug]).await;
            words.push_str(&String::from_utf8_lossy(&why.stdout));
            words.push_str(&String::from_utf8_lossy(&log.stdout));
        }
        words
    }
}

fn list(mut answer: Value, member: &str) -> Vec<Value> {
    let items = answer[member].take();
    serde_json::from_value(items).unwrap_or_else(|error| panic!("{member} is no list: {error}"))
}
