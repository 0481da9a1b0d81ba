//! A control plane with memory: it keeps every event, notices holes and contradictions, and can be
//! made to go away and come back.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use optio_domain::id::RunId;
use optio_domain::wire::checkout::Removal;
use optio_domain::wire::runner::{
    Ended, FromRunner, Happening, HeldRun, PATH, RunEvent, RunSpec, ToRunner,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// How long anything may take here.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) hellos: Vec<Vec<HeldRun>>,
    pub(crate) bearers: Vec<String>,
    pub(crate) events: BTreeMap<RunId, Vec<RunEvent>>,
    /// Events that came although they had been acknowledged on an earlier connection.
    pub(crate) repeats: usize,
    pub(crate) removals: Vec<(String, Removal)>,
    acks: bool,
    wanted: Vec<ToRunner>,
    told: usize,
}

pub(crate) struct Plane {
    pub(crate) address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    news: watch::Sender<()>,
    serving: Option<JoinHandle<()>>,
}

impl Plane {
    pub(crate) async fn up() -> Self {
        let mut plane = Self {
            address: "127.0.0.1:0".parse().unwrap(),
            memory: Arc::new(Mutex::new(Memory {
                acks: true,
                ..Memory::default()
            })),
            news: watch::Sender::new(()),
            serving: None,
        };
        plane.come_back().await;
        plane
    }

    /// Nobody listens any more, and every connection is cut.
    pub(crate) async fn go_away(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            drop(serving.await);
        }
    }

    pub(crate) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (memory, news) = (Arc::clone(&self.memory), self.news.clone());
        self.serving = Some(tokio::spawn(async move {
            // The connections end with this task.
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                talks.spawn(talk(stream, Arc::clone(&memory), news.clone()));
            }
        }));
    }

    pub(crate) fn stop_acknowledging(&self) {
        self.memory.lock().unwrap().acks = false;
    }

    pub(crate) fn want(&self, wanted: ToRunner) {
        self.memory.lock().unwrap().wanted.push(wanted);
        self.news.send_replace(());
    }

    pub(crate) fn start(&self, spec: &RunSpec) -> RunId {
        self.want(ToRunner::Start(Box::new(spec.clone())));
        spec.run
    }

    pub(crate) fn stop(&self, run: RunId) {
        self.want(ToRunner::Stop { run });
    }

    /// Waits until the memory shows something.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&Memory) -> Option<T>,
    ) -> T {
        let mut news = self.news.subscribe();
        let seen = async {
            loop {
                news.borrow_and_update();
                if let Some(found) = look(&self.memory.lock().unwrap()) {
                    return found;
                }
                news.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(WAIT_MAX, seen).await {
            Ok(found) => found,
            Err(_) => panic!("never: {what}; events: {:?}", self.shown()),
        }
    }

    /// Waits for a line of standard output.
    pub(crate) async fn line(&self, run: RunId, text: &str) {
        self.until(text, |memory| {
            lines(memory.events.get(&run)?)
                .contains(&text.to_owned())
                .then_some(())
        })
        .await;
    }

    /// Waits for the end of a run: everything it has said.
    pub(crate) async fn ended(&self, run: RunId) -> Vec<RunEvent> {
        self.until("the end of the run", |memory| {
            let events = memory.events.get(&run)?;
            matches!(events.last()?.what, Happening::Ended(_)).then(|| events.clone())
        })
        .await
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Memory) -> T) -> T {
        look(&self.memory.lock().unwrap())
    }

    fn shown(&self) -> Vec<String> {
        let memory = self.memory.lock().unwrap();
        let events = memory.events.values().flatten();
        events
            .map(|event| format!("{:.200}", format!("{:?}", event.what)))
            .take(30)
            .collect()
    }
}

pub(crate) fn lines(events: &[RunEvent]) -> Vec<String> {
    let line = |event: &RunEvent| match &event.what {
        Happening::Stdout { line, .. } => Some(line.clone()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

pub(crate) fn errors(events: &[RunEvent]) -> Vec<String> {
    let line = |event: &RunEvent| match &event.what {
        Happening::Stderr { line, .. } => Some(line.clone()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

pub(crate) fn end(events: &[RunEvent]) -> Ended {
    match &events.last().unwrap().what {
        Happening::Ended(ended) => ended.clone(),
        other => panic!("the last event is {other:?}"),
    }
}

async fn talk(stream: TcpStream, memory: Arc<Mutex<Memory>>, news: watch::Sender<()>) {
    let bearer = Arc::clone(&memory);
    #[expect(clippy::result_large_err, reason = "the library asks for it")]
    let check = move |request: &Request, response: Response| {
        assert_eq!(request.uri().path(), PATH);
        let header = request.headers()["authorization"].to_str().unwrap();
        bearer.lock().unwrap().bearers.push(header.to_owned());
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else {
        return;
    };
    let (mut sink, mut stream) = socket.split();
    let mut changed = news.subscribe();
    changed.mark_changed();
    loop {
        tokio::select! {
            heard = stream.next() => {
                let Some(Ok(Message::Text(text))) = heard else {
                    if matches!(heard, Some(Ok(_))) { continue; }
                    return;
                };
                let ack = keep(&mut memory.lock().unwrap(), serde_json::from_str(&text).unwrap());
                news.send_replace(());
                if let Some(ack) = ack {
                    drop(sink.send(frame(&ack)).await);
                }
            }
            _ = changed.changed() => {
                let wanted: Vec<ToRunner> = {
                    let mut memory = memory.lock().unwrap();
                    // Nothing is told before the runner has said who it is.
                    if memory.hellos.is_empty() { continue; }
                    let new = memory.wanted[memory.told..].to_vec();
                    memory.told = memory.wanted.len();
                    new
                };
                for wanted in wanted {
                    drop(sink.send(frame(&wanted)).await);
                }
            }
        }
    }
}

fn frame(wanted: &ToRunner) -> Message {
    Message::text(serde_json::to_string(wanted).unwrap())
}

fn keep(memory: &mut Memory, said: FromRunner) -> Option<ToRunner> {
    let event = match said {
        FromRunner::Hello { runs, .. } => {
            memory.hellos.push(runs);
            return None;
        }
        FromRunner::Event(event) => event,
        FromRunner::Removal { name, outcome } => {
            memory.removals.push((name, outcome));
            return None;
        }
    };
    let events = memory.events.entry(event.run).or_default();
    let ack = ToRunner::Ack {
        run: event.run,
        seq: event.seq,
    };
    match usize::try_from(event.seq).unwrap() {
        seq if seq == events.len() + 1 => events.push(event),
        seq if seq <= events.len() => {
            assert_eq!(events[seq - 1], event, "a repeat says something else");
            memory.repeats += 1;
        }
        seq => panic!("hole: {} events, then event {seq}", events.len()),
    }
    memory.acks.then_some(ack)
}
