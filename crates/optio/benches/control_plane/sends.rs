//! Durable sends: how many a second, how late, at what cost.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Outcome, Size,
    figures::{Latencies, Row, Target, number},
    http,
    machine::{self, Cpu},
    plane::{Place, Plane},
    reference::{self, BareServer},
};

/// Agents the mail is spread over.
const RECEIVERS: usize = 16;
/// As long as most messages between agents.
const BODY: &str = "Please have a look at the failing test of the importer: it began with the last \
    change of the parser. Say what you find, and whether the change has to be taken back. Thank you.";

/// What was done in a time, and what it cost.
#[derive(Default)]
pub(crate) struct Work {
    seconds: f64,
    latencies: Latencies,
    cpu: Cpu,
}

impl Work {
    fn rate(&self) -> f64 {
        number(self.latencies.count()) / self.seconds
    }

    /// Seconds of processor time, load left out, for a thousand.
    fn cpu_per_1000(&self) -> f64 {
        self.cpu.system() * 1_000.0 / number(self.latencies.count())
    }

    /// The part of this machine's cores that the load took.
    fn load_share(&self) -> f64 {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        100.0 * self.cpu.load / self.seconds / number(cores)
    }

    async fn add(
        &mut self,
        cpu: impl Fn() -> Cpu,
        work: impl Future<Output = Outcome<Latencies>>,
    ) -> Outcome<()> {
        let (before, began) = (cpu(), Instant::now());
        self.latencies.join(work.await?);
        self.seconds += began.elapsed().as_secs_f64();
        self.cpu = self.cpu.plus(cpu().since(before));
        Ok(())
    }
}

/// Everything to drive sends with.
pub(crate) struct Mail {
    pub(crate) receivers: Arc<Vec<Uuid>>,
    body: Arc<str>,
    requests: Arc<Vec<Vec<u8>>>,
    bare: Arc<Vec<Vec<u8>>>,
}

impl Mail {
    /// For agents that take no turns, so that only the sending is measured.
    pub(crate) async fn new(plane: &Plane) -> Outcome<Self> {
        let mut client = plane.client().await?;
        let mut receivers = Vec::new();
        for each in 0..RECEIVERS {
            let agent = json!({
                "slug": format!("receiver-{each}"), "name": "Receiver", "initialPrompt": "Rest.",
                "enabled": false,
            });
            let created = http::post("/api/persistent-agents", &agent);
            let made = client.json(201, &created).await?;
            receivers.push(made["agent"]["id"].as_str().unwrap_or_default().parse()?);
        }
        Ok(Self::to(receivers))
    }

    pub(crate) fn to(receivers: Vec<Uuid>) -> Self {
        let body = json!({ "body": BODY });
        let requests = receivers
            .iter()
            .map(|id| http::post(&format!("/api/persistent-agents/{id}/messages"), &body))
            .collect();
        Self {
            receivers: Arc::new(receivers),
            body: BODY.into(),
            requests: Arc::new(requests),
            bare: Arc::new(vec![http::post("/messages", &body)]),
        }
    }

    pub(crate) async fn send(
        &self,
        plane: &Plane,
        connections: usize,
        window: Duration,
    ) -> Outcome<Latencies> {
        self.send_to(plane.address, connections, window).await
    }

    /// Sends over and over to whoever answers there.
    pub(crate) async fn send_to(
        &self,
        address: SocketAddr,
        connections: usize,
        window: Duration,
    ) -> Outcome<Latencies> {
        http::drive(
            address,
            connections,
            202,
            Arc::clone(&self.requests),
            window,
        )
        .await
    }

    /// Single-row inserts of this mail into the bare table, on so many connections.
    pub(crate) async fn inserts(
        &self,
        plane: &Plane,
        clients: usize,
        window: Duration,
    ) -> Outcome<Latencies> {
        reference::inserts(plane, clients, &self.receivers, &self.body, window).await
    }

    /// What single-row inserts reach now.
    pub(crate) async fn inserts_rate(&self, plane: &Plane, window: Duration) -> Outcome<f64> {
        let all = self.inserts(plane, 8, window).await?;
        Ok(number(all.count()) / window.as_secs_f64())
    }

    pub(crate) async fn multi_row(
        &self,
        plane: &Plane,
        rows: Option<usize>,
        window: Duration,
    ) -> Outcome<(f64, Latencies)> {
        reference::multi_row_inserts(plane, rows, &self.receivers, &self.body, window).await
    }
}

