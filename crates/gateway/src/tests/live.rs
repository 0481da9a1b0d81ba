//! Live streams, and a database that goes away.

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use optio_domain::limits::Limits;
use optio_store::Store;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinSet,
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};

use super::api::{Api, until};

const AGENTS: &str = "/api/persistent-agents";

/// Reads events until there are so many.
async fn events(api: &Api, path: &str, after: &str, count: usize) -> Vec<(String, Value)> {
    let ask = api.ask(Method::GET, path).header("last-event-id", after);
    let response = ask.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut stream, mut text) = (response.bytes_stream(), String::new());
    let reading = async {
        loop {
            let whole = text.rfind("\n\n").map_or("", |end| &text[..end]);
            let found: Vec<_> = whole.split("\n\n").filter_map(event).collect();
            if count <= found.len() {
                return found;
            }
            text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, reading)
        .await
        .expect("so many events never came")
}

fn event(block: &str) -> Option<(String, Value)> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let data: Value = serde_json::from_str(field("data: ")?).unwrap();
    assert_eq!(data["type"], field("event: ").unwrap());
    Some((field("id: ")?.to_owned(), data))
}

async fn writes(api: &Api, slug: &str, count: usize) {
    for number in 0..count {
        let body = json!({ "body": format!("{slug} {number}") });
        api.post(&format!("{AGENTS}/{slug}/messages"), body)
            .await
            .is(202);
    }
}

#[tokio::test]
async fn a_stream_is_resumed_anywhere_without_hole_or_repeat() {
    let api = Api::new().await;
    api.resting("vesper").await;
    writes(&api, "vesper", 5).await;
    for path in ["/api/events", "/api/persistent-agents/vesper/events"] {
        let all = events(&api, path, "0", 6).await;
        let bodies: Vec<_> = all
            .iter()
            .map(|(_, data)| data["body"].as_str().unwrap())
            .collect();
        assert_eq!(
            bodies,
            [
                "Greet.", "vesper 0", "vesper 1", "vesper 2", "vesper 3", "vesper 4"
            ]
        );
        for from in 0..5 {
            let rest = events(&api, path, &all[from].0, 5 - from).await;
            assert_eq!(rest, all[from + 1..], "{path} after {from}");
        }
    }
}

#[tokio::test]
async fn a_stream_says_what_happens_now_and_of_its_own_agent_alone() {
    let api = Api::new().await;
    api.resting("vesper").await;
    api.resting("mira").await;
    let path = "/api/persistent-agents/vesper/events";
    let last = events(&api, path, "0", 1).await.remove(0).0;
    let (heard, ()) = tokio::join!(events(&api, path, &last, 2), async {
        writes(&api, "mira", 2).await;
        writes(&api, "vesper", 2).await;
    });
    let bodies: Vec<_> = heard.iter().map(|(_, data)| data["body"].clone()).collect();
    assert_eq!(bodies, ["vesper 0", "vesper 1"]);
}

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn socket(api: &Api, path: &str) -> Socket {
    let url = format!("{}{path}", api.base.replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    let protocol = "optio-ws-v1".parse().unwrap();
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let (socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "optio-ws-v1");
    socket
}

async fn hears(socket: &mut Socket) -> Message {
    let limit = std::time::Duration::from_secs(20);
    let next = tokio::time::timeout(limit, socket.next()).await;
    next.expect("nothing came").unwrap().unwrap()
}

async fn said(socket: &mut Socket) -> Value {
    serde_json::from_str(hears(socket).await.to_text().unwrap()).unwrap()
}

#[tokio::test]
async fn an_agents_socket_begins_with_its_last_turn_and_goes_on_live() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    // While an older transaction is open, what is printed is written but not yet streamed.
    let older = api.open_transaction().await;
    api.prints(vesper, &turn, 0, &["one".to_owned(), "two".to_owned()])
        .await;
    let mut socket = socket(&api, "/ws/persistent-agents/vesper/events").await;
    for content in ["one", "two"] {
        let line = said(&mut socket).await;
        assert_eq!(
            (&line["type"], &line["content"]),
            (&json!("persistent_agent:log"), &json!(content))
        );
        assert_eq!(line["catchUp"], true);
    }
    drop(older);
    api.prints(vesper, &turn, 2, &["three".to_owned()]).await;
    let line = until_content(&mut socket, "three").await;
    assert_eq!(line["catchUp"], Value::Null);
}

