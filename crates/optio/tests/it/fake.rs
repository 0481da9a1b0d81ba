//! A server that speaks just enough of the API, and the real binary as a person calls it.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    process::Output,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, process::Command};

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    /// `GET /path?query`
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What is answered to which request: status, content type, body.
type Answer = (&'static str, u16, &'static str, String);

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    came: Vec<Came>,
}

/// The server. Each answer is given once, to the first request whose line starts as the answer says.
#[derive(Clone)]
pub(crate) struct Fake {
    script: Arc<Mutex<Script>>,
    address: SocketAddr,
}

impl Fake {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            script: Arc::default(),
            address: listener.local_addr().unwrap(),
        };
        let app = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        fake
    }

    pub(crate) fn json(self, line: &'static str, status: u16, body: &Value) -> Self {
        self.put(line, status, "application/json", body.to_string())
    }

    pub(crate) fn events(self, line: &'static str, text: &str) -> Self {
        self.put(line, 200, "text/event-stream", text.to_owned())
    }

    /// A file to be saved.
    pub(crate) fn file(self, line: &'static str, text: &str) -> Self {
        self.put(line, 200, "application/octet-stream", text.to_owned())
    }

    fn put(self, line: &'static str, status: u16, kind: &'static str, body: String) -> Self {
        let answer = (line, status, kind, body);
        self.script.lock().unwrap().answers.push_back(answer);
        self
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.script.lock().unwrap().came.clone()
    }

    /// Runs the binary against this server.
    pub(crate) async fn optio(&self, args: &[&str]) -> Output {
        optio(&format!("http://{}", self.address), args).await
    }

    /// Runs a script that calls the binary.
    pub(crate) async fn shell(&self, script: &str) -> Output {
        Command::new("bash")
            .args(["-c", script])
            .env("OPTIO_SERVER", format!("http://{}", self.address))
            .output()
            .await
            .unwrap()
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let line = format!("{} {}", parts.method, parts.uri);
    let mut script = fake.script.lock().unwrap();
    script.came.push(Came {
        line: line.clone(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let at = script.answers.iter().position(|it| line.starts_with(it.0));
    let (_, status, kind, body) = match at.and_then(|at| script.answers.remove(at)) {
        Some(answer) => answer,
        None => (
            "",
            501,
            "text/plain",
            format!("nothing scripted for {line}"),
        ),
    };
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Body::from(body))
        .unwrap()
}

/// Runs the binary with an environment of its own.
pub(crate) async fn optio(server: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_optio"))
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("OPTIO_API_URL", server)
        .env("OPTIO_API_TOKEN", "t0ken")
        .output()
        .await
        .unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}