/// The rows about sending.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    mail: &Mail,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let bare_server = BareServer::start(place)?;
    let (mut inserts, mut insert) = (Work::default(), Work::default());
    let mut ours = [1, 8, 64].map(|connections| (connections, Work::default(), Work::default()));
    let mut multi = Vec::new();
    mail.send(plane, 8, size.warm_up()).await?;
    // In turns, so that whatever else this machine does meets all of them alike.
    for _round in 0..size.rounds() {
        let window = size.window();
        let all = mail.inserts(plane, 8, window);
        inserts.add(|| plane.cpu(), all).await?;
        for (connections, send, bare) in &mut ours {
            let sent = mail.send(plane, *connections, window);
            send.add(|| plane.cpu(), sent).await?;
            let route = http::drive(
                bare_server.address,
                *connections,
                202,
                Arc::clone(&mail.bare),
                window / 2,
            );
            bare.add(|| reference::cpu(&bare_server, plane), route)
                .await?;
        }
        let one = mail.inserts(plane, 1, window / 2);
        insert.add(|| plane.cpu(), one).await?;
        multi.push(mail.multi_row(plane, None, window / 2).await?.0);
    }
    let multi = multi.iter().sum::<f64>() / number(multi.len());
    show_rates(rows, &inserts, multi, &ours);
    show_latencies(rows, &insert, &ours);
    show_cpu(rows, &inserts, &ours);
    rows.push(Row {
        what: "most memory of optio under these sends".to_owned(),
        value: machine::rss_mb_max(plane.pid())?,
        unit: "MB",
        reference: (
            "most of the bare server, MB",
            machine::rss_mb_max(bare_server.pid())?,
        ),
        target: Target::AtMost(100.0),
    });
    Ok(())
}

/// Ours at 1, 8 and 64 connections, each beside the bare route.
type Ours = [(usize, Work, Work); 3];

fn show_rates(rows: &mut Vec<Row>, inserts: &Work, multi: f64, ours: &Ours) {
    let p = ("P, bare inserts/s at 8 clients", inserts.rate());
    for (connections, send, _) in ours {
        rows.push(Row {
            what: format!("durable sends, {connections} connections"),
            value: send.rate(),
            unit: "/s",
            reference: p,
            target: if *connections == 64 {
                Target::RatioAtLeast(1.0)
            } else {
                Target::Open
            },
        });
    }
    for (connections, send, bare) in ours {
        rows.push(Row {
            what: format!("the same, {connections} connections"),
            value: send.rate(),
            unit: "/s",
            reference: ("bare route, requests/s", bare.rate()),
            target: Target::Open,
        });
    }
    let [_, _, (_, many, _)] = ours;
    rows.push(Row {
        what: "the same, 64 connections".to_owned(),
        value: many.rate(),
        unit: "/s",
        reference: ("rows/s, 512 in a bare statement", multi),
        target: Target::Open,
    });
}

fn show_latencies(rows: &mut Vec<Row>, insert: &Work, ours: &Ours) {
    let [(_, one, one_bare), _, (_, many, many_bare)] = ours;
    for (percent, target) in [(50, Target::RatioAtMost(2.0)), (99, Target::Open)] {
        rows.push(Row {
            what: format!("send latency, 1 connection, p{percent}"),
            value: one.latencies.percentile(percent),
            unit: "ms",
            reference: ("a bare insert, ms", insert.latencies.percentile(percent)),
            target,
        });
    }
    rows.push(Row {
        what: "send latency, 1 connection, p50".to_owned(),
        value: one.latencies.percentile(50),
        unit: "ms",
        reference: ("bare route, ms", one_bare.latencies.percentile(50)),
        target: Target::Open,
    });
    rows.push(Row {
        what: "send latency, 64 connections, p99".to_owned(),
        value: many.latencies.percentile(99),
        unit: "ms",
        reference: ("bare route, ms", many_bare.latencies.percentile(99)),
        target: Target::Open,
    });
}

fn show_cpu(rows: &mut Vec<Row>, inserts: &Work, ours: &Ours) {
    let [_, _, (_, many, many_bare)] = ours;
    for (connections, send, _) in ours {
        rows.push(Row {
            what: format!("CPU for 1,000 sends, {connections} connections"),
            value: send.cpu_per_1000(),
            unit: "s",
            reference: ("P, Postgres alone, s", inserts.cpu_per_1000()),
            target: if *connections == 64 {
                Target::AtMost(0.2)
            } else {
                Target::Open
            },
        });
    }
    for (name, part) in [("optio", many.cpu.optio), ("Postgres", many.cpu.postgres)] {
        rows.push(Row {
            what: format!("of that, {name}, 64 connections"),
            value: part * 1_000.0 / number(many.latencies.count()),
            unit: "s",
            reference: (
                "bare route, s",
                many_bare.cpu.optio * 1_000.0 / number(many_bare.latencies.count()),
            ),
            target: Target::Open,
        });
    }
    rows.push(Row {
        what: "the load's share of all cores, 64 connections".to_owned(),
        value: many.load_share(),
        unit: "%",
        reference: ("for the bare route, %", many_bare.load_share()),
        target: Target::Open,
    });
}
