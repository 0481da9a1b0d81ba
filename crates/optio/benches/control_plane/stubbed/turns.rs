//! Turns with a stub behind the sandbox port.

use futures_util::future::try_join_all;

use super::*;

/// How long a turn may take to be over.
const TURN_MAX: Duration = Duration::from_secs(60);
/// How long one agent is woken again and again.
const WAKES_MAX: Duration = Duration::from_secs(30);
/// Seconds between two sweeps.
const SWEEP_S: u64 = 5;
/// Agents that take turns at once.
const TEAM: usize = 64;
/// Connections that keep them busy.
const FEEDERS: usize = 8;
/// How often it is looked who has taken its message: within its turn, so that the next waits at its end.
const FEED_EVERY: Duration = Duration::from_millis(5);
/// How long counts are given to arrive.
const COUNTED: Duration = Duration::from_millis(250);
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
    let began = Instant::now();
    for _sample in 0..samples {
        if WAKES_MAX < began.elapsed() {
            break;
        }
        idle(&mut database, agent).await?;
        sleep(QUIET).await;
        client.expect(202, &message(agent)).await?;
        // It is not over before, and whoever asks takes time from it.
        sleep(QUIET).await;
    }
    idle(&mut database, agent).await?;
    // Fewer messages than were wanted say less about the slowest of them, and end in time.
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
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    mail: &Mail,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let stubbed = Stubbed::start(place, plane, "stub_turns", Manner::default()).await?;
    let (one, _) = stubbed.create("one", 1, "always-on", true).await?;
    let one = one.first().copied().ok_or("no agent was made")?;
    let samples = size.pick(60, 300);
    wake(&stubbed, one, 5).await?;
    let insert = mail.inserts(plane, 1, size.window() / 2).await?;
    let quiet = wake(&stubbed, one, samples).await?;
    let insert = (insert.percentile(50), insert.percentile(99));
    throughput(&stubbed, plane, mail, size, rows).await?;
    stubbed.kill()?;
    // The same with a crowd that has mail and does not act on it, and sweeps that must not care.
    let sweeping = Manner {
        sweep_s: SWEEP_S,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_turns", sweeping).await?;
    let crowd = size.pick(500, 5_000);
    stubbed.create("mail", crowd, "on-demand", false).await?;
    wake(&stubbed, one, 5).await?;
    let busy = wake(&stubbed, one, samples).await?;
    stubbed.kill()?;
    let accepted = "message accepted to run started, warm";
    let sweep = format!(
        "the same beside {} disabled agents with mail and a sweep every {SWEEP_S} s",
        whole(crowd)
    );
    for (what, value, reference, target) in [
        (
            format!("{accepted}, p50"),
            quiet.0,
            ("a bare insert, p50, ms", insert.0),
            5.0,
        ),
        (
            format!("{accepted}, p99"),
            quiet.1,
            ("a bare insert, p99, ms", insert.1),
            20.0,
        ),
        (
            format!("{sweep}, p50"),
            busy.0,
            ("without, ms", quiet.0),
            5.0,
        ),
        (
            format!("{sweep}, p99"),
            busy.1,
            ("without, ms", quiet.1),
            20.0,
        ),
    ] {
        rows.push(Row {
            what,
            value,
            unit: "ms",
            reference,
            target: Target::AtMost(target),
        });
    }
    statements(place, plane, size, rows).await
}

/// As many agents as may run, each given its next message when its turn is over.
async fn throughput(
    stubbed: &Stubbed,
    plane: &Plane,
    mail: &Mail,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let (team, _) = stubbed.create("team", TEAM, "always-on", true).await?;
    let mut database = stubbed.database().await?;
    let inserts = mail.inserts_rate(plane, size.window() / 2).await?;
    let (before, began_at) = (stubbed.cpu(), clock(&mut database).await?);
    feed(stubbed, &team, size.window() * 2).await?;
    let cpu = stubbed.cpu().since(before);
    let (turns, seconds): (i64, f64) = sqlx::query_as(
        "SELECT count(*), extract(epoch FROM clock_timestamp() - $2)::float8
         FROM turns WHERE agent_id = ANY($1) AND $2 <= finished_at",
    )
    .bind(&team)
    .bind(began_at)
    .fetch_one(&mut database)
    .await?;
    let turns = number(usize::try_from(turns)?);
    rows.push(Row {
        what: format!("turns of 20 ms, {TEAM} agents at once, a stub in place of sandboxes"),
        value: turns / seconds,
        unit: "/s",
        reference: ("P, bare inserts/s at 8 clients", inserts),
        target: Target::AtLeast(500.0),
    });
    let both = cpu.optio + cpu.postgres;
    for (name, part) in [
        ("control plane and stub", cpu.optio),
        ("Postgres", cpu.postgres),
    ] {
        rows.push(Row {
            what: format!("CPU of such a turn: {name}"),
            value: part * 1_000.0 / turns,
            unit: "ms",
            reference: ("both together, ms", both * 1_000.0 / turns),
            target: Target::Open,
        });
    }
    Ok(())
}

