//! Tasks: how fast they are accepted, found among many, and what it costs to watch their pull requests.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use crate::{
    Outcome, Size,
    figures::{Latencies, Row, Target, number, whole},
    http,
    plane::{Place, Plane, tidy},
};

/// Pages asked for.
const PAGES: usize = 50;
/// Pull requests that are watched.
const PULLS: i32 = 1_000;
/// How often each is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const REPO: &str = "https://github.com/bench/repo";

/// A task that is not over and does nothing, and a table as that of tasks.
const BLOCKER: &str = "
INSERT INTO pools (id, workspace, repo_url, created_at)
  VALUES ('00000000-0000-4000-8000-0000000000b0', 'default', 'https://github.com/bench/repo', now());
INSERT INTO actors (kind, id) VALUES ('pool', '00000000-0000-4000-8000-0000000000b0');
INSERT INTO tasks (id, workspace, kind, title, prompt, repo_url, base_branch, agent_type, priority, retries_max,
                   pool_id, state, state_since, created_by, created_at, updated_at)
  VALUES ('00000000-0000-4000-8000-0000000000b1', 'default', 'coding', 'A blocker', 'Wait.',
          'https://github.com/bench/repo', 'main', 'claude-code', 100, 0,
          '00000000-0000-4000-8000-0000000000b0', 'needs_attention', now(), 'bench', now(), now());
INSERT INTO actors (kind, id) VALUES ('task', '00000000-0000-4000-8000-0000000000b1');
CREATE TABLE bench.tasks (LIKE public.tasks INCLUDING ALL);";
const BLOCKER_ID: &str = "00000000-0000-4000-8000-0000000000b1";

const BARE_INSERT: &str = "
INSERT INTO bench.tasks (id, workspace, kind, title, prompt, repo_url, base_branch, agent_type, priority,
                         retries_max, pool_id, state, state_since, created_by, created_at, updated_at)
VALUES (gen_random_uuid(), 'default', 'coding', 'A task', $1, 'https://github.com/bench/repo', 'main',
        'claude-code', 100, 3, '00000000-0000-4000-8000-0000000000b0', 'pending', now(), 'local', now(), now())";

/// Finished tasks, one in a thousand of which speaks of a needle.
const MANY: &str = "
INSERT INTO tasks (id, workspace, kind, title, prompt, repo_url, base_branch, agent_type, priority, retries_max,
                   pool_id, state, state_since, created_by, created_at, updated_at)
SELECT gen_random_uuid(), 'default', 'coding', 'Task ' || n,
       repeat('Some words of what is to be done. ', 10) || CASE n % 1000 WHEN 0 THEN 'needle' ELSE '' END,
       'https://github.com/bench/repo', 'main', 'claude-code', 100, 3, '00000000-0000-4000-8000-0000000000b0',
       'completed', now(), 'bench', now() - n * interval '1 second', now()
FROM generate_series(1, $1) n";

/// The sections after this one find nothing of it.
const FORGET: &str = "
DELETE FROM actors WHERE kind IN ('task', 'pool');
DELETE FROM tasks;
DELETE FROM pools;
DELETE FROM events WHERE type LIKE 'task:%';
DROP TABLE bench.tasks;";

/// What a task is accepted for, and what many of them cost whoever looks for one.
pub(crate) async fn rows(
    place: &Place,
    plane: &mut Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let mut database = plane.database().await?;
    sqlx::raw_sql(BLOCKER).execute(&mut database).await?;
    let body = json!({
        "title": "A task", "prompt": "Wait for the blocker.", "repoUrl": REPO, "dependsOn": [BLOCKER_ID],
    });
    let requests = Arc::new(vec![http::post("/api/tasks", &body)]);
    for clients in [1, 8] {
        let window = size.window();
        let requests = Arc::clone(&requests);
        let ours = http::drive(plane.address, clients, 201, requests, window).await?;
        let bare = inserts(plane, clients, window).await?;
        let rate = |all: &Latencies| number(all.count()) / window.as_secs_f64();
        rows.push(Row {
            what: format!("tasks accepted, {clients} connections"),
            value: rate(&ours),
            unit: "/s",
            reference: ("bare inserts of the row on as many, /s", rate(&bare)),
            target: Target::Open,
        });
    }
    among_many(plane, &mut database, size, rows).await?;
    sqlx::raw_sql(FORGET).execute(&mut database).await?;
    watched(place, plane, size, rows).await
}

