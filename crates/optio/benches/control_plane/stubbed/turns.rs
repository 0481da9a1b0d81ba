//! Turns with a stub behind the sandbox port.

use super::*;

/// How long a turn may take to be over.
const TURN_MAX: Duration = Duration::from_secs(30);
/// Agents that take turns at once.
const TEAM: usize = 64;
/// Some quiet between two messages to one agent.
const QUIET: Duration = Duration::from_millis(15);

/// Sends one message after the other to one agent with a sandbox, each when the last turn is over.
/// Returns milliseconds from acceptance to start: half of them, and all but one in a hundred, were below.
pub(super) async fn wake(stubbed: &Stubbed, agent: Uuid, samples: usize) -> Outcome<(f64, f64)> {
    let mut database = stubbed.database().await?;
    let mut client = stubbed.client().await?;
    let (before,): (i64,) = sqlx::query_as("SELECT COALESCE(max(seq), 0) FROM messages")
        .fetch_one(&mut database)
        .await?;
    for _sample in 0..samples {
        idle(&mut database, agent).await?;
        sleep(QUIET).await;
        client.expect(202, &message(agent)).await?;
    }
    idle(&mut database, agent).await?;
    let took: (Option<f64>, Option<f64>) = sqlx::query_as(
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), percentile_disc(0.99) WITHIN GROUP (ORDER BY ms)
         FROM (SELECT extract(epoch FROM r.started_at - m.received_at)::float8 * 1000 AS ms
               FROM messages m JOIN runs r ON r.id = m.turn_id
               WHERE m.receiver_id = $1 AND $2 < m.seq) waits",
    )
    .bind(agent)
    .bind(before)
    .fetch_one(&mut database)
    .await?;
    Ok((took.0.unwrap_or(f64::NAN), took.1.unwrap_or(f64::NAN)))
}

