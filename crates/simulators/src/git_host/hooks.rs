//! Events: sent in order, once, to whoever wants them. What is not taken is not sent again.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Delivery;
use super::faults::Fate;

/// How long a receiver may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) action: String,
    pub(crate) body: String,
    /// Who takes it.
    pub(crate) url: String,
    /// What the host says of it beside its body.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) fate: Fate,
}

/// Sends what comes, until the simulator stops.
pub(crate) async fn send_all(
    stop: CancellationToken,
    mut events: mpsc::UnboundedReceiver<Event>,
    remember: impl Fn(Delivery),
) {
    let client = reqwest::Client::new();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        let Some(event) = event else { return };
        let delivery = |status| Delivery {
            id: event.id.clone(),
            event: event.name.clone(),
            action: event.action.clone(),
            status,
        };
        let times = match event.fate {
            Fate::Lost => {
                remember(delivery(None));
                0
            }
            Fate::Sent => 1,
            Fate::Twice => 2,
        };
        for _ in 0..times {
            let status = tokio::select! {
                () = stop.cancelled() => return,
                status = send(&client, &event) => status,
            };
            remember(delivery(status));
        }
    }
}

async fn send(client: &reqwest::Client, event: &Event) -> Option<u16> {
    let mut request = client
        .post(&event.url)
        .timeout(ANSWER_MAX)
        .header("content-type", "application/json");
    for (name, value) in &event.headers {
        request = request.header(*name, value);
    }
    let answer = request.body(event.body.clone()).send().await;
    answer.ok().map(|answer| answer.status().as_u16())
}
