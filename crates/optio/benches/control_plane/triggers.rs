//! Triggers: what a webhook takes, and how late ten thousand schedules are that are due at one moment.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    Outcome, Size,
    figures::{Row, Target, number, whole},
    http,
    plane::{Place, Plane, tidy},
    reference,
};

/// Webhooks there are beside the one that is called.
const WEBHOOKS: i32 = 10_000;
/// Schedules that are due together.
const SCHEDULES: usize = 10_000;
/// Agents whose they are.
const AGENTS: i64 = 100;
/// How long until they are due, so that all of them are stored by then.
const AHEAD: Duration = Duration::from_secs(20);
/// How long their fires may take.
const FIRED_MAX: Duration = Duration::from_secs(120);
/// How often what is due is looked for.
const ROUND_MS: f64 = 1_000.0;

/// Webhooks of a job that nobody calls, and a run of the job that is called which never ends: what its webhook
/// takes waits for it, and nothing but the intake is measured.
const OTHERS: &str = "
INSERT INTO triggers (id, target_type, target_id, type, config, path, enabled, created_at, updated_at)
SELECT gen_random_uuid(), 'job', $1, 'webhook', json_build_object('path', 'other-' || n), 'other-' || n, true,
       now(), now()
FROM generate_series(1, $2) n";
const ENDLESS: &str = "
INSERT INTO tasks (id, workspace, kind, title, prompt, repo_url, base_branch, agent_type, priority, retries_max,
                   pool_id, state, state_since, created_by, created_at, updated_at, job_id, params)
SELECT gen_random_uuid(), 'default', 'job', 'It waits', 'Wait.', '', '', 'claude-code', 100, 0, pool_id, 'pending',
       now(), 'bench', now(), now(), id, '{}' FROM jobs WHERE id = $1";

/// The rows about triggers.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    intake(place, plane, size, rows).await?;
    lateness(place, plane, rows).await
}

async fn intake(place: &Place, plane: &Plane, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    let plain = |text: &str| text.to_owned();
    let env = [
        ("OPTIO_LIMITS_INBOX_MESSAGES_MAX", plain("100000000")),
        ("OPTIO_LIMITS_HOOK_CALLS_PER_MINUTE_MAX", plain("100000000")),
    ];
    let mut admin = plane.database().await?;
    sqlx::raw_sql("CREATE DATABASE stub_hooks")
        .execute(&mut admin)
        .await?;
    let mut served = plane.serve_with(place, "stub_hooks", &env).await?;
    let mut database = served.database().await?;
    let mut client = served.client().await?;
    let job = json!({ "name": "called", "promptTemplate": "Look at it." });
    let made = client.json(201, &http::post("/api/jobs", &job)).await?;
    let id = made["workflow"]["id"].as_str().unwrap_or_default();
    let hook = json!({
        "type": "webhook", "config": { "path": "called", "overlap": "queue" },
        "paramMapping": { "name": "alert.name" },
    });
    client
        .json(201, &http::post(&format!("/api/jobs/{id}/triggers"), &hook))
        .await?;
    let id: Uuid = id.parse()?;
    sqlx::query(ENDLESS).bind(id).execute(&mut database).await?;
    let body = json!({ "alert": { "name": "disk full", "labels": ["shop", "eu"] } });
    let requests = Arc::new(vec![http::post("/api/hooks/called", &body)]);
    let receivers = Arc::new(vec![id]);
    let text: Arc<str> = body.to_string().into();
    for others in [0, WEBHOOKS] {
        sqlx::query(OTHERS)
            .bind(id)
            .bind(others)
            .execute(&mut database)
            .await?;
        tidy(&mut database).await?;
        for clients in [8, 64] {
            let window = size.window();
            http::drive(
                served.address,
                clients,
                202,
                Arc::clone(&requests),
                size.warm_up(),
            )
            .await?;
            let ours =
                http::drive(served.address, clients, 202, Arc::clone(&requests), window).await?;
            let bare = reference::inserts(plane, 8, &receivers, &text, window).await?;
            let rate = |count: usize| number(count) / window.as_secs_f64();
            rows.push(Row {
                what: format!(
                    "webhook calls taken, {clients} connections, {} webhooks",
                    others + 1
                ),
                value: rate(ours.count()),
                unit: "/s",
                reference: ("P, bare inserts/s at 8 clients", rate(bare.count())),
                target: if clients == 8 {
                    Target::RatioAtLeast(0.5)
                } else {
                    Target::Open
                },
            });
        }
    }
    served.stop().await
}

/// Schedules of agents that take no turns: what is measured is how late their messages are.
const MANY: &str = "
INSERT INTO triggers (id, target_type, target_id, type, config, enabled, next_fire_at, created_at, updated_at)
SELECT gen_random_uuid(), 'persistent_agent', g.id, 'schedule',
       json_build_object('cronExpression', '0 0 1 1 *', 'overlap', 'allow'), true, $2, now(), now()
FROM agents g, generate_series(1, $1) n";

async fn lateness(place: &Place, plane: &Plane, rows: &mut Vec<Row>) -> Outcome<()> {
    let mut admin = plane.database().await?;
    sqlx::raw_sql("CREATE DATABASE stub_schedules")
        .execute(&mut admin)
        .await?;
    let mut served = plane.serve_with(place, "stub_schedules", &[]).await?;
    let mut database = served.database().await?;
    let mut client = served.client().await?;
    for each in 0..AGENTS {
        let agent = json!({
            "slug": format!("agent-{each}"), "name": "Agent", "initialPrompt": "Wait.", "enabled": false,
        });
        client
            .json(201, &http::post("/api/persistent-agents", &agent))
            .await?;
    }
    let each = i64::try_from(SCHEDULES)? / AGENTS;
    let due = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now() + AHEAD);
    sqlx::query(MANY)
        .bind(i32::try_from(each)?)
        .bind(due)
        .execute(&mut database)
        .await?;
    tidy(&mut database).await?;
    sleep(AHEAD).await;
    let began = Instant::now();
    while fired(&mut database).await? < i64::try_from(SCHEDULES)? {
        if FIRED_MAX < began.elapsed() {
            return Err("the schedules did not fire in time".into());
        }
        sleep(Duration::from_millis(200)).await;
    }
    let (p50, p99): (f64, f64) = sqlx::query_as(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late), percentile_cont(0.99) WITHIN GROUP (ORDER BY late)
         FROM (SELECT extract(epoch FROM received_at)::float8 * 1000
                      - split_part(key, '@', 2)::bigint / 1000.0::float8 AS late
               FROM messages WHERE source = 'schedule') m",
    )
    .fetch_one(&mut database)
    .await?;
    for (percent, value) in [("p50", p50), ("p99", p99)] {
        rows.push(Row {
            what: format!(
                "lateness of {} schedules due at one moment, {percent}",
                whole(SCHEDULES)
            ),
            value,
            unit: "ms",
            reference: ("how often what is due is looked for, ms", ROUND_MS),
            target: Target::Open,
        });
    }
    served.stop().await
}

async fn fired(database: &mut PgConnection) -> Outcome<i64> {
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM messages WHERE source = 'schedule'")
            .fetch_one(database)
            .await?;
    Ok(count)
}