async fn idle(database: &mut PgConnection, agent: Uuid) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < TURN_MAX {
        let (idle,): (bool,) = sqlx::query_as(
            "SELECT g.state = 'idle' AND a.inbox_pending = 0
             FROM agents g JOIN actors a ON a.id = g.id WHERE g.id = $1",
        )
        .bind(agent)
        .fetch_one(&mut *database)
        .await?;
        if idle {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
    Err("a turn did not end in time".into())
}

/// Latency, throughput, cost and statements of turns.
pub(super) async fn rows(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let stubbed = Stubbed::start(place, plane, "stub_turns", Manner::default()).await?;
    let (one, _) = stubbed.create("one", 1, "always-on", true).await?;
    let one = one.first().copied().ok_or("no agent was made")?;
    let samples = size.pick(60, 300);
    let (p50, p99) = wake(&stubbed, one, samples).await?;
    throughput(&stubbed, size, rows).await?;
    stubbed.kill()?;
    // The same while everybody is told to look once a second.
    let sweeping = Manner {
        sweep_s: 1,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_turns", sweeping).await?;
    stubbed
        .create("mail", size.pick(500, 5_000), "on-demand", false)
        .await?;
    let (busy50, busy99) = wake(&stubbed, one, samples).await?;
    stubbed.kill()?;
    for (what, value, reference, target) in [
        (
            "message accepted to run started, warm, p50",
            p50,
            0.0,
            Target::AtMost(5.0),
        ),
        (
            "message accepted to run started, warm, p99",
            p99,
            0.0,
            Target::AtMost(20.0),
        ),
        (
            "the same while a sweep runs each second, p50",
            busy50,
            p50,
            Target::AtMost(5.0),
        ),
        (
            "the same while a sweep runs each second, p99",
            busy99,
            p99,
            Target::AtMost(20.0),
        ),
    ] {
        rows.push(Row {
            what: what.to_owned(),
            value,
            unit: "ms",
            reference: if reference == 0.0 {
                (
                    "the start of the control plane, ms",
                    plane.took.as_secs_f64() * 1_000.0,
                )
            } else {
                ("without, ms", reference)
            },
            target,
        });
    }
    statements(place, plane, size, rows).await
}

/// As many agents as may run, each given its next message when its turn is over.
async fn throughput(stubbed: &Stubbed, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    let (team, _) = stubbed.create("team", TEAM, "always-on", true).await?;
    let mut database = stubbed.database().await?;
    let (before, began_at) = (stubbed.cpu(), Instant::now());
    feed(stubbed, &team, size.window() * 2).await?;
    let (seconds, cpu) = (
        began_at.elapsed().as_secs_f64(),
        stubbed.cpu().since(before),
    );
    let (turns,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM turns WHERE agent_id = ANY($1) AND turn_number > 1 AND finished_at IS NOT NULL",
    )
    .bind(&team)
    .fetch_one(&mut database)
    .await?;
    let turns = number(usize::try_from(turns)?);
    rows.push(Row {
        what: format!("turns of 20 ms, {TEAM} agents at once, a stub in place of sandboxes"),
        value: turns / seconds,
        unit: "/s",
        reference: ("as many as 20 ms allow, /s", number(TEAM) * 50.0),
        target: Target::AtLeast(500.0),
    });
    for (name, part) in [
        ("control plane and stub", cpu.optio),
        ("Postgres", cpu.postgres),
    ] {
        rows.push(Row {
            what: format!("CPU of such a turn: {name}"),
            value: part * 1_000.0 / turns,
            unit: "ms",
            reference: (
                "both together, ms",
                (cpu.optio + cpu.postgres) * 1_000.0 / turns,
            ),
            target: Target::Open,
        });
    }
    Ok(())
}

/// Sends each agent its next message once it has taken the last, for so long.
async fn feed(stubbed: &Stubbed, team: &[Uuid], window: Duration) -> Outcome<()> {
    let until = Instant::now() + window;
    let mut feeders = Vec::new();
    for number in 0..CREATORS {
        let agents: Vec<Uuid> = team
            .iter()
            .copied()
            .skip(number)
            .step_by(CREATORS)
            .collect();
        let (mut client, mut watch) = (stubbed.client().await?, stubbed.database().await?);
        feeders.push(tokio::spawn(async move {
            while Instant::now() < until {
                let ready: Vec<(Uuid,)> = sqlx::query_as(
                    "SELECT id FROM actors WHERE kind = 'agent' AND id = ANY($1) AND inbox_pending = 0",
                )
                .bind(&agents)
                .fetch_all(&mut watch)
                .await?;
                if ready.is_empty() {
                    sleep(LOOK_EVERY).await;
                }
                for (agent,) in ready {
                    client.expect(202, &message(agent)).await?;
                }
            }
            Outcome::Ok(())
        }));
    }
    for feeder in feeders {
        feeder.await??;
    }
    Ok(())
}

/// Statements of a send and the turn it causes.
async fn statements(place: &Place, plane: &Plane, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    let manner = Manner {
        counts: true,
        sweep_s: 3_600,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_statements", manner).await?;
    let (one, _) = stubbed.create("one", 1, "always-on", true).await?;
    let one = one.first().copied().ok_or("no agent was made")?;
    wake(&stubbed, one, 10).await?;
    sleep(Duration::from_secs(1)).await;
    let samples = size.pick(50, 200);
    let (before, began) = (stubbed.statements.load(Ordering::Relaxed), Instant::now());
    wake(&stubbed, one, samples).await?;
    sleep(Duration::from_millis(100)).await;
    let (after, took) = (stubbed.statements.load(Ordering::Relaxed), began.elapsed());
    // What it asks when nothing happens is not the turns' doing.
    let idle_before = stubbed.statements.load(Ordering::Relaxed);
    sleep(took).await;
    let idle = stubbed.statements.load(Ordering::Relaxed) - idle_before;
    stubbed.kill()?;
    let per_turn = |count: u64| number(usize::try_from(count).unwrap_or(0)) / number(samples);
    rows.push(Row {
        what: "statements per send and turn".to_owned(),
        value: per_turn((after - before).saturating_sub(idle)),
        unit: "",
        reference: (
            "in the same time without any, per turn",
            per_turn(idle).max(0.01),
        ),
        target: Target::AtMost(8.0),
    });
    Ok(())
}

/// The limit of turns at once is kept, and all turns are taken.
pub(super) async fn limit(place: &Place, plane: &Plane, rows: &mut Vec<Row>) -> Outcome<()> {
    const AGENTS: usize = 60;
    let manner = Manner {
        turn_ms: 2_000,
        turns: 10,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_limit", manner).await?;
    let began = Instant::now();
    stubbed.create("one", AGENTS, "on-demand", true).await?;
    let mut database = stubbed.database().await?;
    let mut most = 0_i64;
    loop {
        let (open, done): (i64, i64) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE finished_at IS NULL), count(finished_at) FROM turns",
        )
        .fetch_one(&mut database)
        .await?;
        most = most.max(open);
        if usize::try_from(done)? == AGENTS {
            break;
        }
        if TURN_MAX * 2 < began.elapsed() {
            return Err("sixty turns of two seconds did not end in time".into());
        }
        sleep(LOOK_EVERY).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    stubbed.kill()?;
    rows.push(Row {
        what: "60 turns of 2 s with room for 10".to_owned(),
        value: seconds,
        unit: "s",
        reference: ("without any loss, s", 12.0),
        target: Target::AtMost(12.5),
    });
    rows.push(Row {
        what: "most turns open at once with room for 10".to_owned(),
        value: number(usize::try_from(most)?),
        unit: "",
        reference: ("the limit", 10.0),
        target: Target::AtMost(10.0),
    });
    Ok(())
}

/// What it costs that thousands wait for room.
pub(super) async fn waiting(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    const QUEUE: usize = 2_670;
    let manner = Manner {
        turn_ms: 600_000,
        turns: 1,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_waiting", manner).await?;
    stubbed.create("one", QUEUE, "on-demand", true).await?;
    let mut database = stubbed.database().await?;
    let queued = "SELECT 2669 <= count(*) FROM agents WHERE state = 'queued'";
    until(&mut database, TURN_MAX, "all are queued", queued).await?;
    sleep(Duration::from_secs(2)).await;
    let window = size.idle();
    let before = stubbed.cpu();
    sleep(window).await;
    let cpu = stubbed.cpu().since(before);
    stubbed.kill()?;
    rows.push(Row {
        what: format!("cores used by {QUEUE} agents that wait for room"),
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
