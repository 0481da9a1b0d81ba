//! Turns with an agent that says at once that it is done: how soon its process starts, how many a
//! second, at what cost.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    Outcome, Size,
    figures::{Row, Target, number},
    http,
    plane::{Place, Plane},
    reference,
};

/// How long a turn may take.
const TURN_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether one is over.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// What is left of a turn after its end, and then some quiet.
const QUIET: Duration = Duration::from_millis(25);
/// Agents that take turns at once: the default limit.
const TEAM: usize = 10;

/// Creates an agent, which takes its first turn at once, and waits until that is over.
pub(crate) async fn create(
    plane: &Plane,
    database: &mut PgConnection,
    slug: &str,
    lifecycle: &str,
) -> Outcome<Uuid> {
    let agent = json!({
        "slug": slug, "name": "Stub", "initialPrompt": "Begin.", "podLifecycle": lifecycle,
    });
    let made = plane.client().await?;
    let made = { made }
        .json(201, &http::post("/api/persistent-agents", &agent))
        .await?;
    let id: Uuid = made["agent"]["id"].as_str().unwrap_or_default().parse()?;
    wait_for_turns(database, id, 1).await?;
    Ok(id)
}

/// Waits until an agent has finished so many turns, all of them well.
async fn wait_for_turns(database: &mut PgConnection, agent: Uuid, turns: i64) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < TURN_MAX {
        let (finished, bad): (i64, Option<String>) = sqlx::query_as(
            "SELECT count(*), min(halt_reason || ': ' || COALESCE(error, ''))
                                FILTER (WHERE halt_reason <> 'natural')
             FROM turns WHERE agent_id = $1 AND finished_at IS NOT NULL",
        )
        .bind(agent)
        .fetch_one(&mut *database)
        .await?;
        if let Some(bad) = bad {
            return Err(format!("a turn did not end well: {bad}").into());
        }
        if turns <= finished {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
    Err("a turn did not end in time".into())
}

/// Milliseconds from the acceptance of a message to the start of the process it woke.
async fn waits(
    database: &mut PgConnection,
    agents: &[Uuid],
    sender: &str,
    percent: f64,
) -> Outcome<f64> {
    let (wait,): (f64,) = sqlx::query_as(
        "SELECT percentile_disc($3) WITHIN GROUP (
                  ORDER BY extract(epoch FROM r.started_at - m.received_at)::float8 * 1000)
         FROM messages m JOIN runs r ON r.id = m.turn_id
         WHERE m.receiver_id = ANY($1) AND m.sender_type = $2",
    )
    .bind(agents)
    .bind(sender)
    .bind(percent)
    .fetch_one(database)
    .await?;
    Ok(wait)
}

fn message(agent: Uuid) -> Vec<u8> {
    let path = format!("/api/persistent-agents/{agent}/messages");
    http::post(&path, &json!({ "body": "Go on." }))
}

/// The rows about turns.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let mut database = plane.database().await?;
    let (first_lines, bare_rate) = reference::processes(place, 50, TEAM, size.window()).await?;
    let bare_start = (
        "bare start of the stub to its first line, ms",
        first_lines.percentile(50),
    );
    let warm = warm(plane, &mut database, size).await?;
    let mut cold = Vec::new();
    for each in 0..size.cold_samples() {
        cold.push(create(plane, &mut database, &format!("cold-{each}"), "on-demand").await?);
        sleep(QUIET).await;
    }
    for (name, agents, sender, targets) in [
        (
            "warm",
            vec![warm],
            "user",
            [Target::AtMost(5.0), Target::AtMost(20.0)],
        ),
        ("cold", cold, "system", [Target::Open, Target::Open]),
    ] {
        for ((percent, fraction), target) in [(50, 0.5), (99, 0.99)].into_iter().zip(targets) {
            rows.push(Row {
                what: format!("message accepted to agent started, {name}, p{percent}"),
                value: waits(&mut database, &agents, sender, fraction).await?,
                unit: "ms",
                reference: bare_start,
                target,
            });
        }
    }
    rows.extend(throughput(plane, &mut database, size, bare_rate).await?);
    Ok(())
}

/// One agent that keeps its sandbox, one message at a time.
async fn warm(plane: &Plane, database: &mut PgConnection, size: Size) -> Outcome<Uuid> {
    let mut client = plane.client().await?;
    let agent = create(plane, database, "warm", "sticky").await?;
    for turns in 0..size.warm_samples() {
        sleep(QUIET).await;
        client.expect(202, &message(agent)).await?;
        wait_for_turns(database, agent, turns + 2).await?;
    }
    Ok(agent)
}

