//! Ten thousand agents that have nothing to do: what they cost in memory, time and patience.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    Outcome, Size,
    figures::{Latencies, Row, Target, number},
    http,
    machine::rss_mb,
    plane::Plane,
    sends::Mail,
};

/// Agents that have taken no turn.
pub(crate) const AGENTS: usize = 10_000;
/// Connections they are created over.
const CREATORS: usize = 8;
/// Messages that wait in one inbox.
const HOT: i32 = 100_000;
/// How long memory is given to settle.
const SETTLE: Duration = Duration::from_secs(2);
/// Pages asked for.
const PAGES: usize = 50;

/// Creates the crowd, looks at each, and tells what that costs.
pub(crate) async fn gather(plane: &Plane, inserts_rate: f64, rows: &mut Vec<Row>) -> Outcome<()> {
    sleep(SETTLE).await;
    let before = rss_mb(plane.pid())?;
    let requests = (0..AGENTS).map(|each| {
        let agent = json!({
            "slug": format!("agent-{each:05}"), "name": format!("Agent {each}"), "enabled": false,
            "initialPrompt": "Wait for mail.", "description": "One of many.",
        });
        http::post("/api/persistent-agents", &agent)
    });
    let seconds = once_each(plane, requests.collect(), 201).await?;
    rows.push(Row {
        what: "agents created, 8 connections".to_owned(),
        value: number(AGENTS) / seconds,
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
        ("after creating 10,000 agents", created),
        ("after a message to each of them", looked),
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
        value: (looked - before) * 1_024.0 / number(AGENTS),
        unit: "KB",
        reference: ("all of it before, KB", before * 1_024.0),
        target: Target::Open,
    });
    Ok(())
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
pub(crate) async fn list(plane: &Plane, rows: &mut Vec<Row>) -> Outcome<()> {
    let mut client = plane.client().await?;
    let mut database = plane.database().await?;
    for (limit, target) in [(100, Target::AtMost(2.0)), (1_000, Target::Open)] {
        let page = http::get(&format!("/api/persistent-agents?limit={limit}"));
        let (mut ours, mut bare) = (Latencies::default(), Latencies::default());
        for _each in 0..PAGES {
            let begin = Instant::now();
            client.expect(200, &page).await?;
            ours.add(begin.elapsed());
            let begin = Instant::now();
            select(&mut database, limit).await?;
            bare.add(begin.elapsed());
        }
        rows.push(Row {
            what: format!("first page of agents, {limit} of {AGENTS}, p50"),
            value: ours.percentile(50),
            unit: "ms",
            reference: ("a bare SELECT of the rows, ms", bare.percentile(50)),
            target,
        });
    }
    Ok(())
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

/// What it costs that they wait.
pub(crate) async fn idle(plane: &Plane, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    sleep(SETTLE).await;
    // The sweep comes every thirty seconds and belongs to the cost.
    let window = size.idle();
    let before = plane.cpu();
    sleep(window).await;
    let cpu = plane.cpu().since(before);
    rows.push(Row {
        what: format!(
            "cores used by 10,000 idle agents, over {} s",
            window.as_secs()
        ),
        value: cpu.system() / window.as_secs_f64(),
        unit: "",
        reference: (
            "of it Postgres",
            (cpu.postgres / window.as_secs_f64()).max(0.001),
        ),
        target: Target::AtMost(0.01),
    });
    Ok(())
}

/// Sends with the crowd around, and to one full inbox.
pub(crate) async fn sends(plane: &Plane, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    let mut database = plane.database().await?;
    let some: Vec<(Uuid,)> =
        sqlx::query_as("SELECT id FROM agents WHERE slug LIKE 'agent-%' ORDER BY slug LIMIT 17")
            .fetch_all(&mut database)
            .await?;
    let mut some: Vec<Uuid> = some.into_iter().map(|(id,)| id).collect();
    let hot = some.pop().ok_or("there is no crowd")?;
    fill(&mut database, hot).await?;
    let (many, hot) = (Mail::to(some), Mail::to(vec![hot]));
    many.send(plane, 8, size.warm_up()).await?;
    let (mut cool, mut warm) = (0.0, 0.0);
    for _round in 0..size.rounds() {
        let window = size.window() / 2;
        for (mail, rate) in [(&many, &mut cool), (&hot, &mut warm)] {
            let sent = mail.send(plane, 64, window).await?;
            *rate += number(sent.count()) / window.as_secs_f64() / number(size.rounds());
        }
    }
    rows.push(Row {
        what: "durable sends, 64 connections, all to an inbox with 100,000 waiting".to_owned(),
        value: warm,
        unit: "/s",
        reference: ("to 16 of 10,000 agents, /s", cool),
        target: Target::RatioAtLeast(0.8),
    });
    Ok(())
}

async fn fill(database: &mut PgConnection, agent: Uuid) -> Outcome<()> {
    sqlx::query(
        "WITH mail AS (
           INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, source,
                                 body, received_at)
           SELECT gen_random_uuid(), 'agent', $1, 'user', 'local', 'user', 'waiting', now()
           FROM generate_series(1, $2)
         )
         UPDATE actors SET inbox_pending = inbox_pending + $2,
                inbox_waking = inbox_waking + $2 WHERE kind = 'agent' AND id = $1",
    )
    .bind(agent)
    .bind(HOT)
    .execute(&mut *database)
    .await?;
    sqlx::raw_sql("ANALYZE").execute(database).await?;
    Ok(())
}
