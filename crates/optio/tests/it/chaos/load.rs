//! Clients that send, and come again under the same key until they know what became of a message.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::schedule::Dice;

/// How long a client waits for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// How long a client tries one message: longer than an inbox can stay full because its agent failed
/// again and again, whose pauses grow to five minutes.
const TRIES_MAX: Duration = Duration::from_secs(1_200);
/// How long a client waits before it tries again, where nobody says how long.
const AGAIN: Duration = Duration::from_millis(150);

/// What a client was told about a message.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    pub(super) key: String,
    pub(super) body: String,
    /// The message; none where nobody ever said what became of it.
    pub(super) message: Option<String>,
}

/// What all clients were told.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    pub(super) all: Vec<Receipt>,
    /// How often which answer came.
    pub(super) answers: BTreeMap<String, u64>,
    /// Answers that no client should get.
    pub(super) odd: Vec<String>,
}

impl Receipts {
    /// Everything these clients were told.
    pub(super) fn take(&mut self, clients: &[Arc<Client>]) {
        for client in clients {
            let mut of_client = client.receipts.lock().unwrap();
            self.all.append(&mut of_client.all);
            self.odd.append(&mut of_client.odd);
            for (answer, count) in &of_client.answers {
                *self.answers.entry(answer.clone()).or_default() += count;
            }
        }
    }
}

/// Clients at work.
#[derive(Debug)]
pub(super) struct Load {
    clients: Vec<Arc<Client>>,
    stop: Arc<AtomicBool>,
    work: JoinSet<()>,
}

/// One client. Its messages to one agent are numbered, and sent one after the other.
#[derive(Debug)]
pub(super) struct Client {
    name: String,
    to: Vec<SocketAddr>,
    http: reqwest::Client,
    counts: tokio::sync::Mutex<BTreeMap<usize, u64>>,
    receipts: Mutex<Receipts>,
}

impl Load {
    /// Starts so many clients, which write to so many agents through these replicas.
    pub(super) fn start(clients: usize, agents: usize, to: &[SocketAddr], seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut work = JoinSet::new();
        let mut all = Vec::new();
        for number in 0..clients {
            let client = Arc::new(Client::new(format!("u{number}"), to));
            all.push(Arc::clone(&client));
            let stop = Arc::clone(&stop);
            let mut dice = Dice::new(seed.wrapping_add(1_000 + number as u64));
            work.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let agent = usize::try_from(dice.below(agents as u64)).unwrap();
                    client.send(agent, dice.below(3)).await;
                    tokio::time::sleep(dice.ms(20, 300)).await;
                }
            });
        }
        Self {
            clients: all,
            stop,
            work,
        }
    }

    /// Lets every client come to the end of its message; what they were told.
    pub(super) async fn stop(mut self) -> Receipts {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.work.join_next().await {
            ended.unwrap();
        }
        let mut receipts = Receipts::default();
        receipts.take(&self.clients);
        receipts
    }
}

impl Client {
    pub(super) fn new(name: String, to: &[SocketAddr]) -> Self {
        Self {
            name,
            to: to.to_vec(),
            http: reqwest::Client::builder()
                .timeout(ANSWER_MAX)
                .connect_timeout(ANSWER_MAX)
                .build()
                .unwrap(),
            counts: tokio::sync::Mutex::default(),
            receipts: Mutex::default(),
        }
    }

    /// Sends one message, and does not rest until it knows.
    pub(super) async fn send(&self, agent: usize, ttl: u64) {
        let mut counts = self.counts.lock().await;
        let count = counts.entry(agent).or_default();
        *count += 1;
        let (name, count) = (&self.name, *count);
        let (key, body) = (
            format!("{name}-a{agent}-{count}"),
            format!("c|{name}|a{agent}|{count}|{ttl}"),
        );
        let path = format!("/api/persistent-agents/a{agent}/messages");
        let mut message = None;
        let begun = Instant::now();
        for attempt in 0.. {
            if TRIES_MAX < begun.elapsed() {
                break;
            }
            let at = self.to[(attempt + agent) % self.to.len()];
            let request = self
                .http
                .post(format!("http://{at}{path}"))
                .header("Idempotency-Key", &key)
                .json(&json!({ "body": body }));
            let pause = match request.send().await {
                Ok(answer) => match self.hear(answer).await {
                    Ok(id) => {
                        message = Some(id);
                        break;
                    }
                    Err(pause) => pause,
                },
                Err(error) => {
                    let what = if error.is_timeout() {
                        "no answer"
                    } else {
                        "no connection"
                    };
                    self.count(what);
                    AGAIN
                }
            };
            tokio::time::sleep(pause).await;
        }
        let receipt = Receipt { key, body, message };
        self.receipts.lock().unwrap().all.push(receipt);
    }

    fn count(&self, answer: &str) {
        let mut receipts = self.receipts.lock().unwrap();
        *receipts.answers.entry(answer.to_owned()).or_default() += 1;
    }

    /// The message's id, or how long to wait. Every refusal must be one of the documented kinds and
    /// say so in the documented form.
    async fn hear(&self, answer: reqwest::Response) -> Result<String, Duration> {
        let status = answer.status();
        let after = answer.headers().get("retry-after").cloned();
        let Ok(text) = answer.text().await else {
            self.count("half an answer");
            return Err(AGAIN);
        };
        self.count(status.as_str());
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        if status == StatusCode::ACCEPTED
            && let Some(id) = body["messageId"].as_str()
        {
            return Ok(id.to_owned());
        }
        let documented = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        let whole = body["status"] == status.as_u16() && body["detail"].is_string();
        if !documented.contains(&status) || !whole || after.is_none() {
            let odd = format!("{status} {after:?} {text}");
            self.receipts.lock().unwrap().odd.push(odd);
        }
        Err(AGAIN)
    }
}