/// Bare inserts of a task's row on so many connections.
async fn inserts(plane: &Plane, clients: usize, window: Duration) -> Outcome<Latencies> {
    let until = Instant::now() + window;
    let mut tasks = Vec::new();
    for _each in 0..clients {
        let mut database = plane.database().await?;
        tasks.push(tokio::spawn(async move {
            let mut latencies = Latencies::default();
            while Instant::now() < until {
                let begin = Instant::now();
                sqlx::query(BARE_INSERT)
                    .bind("Wait for the blocker.")
                    .execute(&mut database)
                    .await?;
                latencies.add(begin.elapsed());
            }
            Outcome::Ok(latencies)
        }));
    }
    let mut all = Latencies::default();
    for task in tasks {
        all.join(task.await??);
    }
    Ok(all)
}

async fn among_many(
    plane: &Plane,
    database: &mut PgConnection,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let many = size.pick(10_000, 100_000);
    sqlx::query(MANY)
        .bind(i32::try_from(many)?)
        .execute(&mut *database)
        .await?;
    tidy(database).await?;
    let mut client = plane.client().await?;
    let select = "SELECT * FROM tasks WHERE workspace = 'default'";
    let newest = "ORDER BY created_at DESC, id DESC LIMIT 50";
    let found = "AND (title ILIKE '%needle%' OR prompt ILIKE '%needle%')";
    for (what, path, bare) in [
        (
            "first page",
            "/api/tasks?limit=50",
            format!("{select} {newest}"),
        ),
        (
            "first page of one state",
            "/api/tasks?limit=50&state=completed",
            format!("{select} AND state = 'completed' {newest}"),
        ),
        (
            "search for a rare word",
            "/api/tasks/search?q=needle&limit=50",
            format!("{select} {found} {newest}"),
        ),
    ] {
        let request = http::get(path);
        let (mut ours, mut reference) = (Latencies::default(), Latencies::default());
        for _each in 0..PAGES {
            let begin = Instant::now();
            client.expect(200, &request).await?;
            ours.add(begin.elapsed());
            let begin = Instant::now();
            sqlx::raw_sql(sqlx::AssertSqlSafe(bare.clone()))
                .fetch_all(&mut *database)
                .await?;
            reference.add(begin.elapsed());
        }
        rows.push(Row {
            what: format!("{what} of {} tasks, p50", whole(many)),
            value: ours.percentile(50),
            unit: "ms",
            reference: ("a bare SELECT of the rows, ms", reference.percentile(50)),
            target: Target::Open,
        });
    }
    Ok(())
}

/// Pull requests that are green, unchanged, and wait for a person; and the tasks that opened them.
const WATCHED: &str = "
INSERT INTO pools (id, workspace, repo_url, created_at)
  VALUES ('00000000-0000-4000-8000-0000000000b0', 'default', 'https://github.com/bench/repo', now());
INSERT INTO actors (kind, id) VALUES ('pool', '00000000-0000-4000-8000-0000000000b0');
INSERT INTO pulls (id, workspace, repo_url, number, url, status, head, base, draft, mergeable, checks, review,
                   seen_at, created_at)
SELECT gen_random_uuid(), 'default', 'https://github.com/bench/repo', n,
       'https://github.com/bench/repo/pull/' || n, 'open', repeat('a', 40), 'main', false, true, 'passing', 'none',
       now(), now()
FROM generate_series(1, 1000) n;
INSERT INTO actors (kind, id, wake_at)
SELECT 'pull-request', id, now() + random() * interval '30 seconds' FROM pulls;
INSERT INTO tasks (id, workspace, kind, title, prompt, repo_url, base_branch, agent_type, priority, retries_max,
                   pool_id, pull_id, state, state_since, created_by, created_at, updated_at)
SELECT gen_random_uuid(), 'default', 'coding', 'Task ' || number, 'p', repo_url, 'main', 'claude-code', 100, 3,
       '00000000-0000-4000-8000-0000000000b0', id, 'pr_opened', now(), 'bench', now(), now()
FROM pulls;
INSERT INTO actors (kind, id, wake_at)
SELECT 'task', id, now() + random() * interval '30 seconds' FROM tasks;";

