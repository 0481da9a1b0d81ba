//! Output of agents: how many lines a second are understood and stored, and what that takes.

use super::*;
use crate::turns;

/// Agents that talk at once.
const CHOIR: usize = 16;
/// How long all of it may take.
const TALK_MAX: Duration = Duration::from_secs(120);
/// How often it is looked how far it is.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);
/// The rows that a batch of lines becomes.
const INSERT: &str = "INSERT INTO bench.events (actor_id, turn_id, type, data, at)
   SELECT $1, $1, 'persistent_agent:log', $2::jsonb, now() FROM generate_series(1, $3)";

/// What a control plane took in.
struct Talk {
    lines: f64,
    seconds: f64,
    cpu: machine::Cpu,
    before_mb: f64,
    most_mb: f64,
    /// One line as it is stored.
    line: String,
}

/// The rows about output.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    size: Size,
    found: &mut Found,
) -> Outcome<()> {
    let lines = size.pick(20_000, 200_000);
    let one = talk(place, plane, ("stub_ingest_one", 1), lines, found).await?;
    let bare = bare(plane, &one.line, size.window()).await?;
    let name = "stub_ingest_many";
    let many = talk(place, plane, (name, CHOIR), lines / CHOIR, found).await?;
    for (agents, talk) in [(1, &one), (CHOIR, &many)] {
        let rate = talk.lines / talk.seconds;
        found.point(
            "ingest",
            json!({ "agents": agents, "linesPerSecond": rate }),
        );
        found.rows.push(Row {
            what: format!("lines of output taken in and stored, {agents} talking"),
            value: rate,
            unit: "/s",
            reference: ("such rows/s, 256 in a bare statement", bare),
            target: Target::Open,
        });
        found.rows.push(Row {
            what: "the same: processor time for 1,000 lines".to_owned(),
            value: talk.cpu.system() * 1_000_000.0 / talk.lines,
            unit: "ms",
            reference: (
                "of it Postgres, ms",
                talk.cpu.postgres * 1_000_000.0 / talk.lines,
            ),
            target: Target::Open,
        });
        found.rows.push(Row {
            what: "the same: most memory of control plane and stub".to_owned(),
            value: talk.most_mb,
            unit: "MB",
            reference: ("before, MB", talk.before_mb),
            target: Target::AtMost(100.0),
        });
    }
    found.point("ingest", json!({ "agents": 0, "linesPerSecond": bare }));
    real(plane, size.pick(10_000, 100_000), bare, found).await
}

/// So many agents that say so many lines each.
async fn talk(
    place: &Place,
    plane: &Plane,
    (name, agents): (&str, usize),
    lines: usize,
    found: &mut Found,
) -> Outcome<Talk> {
    let manner = Manner {
        lines,
        turn_ms: 0,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, name, manner).await?;
    let mut database = stubbed.database().await?;
    let (before_mb, cpu) = (machine::rss_mb(stubbed.pid())?, stubbed.cpu());
    let began = clock(&mut database).await?;
    stubbed.create("one", agents, "on-demand", true).await?;
    let watched = Instant::now();
    loop {
        let (said, done, passed): (i64, i64, f64) = sqlx::query_as(
            "SELECT COALESCE(sum(acked_seq), 0)::bigint, count(*) FILTER (WHERE NOT open),
                    extract(epoch FROM clock_timestamp() - $1)::float8 FROM runs",
        )
        .bind(began)
        .fetch_one(&mut database)
        .await?;
        found.point(
            "ingestMemory",
            json!({
                "agents": agents, "seconds": passed, "lines": said,
                "megabytes": machine::rss_mb(stubbed.pid())?,
            }),
        );
        if usize::try_from(done)? == agents {
            break;
        }
        if TALK_MAX < watched.elapsed() {
            return Err(format!("{agents} agents did not say {lines} lines in time").into());
        }
        sleep(SAMPLE_EVERY).await;
    }
    let cpu = stubbed.cpu().since(cpu);
    let (stored, line, seconds) = stored(&mut database).await?;
    let most_mb = machine::rss_mb_max(stubbed.pid())?;
    stubbed.kill()?;
    if stored < number(agents * lines) {
        return Err(format!("of {agents} times {lines} lines {stored} were stored").into());
    }
    Ok(Talk {
        lines: stored,
        seconds,
        cpu,
        before_mb,
        most_mb,
        line,
    })
}

/// Lines that are stored, one of them, and how long their runs took.
async fn stored(database: &mut PgConnection) -> Outcome<(f64, String, f64)> {
    let (stored, line, seconds): (i64, Option<String>, f64) = sqlx::query_as(
        "SELECT count(*), min(data::text),
                (SELECT extract(epoch FROM max(ended_at) - min(started_at))::float8 FROM runs)
         FROM events WHERE type = 'persistent_agent:log' AND data::text LIKE '%one line of what%'",
    )
    .fetch_one(database)
    .await?;
    let line = line.ok_or("no line was stored")?;
    Ok((number(usize::try_from(stored)?), line, seconds))
}

/// Rows a second of bare statements that write as many such lines as a batch has.
async fn bare(plane: &Plane, line: &str, window: Duration) -> Outcome<f64> {
    let mut database = plane.database().await?;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS bench.events (LIKE public.events INCLUDING ALL)")
        .execute(&mut database)
        .await?;
    let (began, mut rows) = (Instant::now(), 0);
    while began.elapsed() < window {
        let done = sqlx::query(INSERT)
            .bind(Uuid::nil())
            .bind(line)
            .bind(i32::try_from(process::LINES)?)
            .execute(&mut database)
            .await?;
        rows += usize::try_from(done.rows_affected())?;
    }
    Ok(number(rows) / began.elapsed().as_secs_f64())
}

/// The real program with a real runner and a process that prints.
async fn real(plane: &Plane, lines: usize, bare: f64, found: &mut Found) -> Outcome<()> {
    let mut database = plane.database().await?;
    let slug = format!("talker-{lines}");
    let agent = turns::create(plane, &mut database, &slug, "on-demand").await?;
    let (stored, seconds): (i64, f64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM events
                 WHERE actor_id = $1 AND type = 'persistent_agent:log'),
                (SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8
                 FROM turns WHERE agent_id = $1)",
    )
    .bind(agent)
    .fetch_one(&mut database)
    .await?;
    let stored = usize::try_from(stored)?;
    if stored < lines {
        return Err(format!("of {lines} printed lines {stored} were stored").into());
    }
    found.rows.push(Row {
        what: "lines printed by a real process, through its runner, until stored".to_owned(),
        value: number(stored) / seconds,
        unit: "/s",
        reference: ("such rows/s, 256 in a bare statement", bare),
        target: Target::Open,
    });
    Ok(())
}