/// As many agents as may run, each given its next message when its turn is over.
async fn throughput(
    plane: &Plane,
    database: &mut PgConnection,
    size: Size,
    bare_rate: f64,
) -> Outcome<Vec<Row>> {
    let mut client = plane.client().await?;
    let mut team = Vec::new();
    for each in 0..TEAM {
        team.push(create(plane, database, &format!("team-{each}"), "sticky").await?);
    }
    sleep(QUIET).await;
    let mut given: std::collections::BTreeMap<Uuid, i64> =
        team.iter().map(|agent| (*agent, 1)).collect();
    let (before, began) = (plane.cpu(), Instant::now());
    while began.elapsed() < size.window() * 2 {
        let finished: Vec<(Uuid, i64)> = sqlx::query_as(
            "SELECT id, turns_taken::bigint FROM agents WHERE id = ANY($1) AND state = 'idle'",
        )
        .bind(&team)
        .fetch_all(&mut *database)
        .await?;
        for (agent, turns) in finished {
            if given.get(&agent).is_some_and(|given| *given <= turns) {
                client.expect(202, &message(agent)).await?;
                given.insert(agent, turns + 1);
            }
        }
        sleep(LOOK_EVERY).await;
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), plane.cpu().since(before));
    let (turns,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM turns WHERE agent_id = ANY($1) AND turn_number > 1
            AND finished_at IS NOT NULL",
    )
    .bind(&team)
    .fetch_one(database)
    .await?;
    let turns = number(usize::try_from(turns)?);
    let reference = ("bare runs of the stub/s, 10 at once", bare_rate);
    let mut rows = vec![Row {
        what: format!("turns, {TEAM} agents at once, real processes"),
        value: turns / seconds,
        unit: "/s",
        reference,
        target: Target::AtLeast(500.0),
    }];
    let bare_cost = number(std::thread::available_parallelism()?.get()) * 1_000.0 / bare_rate;
    for (name, part) in [
        ("optio", cpu.optio),
        ("Postgres", cpu.postgres),
        ("runner, sandbox and stub", cpu.runners),
    ] {
        rows.push(Row {
            what: format!("CPU of a turn: {name}"),
            value: part * 1_000.0 / turns,
            unit: "ms",
            reference: ("a bare run of the stub, all cores, ms", bare_cost),
            target: Target::Open,
        });
    }
    Ok(rows)
}

/// One agent calls a thousand peers, from within a turn and with its turn's token.
pub(crate) async fn broadcast(plane: &Plane, bare_ms: f64, peers: i64) -> Outcome<Row> {
    let mut database = plane.database().await?;
    // Paused agents get mail and do nothing about it. Nobody else is called.
    sqlx::query("UPDATE agents SET enabled = false")
        .execute(&mut database)
        .await?;
    sqlx::query(
        "UPDATE agents SET enabled = true, state = 'paused'
         WHERE id IN (SELECT id FROM agents WHERE slug LIKE 'agent-%' ORDER BY slug LIMIT $1)",
    )
    .bind(peers)
    .execute(&mut database)
    .await?;
    let crier = create(plane, &mut database, "crier", "on-demand").await?;
    let turns: Value = plane
        .client()
        .await?
        .json(
            200,
            &http::get(&format!("/api/persistent-agents/{crier}/turns")),
        )
        .await?;
    let said = turns["turns"][0]["summary"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut took = Vec::new();
    for call in said.split_whitespace() {
        match call.split_once(':') {
            Some(("202", seconds)) => took.push(seconds.parse::<f64>()? * 1_000.0),
            _ => return Err(format!("the broadcast was refused: {said}").into()),
        }
    }
    took.sort_by(f64::total_cmp);
    sqlx::query("UPDATE agents SET enabled = false, state = 'idle' WHERE slug LIKE 'agent-%'")
        .execute(&mut database)
        .await?;
    let (got,): (i64,) = sqlx::query_as(
        "SELECT count(DISTINCT receiver_id) FROM messages WHERE sender_id = 'default/crier'",
    )
    .fetch_one(&mut database)
    .await?;
    Ok(Row {
        what: format!(
            "broadcast to {got} peers, from within a turn, median of {}",
            took.len()
        ),
        value: took.get(took.len() / 2).copied().unwrap_or(f64::NAN),
        unit: "ms",
        reference: ("as many rows in a bare insert, ms", bare_ms),
        target: Target::AtMost(100.0),
    })
}
