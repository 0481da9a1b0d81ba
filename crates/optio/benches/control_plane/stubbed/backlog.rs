//! One inbox that is never read until a hundred thousand messages wait in it, and then is.

use super::*;

/// How long the drain may take.
const DRAIN_MAX: Duration = Duration::from_secs(180);
/// How often it is looked how far it is.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);
/// Agents that mail is spread over, for comparison.
const OTHERS: usize = 16;
/// Connections that send.
const CONNECTIONS: usize = 64;
/// How long a turn takes.
const TURN_MS: u64 = 20;
/// The mailbox's own limit of messages for a turn.
const TURN_MESSAGES_MAX: f64 = 100.0;

/// The rows about a full inbox.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    mail: &Mail,
    size: Size,
    found: &mut Found,
) -> Outcome<()> {
    let depth = size.pick(10_000, 100_000);
    let manner = Manner {
        turn_ms: TURN_MS,
        ..Manner::default()
    };
    let stubbed = Stubbed::start(place, plane, "stub_backlog", manner).await?;
    let (hot, _) = stubbed.create("hot", 1, "always-on", false).await?;
    let agent = hot.first().copied().ok_or("no agent was made")?;
    let (others, _) = stubbed.create("other", OTHERS, "on-demand", false).await?;
    let (hot, others) = (Mail::to(hot), Mail::to(others));
    let mut sent = 1;
    // In turns, so that whatever else this machine does meets both alike.
    let (mut into_hot, mut into_others, mut bare) = (0.0, 0.0, 0.0);
    others
        .send_to(stubbed.address, CONNECTIONS, size.warm_up())
        .await?;
    let began = Instant::now();
    while sent < depth {
        sent += fill(&stubbed, &hot, sent, found).await?;
        if DRAIN_MAX < began.elapsed() {
            return Err(format!("only {sent} messages were sent in time").into());
        }
    }
    for _round in 0..size.rounds() {
        let window = size.window() / 2;
        for (mail, rate) in [(&hot, &mut into_hot), (&others, &mut into_others)] {
            let all = mail.send_to(stubbed.address, CONNECTIONS, window).await?;
            *rate += number(all.count()) / window.as_secs_f64() / number(size.rounds());
            if mail.receivers.len() == 1 {
                sent += all.count();
            }
        }
        bare += mail.inserts_rate(plane, window).await? / number(size.rounds());
    }
    let waiting = whole(depth);
    for (what, reference) in [
        (
            format!("durable sends, 64 connections, to an inbox with {waiting} waiting"),
            ("to 16 inboxes of the same database, /s", into_others),
        ),
        (
            "the same, beside bare inserts".to_owned(),
            ("P, bare inserts/s at 8 clients", bare),
        ),
    ] {
        found.rows.push(Row {
            what,
            value: into_hot,
            unit: "/s",
            reference,
            target: Target::RatioAtLeast(0.8),
        });
    }
    drain(&stubbed, agent, sent, found).await?;
    stubbed.kill()
}

/// Sends for half a second; returns how many messages were accepted.
async fn fill(stubbed: &Stubbed, hot: &Mail, waiting: usize, found: &mut Found) -> Outcome<usize> {
    let window = Duration::from_millis(500);
    let all = hot.send_to(stubbed.address, CONNECTIONS, window).await?;
    let point = json!({
        "waiting": waiting, "sendsPerSecond": number(all.count()) / window.as_secs_f64(),
        "megabytes": machine::rss_mb(stubbed.pid())?,
    });
    found.point("backlogFill", point);
    Ok(all.count())
}

/// Lets the agent read its mail, until none is left.
async fn drain(stubbed: &Stubbed, agent: Uuid, sent: usize, found: &mut Found) -> Outcome<()> {
    let mut database = stubbed.database().await?;
    sqlx::raw_sql("ANALYZE").execute(&mut database).await?;
    let before = machine::rss_mb(stubbed.pid())?;
    let path = format!("/api/persistent-agents/{agent}");
    let enable = http::request("PATCH", &path, r#"{"enabled":true}"#);
    let began = clock(&mut database).await?;
    stubbed.client().await?.expect(200, &enable).await?;
    let watched = Instant::now();
    loop {
        let (waiting, state): (i32, String) = sqlx::query_as(
            "SELECT a.inbox_pending, g.state FROM actors a JOIN agents g ON g.id = a.id
             WHERE a.kind = 'agent' AND a.id = $1",
        )
        .bind(agent)
        .fetch_one(&mut database)
        .await?;
        let point = json!({
            "seconds": watched.elapsed().as_secs_f64(), "waiting": waiting,
            "megabytes": machine::rss_mb(stubbed.pid())?,
        });
        found.point("backlogDrain", point);
        if waiting == 0 && state == "idle" {
            break;
        }
        if DRAIN_MAX < watched.elapsed() {
            return Err(format!("{waiting} messages still wait, its agent is {state}").into());
        }
        sleep(SAMPLE_EVERY).await;
    }
    let most_mb = machine::rss_mb_max(stubbed.pid())?;
    let drained = drained(&mut database, agent, began).await?;
    if drained.consumed != sent || drained.others != 0 {
        return Err(format!(
            "{sent} were sent, {} consumed, {} are anything else",
            drained.consumed, drained.others
        )
        .into());
    }
    show(&drained, before, most_mb, found);
    Ok(())
}

struct Drained {
    seconds: f64,
    turns: usize,
    most: usize,
    consumed: usize,
    others: usize,
}

async fn drained(
    database: &mut PgConnection,
    agent: Uuid,
    began: DateTime<Utc>,
) -> Outcome<Drained> {
    let (seconds, turns, most, consumed, others): (f64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT extract(epoch FROM max(t.finished_at) - $2)::float8, count(*), max(m.read)::bigint,
                sum(m.read)::bigint,
                (SELECT count(*) FROM messages WHERE receiver_id = $1 AND state <> 'consumed')
         FROM turns t JOIN (SELECT turn_id, count(*) AS read FROM messages
                            WHERE receiver_id = $1 AND state = 'consumed' GROUP BY turn_id) m
           ON m.turn_id = t.id
         WHERE t.agent_id = $1 AND t.halt_reason = 'natural'",
    )
    .bind(agent)
    .bind(began)
    .fetch_one(database)
    .await?;
    Ok(Drained {
        seconds,
        turns: usize::try_from(turns)?,
        most: usize::try_from(most)?,
        consumed: usize::try_from(consumed)?,
        others: usize::try_from(others)?,
    })
}

fn show(drained: &Drained, before: f64, most_mb: f64, found: &mut Found) {
    let turn_s = Duration::from_millis(TURN_MS).as_secs_f64();
    found.rows.push(Row {
        what: format!(
            "{} messages of one inbox read, in {} turns of {TURN_MS} ms",
            whole(drained.consumed),
            whole(drained.turns)
        ),
        value: drained.seconds,
        unit: "s",
        reference: (
            "these turns without anything between them, s",
            number(drained.turns) * turn_s,
        ),
        target: Target::Open,
    });
    found.rows.push(Row {
        what: "the same: most messages of a turn".to_owned(),
        value: number(drained.most),
        unit: "",
        reference: ("the limit", TURN_MESSAGES_MAX),
        target: Target::AtMost(TURN_MESSAGES_MAX),
    });
    found.rows.push(Row {
        what: "the same: most memory of control plane and stub".to_owned(),
        value: most_mb,
        unit: "MB",
        reference: ("before, MB", before),
        target: Target::AtMost(100.0),
    });
}