/// What a thousand pull requests cost that nothing happens to.
async fn watched(place: &Place, plane: &Plane, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    let host = Host::start().await?;
    let name = "stub_watched";
    let mut admin = plane.database().await?;
    sqlx::raw_sql("CREATE DATABASE stub_watched")
        .execute(&mut admin)
        .await?;
    let env = [
        ("GITHUB_TOKEN", "ghp_of-the-bench".to_owned()),
        ("OPTIO_GITHUB_API_URL", format!("http://{}", host.address)),
    ];
    let mut served = plane.serve_with(place, name, &env).await?;
    served.stop().await?;
    let mut database = served.database().await?;
    sqlx::raw_sql(WATCHED).execute(&mut database).await?;
    tidy(&mut database).await?;
    let mut served = plane.serve_with(place, name, &env).await?;
    // The first round asks for everything, those after it whether anything has changed.
    sleep(LOOK_EVERY + Duration::from_secs(15)).await;
    let window = size.pick(LOOK_EVERY, LOOK_EVERY * 2);
    let (calls, unchanged) = host.counted();
    let (cpu, transactions) = (served.cpu(), transactions(&mut database, name).await?);
    sleep(window).await;
    let (calls, unchanged) = {
        let (later, later_unchanged) = host.counted();
        (later - calls, later_unchanged - unchanged)
    };
    let cores = served.cpu().since(cpu).system() / window.as_secs_f64();
    let transactions = self::transactions(&mut database, name).await? - transactions;
    served.stop().await?;
    let minutes = window.as_secs_f64() / 60.0;
    let looks = f64::from(PULLS) * 60.0 / LOOK_EVERY.as_secs_f64();
    let count = |it: u64| usize::try_from(it).map(number);
    rows.push(Row {
        what: format!("calls of the git host for {PULLS} idle pull requests"),
        value: count(calls)? / minutes,
        unit: "/min",
        reference: ("looks at them, /min", looks),
        target: Target::Open,
    });
    rows.push(Row {
        what: "of these, calls that count against its limit".to_owned(),
        value: count(calls - unchanged)? / minutes,
        unit: "/min",
        reference: ("all calls, /min", count(calls)? / minutes),
        target: Target::Open,
    });
    rows.push(Row {
        what: format!("transactions for {PULLS} idle pull requests"),
        value: count(u64::try_from(transactions)?)? / window.as_secs_f64(),
        unit: "/s",
        reference: ("looks at them, /s", looks / 60.0),
        target: Target::Open,
    });
    rows.push(Row {
        what: format!("cores used while {PULLS} pull requests are idle"),
        value: cores,
        unit: "",
        reference: ("of a machine with, cores", 2.0),
        target: Target::Open,
    });
    Ok(())
}

async fn transactions(database: &mut PgConnection, name: &str) -> Outcome<i64> {
    let (count,): (i64,) = sqlx::query_as(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1",
    )
    .bind(name)
    .fetch_one(database)
    .await?;
    Ok(count)
}

/// What has been asked of the host.
#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    unchanged: AtomicU64,
}

/// A git host to which nothing ever happens: the smallest answers that say so, each with its version.
struct Host {
    address: SocketAddr,
    counts: Arc<Counts>,
}

impl Host {
    async fn start() -> Outcome<Self> {
        let counts = Arc::new(Counts::default());
        let pull = |State(counts): State<Arc<Counts>>,
                    Path(number): Path<u64>,
                    headers: HeaderMap| async move {
            answer(&counts, &headers, &as_pull(number))
        };
        let runs = |State(counts): State<Arc<Counts>>, headers: HeaderMap| async move {
            let run = json!({ "name": "ci", "status": "completed", "conclusion": "success" });
            answer(
                &counts,
                &headers,
                &json!({ "total_count": 1, "check_runs": [run] }),
            )
        };
        let status = |State(counts): State<Arc<Counts>>, headers: HeaderMap| async move {
            answer(
                &counts,
                &headers,
                &json!({ "state": "pending", "statuses": [], "total_count": 0 }),
            )
        };
        let reviews = |State(counts): State<Arc<Counts>>, headers: HeaderMap| async move {
            answer(&counts, &headers, &json!([]))
        };
        let router = Router::new()
            .route("/repos/bench/repo/pulls/{number}", get(pull))
            .route("/repos/bench/repo/pulls/{number}/reviews", get(reviews))
            .route("/repos/bench/repo/commits/{sha}/check-runs", get(runs))
            .route("/repos/bench/repo/commits/{sha}/status", get(status))
            .with_state(Arc::clone(&counts));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, counts })
    }

    fn counted(&self) -> (u64, u64) {
        let counts = &self.counts;
        (
            counts.calls.load(Ordering::Relaxed),
            counts.unchanged.load(Ordering::Relaxed),
        )
    }
}

fn answer(counts: &Counts, headers: &HeaderMap, body: &Value) -> Response {
    const ETAG: &str = "\"1\"";
    counts.calls.fetch_add(1, Ordering::Relaxed);
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|it| it == ETAG)
    {
        counts.unchanged.fetch_add(1, Ordering::Relaxed);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, ETAG)], Json(body)).into_response()
}

fn as_pull(number: u64) -> Value {
    json!({
        "number": number, "html_url": format!("{REPO}/pull/{number}"), "title": "A task", "body": "",
        "user": { "login": "optio-bot" }, "labels": [], "state": "open", "draft": false, "mergeable": true,
        "merged_at": null, "merge_commit_sha": null,
        "head": { "ref": format!("optio/task-{number}"), "sha": "a".repeat(40) },
        "base": { "ref": "main", "sha": "b".repeat(40) },
    })
}
