//! Many agents at once and much output, with a stub behind the sandbox port.

use super::*;

/// Agents with mail when everything is killed.
const STRUCK: usize = 10_000;

/// `kill -9` with ten thousand agents that have mail: the first turn, and all of them.
pub(super) async fn killed(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let struck = size.pick(1_000, STRUCK);
    let stubbed = Stubbed::start(place, plane, "stub_killed", Manner::default()).await?;
    stubbed.create("one", struck, "on-demand", false).await?;
    let mut database = stubbed.database().await?;
    stubbed.kill()?;
    // Their missions wait: from now on each of them has a turn to take.
    sqlx::raw_sql("UPDATE agents SET enabled = true; ANALYZE")
        .execute(&mut database)
        .await?;
    let began = Instant::now();
    let again = Stubbed::start(place, plane, "stub_killed", Manner::default()).await?;
    let first = "SELECT EXISTS (SELECT FROM turns)";
    until(&mut database, START_MAX, "a first turn", first).await?;
    let first = began.elapsed().as_secs_f64();
    let all = "SELECT NOT EXISTS (SELECT FROM messages WHERE state <> 'consumed')";
    until(&mut database, START_MAX * 2, "all turns are done", all).await?;
    let every = began.elapsed().as_secs_f64();
    let (wrong,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM agents WHERE turns_taken <> 1 OR state <> 'idle'")
            .fetch_one(&mut database)
            .await?;
    if wrong != 0 {
        return Err(format!("{wrong} agents took no turn or more than one").into());
    }
    again.kill()?;
    for (what, value, most) in [
        ("the first turn", first, 2.0),
        ("all turns done, none twice", every, 20.0),
    ] {
        rows.push(Row {
            what: format!("after kill -9, {struck} agents with mail: {what}"),
            value,
            unit: "s",
            reference: (
                "turns of 20 ms, 64 at once, without any loss, s",
                number(struck) / 3_200.0,
            ),
            target: Target::AtMost(most),
        });
    }
    Ok(())
}

/// One agent that says a great deal.
pub(super) async fn ingest(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let lines = size.pick(20_000, 200_000);
    let manner = Manner {
        lines,
        turn_ms: 0,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_ingest", manner).await?;
    let before = machine::rss_mb(stubbed.pid())?;
    let began = Instant::now();
    stubbed.create("one", 1, "on-demand", true).await?;
    let mut database = stubbed.database().await?;
    let done = "SELECT EXISTS (SELECT FROM turns WHERE finished_at IS NOT NULL)";
    until(&mut database, START_MAX, "it has said all", done).await?;
    let seconds = began.elapsed().as_secs_f64();
    let after = machine::rss_mb(stubbed.pid())?;
    let (stored,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM events WHERE type = 'persistent_agent:log'")
            .fetch_one(&mut database)
            .await?;
    stubbed.kill()?;
    rows.push(Row {
        what: "lines of one agent's output taken in and stored".to_owned(),
        value: number(usize::try_from(stored)?) / seconds,
        unit: "/s",
        reference: ("lines printed", number(lines)),
        target: Target::Open,
    });
    rows.push(Row {
        what: "memory of control plane and stub after it".to_owned(),
        value: after,
        unit: "MB",
        reference: ("before, MB", before),
        target: Target::AtMost(150.0),
    });
    Ok(())
}
