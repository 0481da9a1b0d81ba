//! Many agents that have nothing to do: what they cost the real program in memory, time and patience.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    Outcome, Size,
    figures::{Latencies, Row, Target, number, whole},
    http,
    machine::rss_mb,
    plane::{Plane, tidy},
};

/// Connections they are created over.
const CREATORS: usize = 8;
/// How long memory is given to settle.
const SETTLE: Duration = Duration::from_secs(2);
/// Pages asked for.
const PAGES: usize = 50;

/// Creates the crowd, looks at each, and tells what that costs. Returns how many they are.
pub(crate) async fn gather(
    plane: &Plane,
    inserts_rate: f64,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<usize> {
    let crowd = size.pick(2_000, 10_000);
    sleep(SETTLE).await;
    let before = rss_mb(plane.pid())?;
    let requests = (0..crowd).map(|each| {
        let agent = json!({
            "slug": format!("agent-{each:05}"), "name": format!("Agent {each}"), "enabled": false,
            "initialPrompt": "Wait for mail.", "description": "One of many.",
        });
        http::post("/api/persistent-agents", &agent)
    });
    let seconds = once_each(plane, requests.collect(), 201).await?;
    rows.push(Row {
        what: "agents created, 8 connections".to_owned(),
        value: number(crowd) / seconds,
        unit: "/s",
        reference: ("P, bare inserts/s at 8 clients", inserts_rate),
        target: Target::Open,
    });
    sleep(SETTLE).await;
    let created = rss_mb(plane.pid())?;
    let mut database = plane.database().await?;
    let agents: Vec<(Uuid,)> =
        sqlx::query_as("SELECT id FROM agents WHERE slug LIKE 'agent-%' ORDER BY id")
            .fetch_all(&mut database)
            .await?;
    let looks = agents.into_iter().map(|(id,)| {
        let path = format!("/api/persistent-agents/{id}/messages");
        http::post(&path, &json!({ "body": "Are you there?" }))
    });
    // A message wakes its receiver, which looks at its row and decides that it has nothing to do.
    once_each(plane, looks.collect(), 202).await?;
    sleep(SETTLE).await;
    let looked = rss_mb(plane.pid())?;
    // Autovacuum does it within a minute, which we do not wait for.
    sqlx::raw_sql("ANALYZE").execute(&mut database).await?;
    for (what, value) in [
        (format!("after creating {} agents", whole(crowd)), created),
        ("after a message to each of them".to_owned(), looked),
    ] {
        rows.push(Row {
            what: format!("memory of optio {what}"),
            value,
            unit: "MB",
            reference: ("before, MB", before),
            target: Target::AtMost(150.0),
        });
    }
    rows.push(Row {
        what: "memory of one more idle agent".to_owned(),
        value: (looked - before) * 1_024.0 / number(crowd),
        unit: "KB",
        reference: ("all of it before, KB", before * 1_024.0),
        target: Target::Open,
    });
    Ok(crowd)
}

/// Sends each request once; returns how long all took.
async fn once_each(plane: &Plane, requests: Vec<Vec<u8>>, status: u16) -> Outcome<f64> {
    let requests = Arc::new(requests);
    let began = Instant::now();
    let mut tasks = Vec::new();
    for creator in 0..CREATORS {
        let mut client = plane.client().await?;
        let requests = Arc::clone(&requests);
        tasks.push(tokio::spawn(async move {
            for request in requests.iter().skip(creator).step_by(CREATORS) {
                client.expect(status, request).await?;
            }
            Outcome::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// The first page of a list of them.
pub(crate) async fn list(plane: &Plane, agents: usize, rows: &mut Vec<Row>) -> Outcome<()> {
    let mut client = plane.client().await?;
    let mut database = plane.database().await?;
    for (limit, target) in [(100, Target::AtMost(2.0)), (1_000, Target::Open)] {
        let (ours, bare) = pages(&mut client, &mut database, limit).await?;
        rows.push(Row {
            what: format!("first page of agents, {limit} of {}, p50", whole(agents)),
            value: ours.percentile(50),
            unit: "ms",
            reference: ("a bare SELECT of the rows, ms", bare.percentile(50)),
            target,
        });
    }
    Ok(())
}

/// The first page over and over, and the bare statement behind it.
pub(crate) async fn pages(
    client: &mut http::Connection,
    database: &mut PgConnection,
    limit: i64,
) -> Outcome<(Latencies, Latencies)> {
    let page = http::get(&format!("/api/persistent-agents?limit={limit}"));
    let (mut ours, mut bare) = (Latencies::default(), Latencies::default());
    for _each in 0..PAGES {
        let begin = Instant::now();
        client.expect(200, &page).await?;
        ours.add(begin.elapsed());
        let begin = Instant::now();
        select(database, limit).await?;
        bare.add(begin.elapsed());
    }
    Ok((ours, bare))
}

async fn select(database: &mut PgConnection, limit: i64) -> Outcome<()> {
    sqlx::query(
        "SELECT g.*, a.inbox_pending FROM agents g JOIN actors a ON a.kind = 'agent' AND a.id = g.id
         WHERE g.workspace = 'default' AND NOT g.deleting ORDER BY g.created_at, g.id LIMIT $1",
    )
    .bind(limit)
    .fetch_all(database)
    .await?;
    Ok(())
}

/// Cores that the control plane and Postgres use while nothing happens.
pub(crate) async fn cores(plane: &Plane, size: Size) -> Outcome<f64> {
    tidy(&mut plane.database().await?).await?;
    sleep(SETTLE).await;
    // The sweep comes every thirty seconds and belongs to the cost.
    let (window, before) = (size.idle(), plane.cpu());
    sleep(window).await;
    // Processor time is counted in hundredths of a second.
    Ok(plane.cpu().since(before).system().max(0.01) / window.as_secs_f64())
}

/// What it costs that they wait.
pub(crate) async fn idle(
    plane: &Plane,
    agents: usize,
    nobody: f64,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    rows.push(Row {
        what: format!(
            "cores used while {} agents have mail that they do not read",
            whole(agents)
        ),
        value: cores(plane, size).await?,
        unit: "",
        reference: ("with nobody", nobody),
        target: Target::AtMost(0.01),
    });
    Ok(())
}