async fn until_content(socket: &mut Socket, content: &str) -> Value {
    loop {
        let line = said(socket).await;
        if line["type"] == "persistent_agent:log" {
            assert_eq!(line["content"], content);
            return line;
        }
    }
}

#[tokio::test]
async fn the_socket_of_everything_begins_with_the_last_changes() {
    let api = Api::new().await;
    api.working("vesper").await;
    let mut socket = socket(&api, "/ws/events").await;
    let change = said(&mut socket).await;
    assert_eq!(
        (&change["type"], &change["catchUp"]),
        (&json!("persistent_agent:state_changed"), &json!(true))
    );
    assert_eq!(
        (&change["fromState"], &change["toState"]),
        (&json!("idle"), &json!("queued"))
    );
    let change = said(&mut socket).await;
    assert_eq!(change["toState"], "provisioning");
    writes(&api, "vesper", 1).await;
    loop {
        let live = said(&mut socket).await;
        assert_eq!(live["catchUp"], Value::Null);
        if live["body"] == "vesper 0" {
            break;
        }
    }
    socket.send(Message::Close(None)).await.unwrap();
}

#[tokio::test]
async fn the_socket_of_nobody_is_closed_with_4404() {
    let api = Api::new().await;
    let mut socket = socket(&api, "/ws/persistent-agents/nobody/events").await;
    let Message::Close(Some(frame)) = hears(&mut socket).await else {
        panic!("it was not closed");
    };
    assert_eq!(u16::from(frame.code), 4404);
    assert!(frame.reason.contains("nobody"), "{frame}");
}

/// A way to the database that can be cut.
struct Way {
    dir: tempfile::TempDir,
    server: String,
    open: Arc<Mutex<JoinSet<()>>>,
}

impl Way {
    fn open(server: &str) -> Self {
        let way = Self {
            dir: tempfile::tempdir().unwrap(),
            server: server.to_owned(),
            open: Arc::default(),
        };
        way.mend();
        way
    }

    fn socket(&self) -> std::path::PathBuf {
        self.dir.path().join(".s.PGSQL.5432")
    }

    fn mend(&self) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let server = format!("{}/.s.PGSQL.5432", self.server);
        let open = Arc::clone(&self.open);
        let accepting = async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = UnixStream::connect(&server).await.unwrap();
                open.lock().unwrap().spawn(async move {
                    drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                });
            }
        };
        self.open.lock().unwrap().spawn(accepting);
    }

    fn cut(&self) {
        self.open.lock().unwrap().abort_all();
        std::fs::remove_file(self.socket()).unwrap();
    }
}

#[tokio::test]
async fn while_the_database_is_away_everybody_is_told_to_come_again_and_can() {
    let url = optio_store::testing::database_url().await;
    let server = url
        .split("host=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap()
        .to_owned();
    let way = Way::open(&server);
    let url = url.replace(&server, way.dir.path().to_str().unwrap());
    let store = Store::connect(&url, 8).await.unwrap();
    store.migrate().await.unwrap();
    let api = Api::on(store, Limits::default()).await;
    api.resting("vesper").await;

    way.cut();
    let message = format!("{AGENTS}/vesper/messages");
    let body = json!({ "body": "x" });
    let keyed = api.ask(Method::POST, AGENTS).header("idempotency-key", "k");
    let answers = [
        api.get(AGENTS).await,
        api.post(&message, body.clone()).await,
        api.answer(keyed.json(&body)).await,
        api.get("/api/events").await,
    ];
    for answer in answers {
        answer.refused(503, &["database", "try again"]);
        assert_eq!(answer.header("retry-after"), "2");
    }
    assert_eq!(
        api.get("/api/health").await.is(503)["checks"]["database"],
        false
    );

    way.mend();
    until(async || (api.get("/api/health").await.status == 200).then_some(())).await;
    api.post(&message, body).await.is(202);
    let mail = api.get(&message).await;
    assert_eq!(mail.is(200)["messages"].as_array().unwrap().len(), 2);
}