/// Sends each agent its next message once it has taken the last, for so long. One looks for all of
/// them: what looking costs is not to be taken for the turns' cost.
async fn feed(stubbed: &Stubbed, team: &[Uuid], window: Duration) -> Outcome<()> {
    let until = Instant::now() + window;
    let mut watch = stubbed.database().await?;
    let mut clients = Vec::new();
    for _each in 0..FEEDERS {
        clients.push(stubbed.client().await?);
    }
    while Instant::now() < until {
        let ready: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM actors WHERE kind = 'agent' AND id = ANY($1) AND inbox_pending = 0",
        )
        .bind(team)
        .fetch_all(&mut watch)
        .await?;
        let shares = ready.chunks(ready.len().div_ceil(FEEDERS).max(1));
        let sends = clients.iter_mut().zip(shares).map(async |(client, share)| {
            for (agent,) in share {
                client.expect(202, &message(*agent)).await?;
            }
            Outcome::Ok(())
        });
        try_join_all(sends).await?;
        sleep(FEED_EVERY).await;
    }
    Ok(())
}

/// Statements of a send, and of a send with the turn it causes.
async fn statements(place: &Place, plane: &Plane, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    let manner = Manner {
        counts: true,
        sweep_s: 3_600,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_statements", manner).await?;
    let (one, _) = stubbed.create("one", 1, "always-on", true).await?;
    let one = one.first().copied().ok_or("no agent was made")?;
    let receivers = stubbed.create("receiver", 16, "on-demand", false).await?;
    let receivers = Mail::to(receivers.0);
    wake(&stubbed, one, 10).await?;
    sleep(COUNTED).await;
    let samples = size.pick(50, 200);
    let turns = counted(&stubbed, async {
        wake(&stubbed, one, samples).await?;
        Ok(samples)
    });
    let turns = turns.await?;
    let mut sends = Vec::new();
    for connections in [1, 64] {
        let window = size.window() / 2;
        let work = async {
            let all = receivers
                .send_to(stubbed.address, connections, window)
                .await?;
            Ok(all.count())
        };
        sends.push((connections, counted(&stubbed, work).await?));
    }
    stubbed.kill()?;
    for (connections, (each, idle)) in sends {
        rows.push(Row {
            what: format!(
                "statements per send, {connections} connections, looks of receivers included"
            ),
            value: each,
            unit: "",
            reference: ("in the same time without any, per send", idle),
            target: if connections == 64 {
                Target::AtMost(1.0)
            } else {
                Target::Open
            },
        });
    }
    rows.push(Row {
        what: "statements per send and turn".to_owned(),
        value: turns.0,
        unit: "",
        reference: ("in the same time without any, per turn", turns.1),
        target: Target::AtMost(8.0),
    });
    Ok(())
}

/// Statements for each of what some work did, and of as long a time when nothing happens: these are not
/// the work's doing and are taken off.
async fn counted(
    stubbed: &Stubbed,
    work: impl Future<Output = Outcome<usize>>,
) -> Outcome<(f64, f64)> {
    let count = || stubbed.statements.load(Ordering::Relaxed);
    let (before, began) = (count(), Instant::now());
    let done = number(work.await?);
    sleep(COUNTED).await;
    let (after, took) = (count(), began.elapsed());
    sleep(took).await;
    let idle = count() - after;
    let each = |count: u64| number(usize::try_from(count).unwrap_or(0)) / done;
    // A ratio to nothing says nothing.
    Ok((
        each((after - before).saturating_sub(idle)),
        each(idle.max(1)),
    ))
}
