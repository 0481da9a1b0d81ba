//! `kill -9` with many agents that have mail, and a stub behind the sandbox port.

use super::*;

/// All agents as a person would have them: a disabled one waits for a person and not for its mail.
const ENABLE: &str = "UPDATE agents SET enabled = true;
  UPDATE actors SET heeds_mail = true;
  ANALYZE";

/// `kill -9` with ten thousand agents that have mail: the first turn, and all of them.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let struck = size.pick(1_000, 10_000);
    let stubbed = Stubbed::start(place, plane, "stub_killed", Manner::default()).await?;
    stubbed.create("one", struck, "on-demand", false).await?;
    let mut database = stubbed.database().await?;
    looked(&mut database).await?;
    stubbed.kill()?;
    // Their missions wait: from now on each of them has a turn to take.
    sqlx::raw_sql(ENABLE).execute(&mut database).await?;
    let began = clock(&mut database).await?;
    let again = Stubbed::start(place, plane, "stub_killed", Manner::default()).await?;
    let all = "SELECT NOT EXISTS (SELECT FROM messages WHERE state <> 'consumed')";
    until(&mut database, START_MAX * 2, "all turns are done", all).await?;
    let (first, every): (f64, f64) = sqlx::query_as(
        "SELECT extract(epoch FROM (SELECT min(started_at) FROM runs) - $1)::float8,
                extract(epoch FROM (SELECT max(finished_at) FROM turns) - $1)::float8",
    )
    .bind(began)
    .fetch_one(&mut database)
    .await?;
    let (wrong,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM agents WHERE turns_taken <> 1 OR state <> 'idle'")
            .fetch_one(&mut database)
            .await?;
    if wrong != 0 {
        return Err(format!("{wrong} agents took no turn or more than one").into());
    }
    let memory = machine::rss_mb_max(again.pid())?;
    let took = again.took.as_secs_f64();
    again.kill()?;
    rows.push(Row {
        what: format!(
            "after kill -9, {} agents with mail: the first turn",
            whole(struck)
        ),
        value: first,
        unit: "s",
        reference: ("its start to the first 200, s", took),
        target: Target::AtMost(2.0),
    });
    rows.push(Row {
        what: "the same: all turns done, none twice".to_owned(),
        value: every,
        unit: "s",
        reference: (
            "turns of 20 ms, 64 at once, without any loss, s",
            number(struck) / 3_200.0,
        ),
        target: Target::AtMost(20.0),
    });
    rows.push(Row {
        what: "the same: most memory of control plane and stub".to_owned(),
        value: memory,
        unit: "MB",
        reference: (
            "that of optio without work, MB",
            machine::rss_mb(plane.pid())?,
        ),
        target: Target::AtMost(100.0),
    });
    Ok(())
}
