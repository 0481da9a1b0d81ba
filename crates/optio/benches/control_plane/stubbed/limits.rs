//! Room for turns: never more than there is, and waiting for it costs nothing.

use super::*;

/// How long all turns may take.
const ALL_MAX: Duration = Duration::from_secs(60);
/// Agents that want a turn at once.
const AGENTS: usize = 60;
/// Agents that wait for room.
const QUEUE: usize = 2_670;

/// The limit of turns at once is kept, and all turns are taken.
pub(crate) async fn limit(place: &Place, plane: &Plane, rows: &mut Vec<Row>) -> Outcome<()> {
    let manner = Manner {
        turn_ms: 2_000,
        turns: 10,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_limit", manner).await?;
    let mut database = stubbed.database().await?;
    let began = clock(&mut database).await?;
    stubbed.create("one", AGENTS, "on-demand", true).await?;
    let all = "SELECT count(finished_at) = 60 FROM turns";
    until(&mut database, ALL_MAX, "sixty turns are done", all).await?;
    // From the rows themselves: whoever only looks now and then may miss the moment of one too many.
    let (seconds, most, bad): (f64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT extract(epoch FROM max(finished_at) - $1)::float8 FROM turns),
                (SELECT max(open) FROM (
                   SELECT sum(change) OVER (ORDER BY at, change) AS open
                   FROM (SELECT started_at AS at, 1 AS change FROM turns
                         UNION ALL SELECT finished_at, -1 FROM turns) changes) counted)::bigint,
                (SELECT count(*) FROM turns WHERE halt_reason <> 'natural')",
    )
    .bind(began)
    .fetch_one(&mut database)
    .await?;
    stubbed.kill()?;
    if bad != 0 {
        return Err(format!("{bad} turns did not end well").into());
    }
    rows.push(Row {
        what: "60 turns of 2 s with room for 10, creating their agents included".to_owned(),
        value: seconds,
        unit: "s",
        reference: ("six rounds of 2 s, s", 12.0),
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
pub(crate) async fn waiting(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let manner = Manner {
        turn_ms: 600_000,
        turns: 1,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_waiting", manner).await?;
    let nobody = cores(&stubbed, size).await?;
    stubbed.create("one", QUEUE, "on-demand", true).await?;
    let mut database = stubbed.database().await?;
    let queued = "SELECT 2669 <= count(*) FROM agents WHERE state = 'queued'";
    until(&mut database, ALL_MAX, "all are queued", queued).await?;
    let all = cores(&stubbed, size).await?;
    stubbed.kill()?;
    rows.push(Row {
        what: format!("cores used while {} agents wait for room", whole(QUEUE)),
        value: all,
        unit: "",
        reference: ("while nobody waits", nobody),
        target: Target::AtMost(0.01),
    });
    Ok(())
}

/// Cores that the control plane and Postgres use while nothing happens.
async fn cores(stubbed: &Stubbed, size: Size) -> Outcome<f64> {
    let mut database = stubbed.database().await?;
    plane::tidy(&mut database).await?;
    sleep(Duration::from_secs(2)).await;
    let (window, before) = (size.idle(), stubbed.cpu());
    sleep(window).await;
    // Processor time is counted in hundredths of a second.
    Ok(stubbed.cpu().since(before).system().max(0.01) / window.as_secs_f64())
}
