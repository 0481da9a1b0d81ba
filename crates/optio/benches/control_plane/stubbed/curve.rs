//! The cost curve: the same work with a hundred, ten thousand and a hundred thousand agents around.

use super::*;
use crate::{crowd, figures::Latencies, plane::connect, tell};

/// Agents that have mail when the control plane is killed; texts and statements below say so too.
const STRUCK: usize = 50;
/// Agents that mail is sent to; they take no turns.
const RECEIVERS: usize = 16;
/// Agents of a page.
const PAGE: i64 = 100;
/// How long memory is given to settle.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the turns after a kill may take.
const TURNS_MAX: Duration = Duration::from_secs(60);

/// All but some of those who have taken no turn yet have had their first one, as far as rows tell.
/// A crowd that takes it in truth would keep the run for many minutes.
const REST: &str = "
CREATE TEMPORARY TABLE rested AS
  SELECT id FROM agents WHERE slug LIKE 'idle-%' AND NOT enabled ORDER BY slug OFFSET 50;
UPDATE messages SET state = 'consumed', processed_at = now()
  WHERE state = 'pending' AND receiver_id IN (SELECT id FROM rested);
UPDATE actors SET inbox_pending = 0, inbox_waking = 0
  WHERE kind = 'agent' AND id IN (SELECT id FROM rested);
UPDATE actors a SET heeds_mail = true FROM agents g
  WHERE a.kind = 'agent' AND a.id = g.id AND g.slug LIKE 'idle-%' AND NOT g.enabled;
UPDATE agents SET enabled = true WHERE slug LIKE 'idle-%' AND NOT enabled;
DROP TABLE rested";

/// What is measured with so many agents around.
struct Point {
    agents: usize,
    sends: f64,
    bare: f64,
    send: Latencies,
    insert: Latencies,
    wake: (f64, f64),
    page: (f64, f64),
    idle_mb: f64,
    most_mb: f64,
    again: Again,
}

/// A row before it says of how many agents it speaks: what, value, unit, reference, target.
type Shown = (&'static str, f64, &'static str, (&'static str, f64), Target);

/// How a control plane came back after it was killed.
#[derive(Clone, Copy)]
struct Again {
    answers: f64,
    first: f64,
    every: f64,
}

/// The rows of the curve, and its points.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    mail: &Mail,
    size: Size,
    found: &mut Found,
) -> Outcome<()> {
    let sizes = size.pick([100, 1_000, 5_000], [100, 10_000, 100_000]);
    let name = "stub_curve";
    let mut stubbed = Stubbed::start(place, plane, name, Manner::default()).await?;
    let (awake, _) = stubbed.create("awake", 1, "always-on", true).await?;
    let awake = awake.first().copied().ok_or("no agent was made")?;
    let receivers = stubbed.create("receiver", RECEIVERS, "on-demand", false);
    let receivers = Mail::to(receivers.await?.0);
    let mut there = RECEIVERS + 1;
    let mut points: Vec<Point> = Vec::new();
    for agents in sizes {
        tell(&format!("bench: curve: {agents} agents"));
        let prefix = format!("idle-{}", points.len());
        let bare = mail.inserts_rate(plane, size.window() / 2).await?;
        let made = agents - there;
        let (_, seconds) = stubbed.create(&prefix, made, "on-demand", false).await?;
        there = agents;
        found
            .rows
            .push(created(made, agents, number(made) / seconds, bare));
        looked(&mut stubbed.database().await?).await?;
        stubbed.kill()?;
        let again;
        (stubbed, again) = come_back(place, plane, name, &prefix).await?;
        let point = measure(
            &stubbed,
            plane,
            (agents, awake),
            (mail, &receivers),
            size,
            again,
        );
        let point = point.await?;
        found.point("curve", point.as_json());
        points.push(point);
    }
    stubbed.kill()?;
    for point in &points {
        let first = points.first().unwrap_or(point);
        point.show(first, &mut found.rows);
    }
    real(place, plane, name, (there, size), &mut found.rows).await
}

fn created(made: usize, agents: usize, rate: f64, bare: f64) -> Row {
    Row {
        what: format!(
            "{} agents created through the API, until {} are there",
            whole(made),
            whole(agents)
        ),
        value: rate,
        unit: "/s",
        reference: ("P, bare inserts/s at 8 clients", bare),
        target: Target::Open,
    }
}

/// After the kill: lets the new agents rest but for some, and starts again.
async fn come_back(
    place: &Place,
    plane: &Plane,
    name: &str,
    prefix: &str,
) -> Outcome<(Stubbed, Again)> {
    let mut database = connect(&plane.socket_dir, name).await?;
    sqlx::raw_sql(REST).execute(&mut database).await?;
    // Autovacuum does it within a minute, which we do not wait for.
    sqlx::raw_sql("VACUUM ANALYZE")
        .execute(&mut database)
        .await?;
    let began = clock(&mut database).await?;
    let stubbed = Stubbed::start(place, plane, name, Manner::default()).await?;
    let watched = Instant::now();
    loop {
        let (done, first, every): (i64, Option<f64>, Option<f64>) = sqlx::query_as(
            "SELECT count(t.finished_at),
                    extract(epoch FROM min(r.started_at) - $2)::float8,
                    extract(epoch FROM max(t.finished_at) - $2)::float8
             FROM agents g JOIN turns t ON t.agent_id = g.id JOIN runs r ON r.id = t.id
             WHERE g.slug LIKE $1 || '-%'",
        )
        .bind(prefix)
        .bind(began)
        .fetch_one(&mut database)
        .await?;
        if let (Some(first), Some(every)) = (first, every)
            && usize::try_from(done)? == STRUCK
        {
            let answers = stubbed.took.as_secs_f64();
            let again = Again {
                answers,
                first,
                every,
            };
            return Ok((stubbed, again));
        }
        if TURNS_MAX < watched.elapsed() {
            return Err(format!("{done} of {STRUCK} turns were taken after a kill").into());
        }
        sleep(UNTIL_EVERY).await;
    }
}

async fn measure(
    stubbed: &Stubbed,
    plane: &Plane,
    (agents, awake): (usize, Uuid),
    (bare, mail): (&Mail, &Mail),
    size: Size,
    again: Again,
) -> Outcome<Point> {
    sleep(SETTLE).await;
    let idle_mb = machine::rss_mb(stubbed.pid())?;
    let mut database = stubbed.database().await?;
    let mut client = stubbed.client().await?;
    let (page, select) = crowd::pages(&mut client, &mut database, PAGE).await?;
    // Its sandbox is gone with the process that was killed.
    turns::wake(stubbed, awake, 3).await?;
    let wake = turns::wake(stubbed, awake, size.pick(40, 200)).await?;
    let mut point = Point {
        agents,
        sends: 0.0,
        bare: 0.0,
        send: Latencies::default(),
        insert: Latencies::default(),
        wake,
        page: (page.percentile(50), select.percentile(50)),
        idle_mb,
        most_mb: 0.0,
        again,
    };
    let window = size.window();
    mail.send_to(stubbed.address, 64, size.warm_up()).await?;
    for _round in 0..size.rounds() {
        let share = window.as_secs_f64() * number(size.rounds());
        let all = mail.send_to(stubbed.address, 64, window).await?;
        point.sends += number(all.count()) / share;
        point.bare += number(bare.inserts(plane, 8, window).await?.count()) / share;
        let one = mail.send_to(stubbed.address, 1, window / 2).await?;
        point.send.join(one);
        point.insert.join(bare.inserts(plane, 1, window / 2).await?);
    }
    point.most_mb = machine::rss_mb_max(stubbed.pid())?;
    Ok(point)
}

impl Point {
    /// Sends a second in parts of what bare inserts reached beside them.
    fn share(&self) -> f64 {
        self.sends / self.bare
    }

    fn as_json(&self) -> serde_json::Value {
        json!({
            "agents": self.agents, "sendsPerSecond": self.sends, "insertsPerSecond": self.bare,
            "sendMs50": self.send.percentile(50), "sendMs99": self.send.percentile(99),
            "insertMs50": self.insert.percentile(50), "insertMs99": self.insert.percentile(99),
            "wakeMs50": self.wake.0, "wakeMs99": self.wake.1,
            "pageMs50": self.page.0, "selectMs50": self.page.1,
            "idleMegabytes": self.idle_mb, "mostMegabytes": self.most_mb,
            "answersAfterSeconds": self.again.answers, "firstTurnAfterSeconds": self.again.first,
            "allTurnsAfterSeconds": self.again.every,
        })
    }

    fn show(&self, first: &Self, rows: &mut Vec<Row>) {
        let add = |(what, value, unit, reference, target): Shown| {
            rows.push(Row {
                what: format!("with {} agents: {what}", whole(self.agents)),
                value,
                unit,
                reference,
                target,
            });
        };
        let mut all = self.shown_mail(first);
        all.extend(self.shown_place(first));
        all.into_iter().for_each(add);
    }

    fn shown_mail(&self, first: &Self) -> Vec<Shown> {
        let (p50, p99) = (self.insert.percentile(50), self.insert.percentile(99));
        let (insert, late) = (("a bare insert, ms", p50), ("a bare insert, p99, ms", p99));
        let (p50, p99) = (self.send.percentile(50), self.send.percentile(99));
        let twice = Target::RatioAtMost(2.0);
        let sends = "durable sends, 64 connections";
        let bare = ("P, bare inserts/s at 8 clients", self.bare);
        let mut all: Vec<Shown> = vec![(sends, self.sends, "/s", bare, Target::RatioAtLeast(1.0))];
        if first.agents != self.agents {
            let fewest = ("the same with the fewest agents", first.share());
            let flat = Target::RatioAtLeast(0.8);
            all.push(("these sends in parts of P", self.share(), "", fewest, flat));
        }
        all.push(("send latency, 1 connection, p50", p50, "ms", insert, twice));
        all.push((
            "send latency, 1 connection, p99",
            p99,
            "ms",
            late,
            Target::Open,
        ));
        let (p50, p99) = self.wake;
        let most = Target::AtMost;
        all.push((
            "accepted to run started, warm, p50",
            p50,
            "ms",
            insert,
            most(5.0),
        ));
        all.push((
            "accepted to run started, warm, p99",
            p99,
            "ms",
            late,
            most(20.0),
        ));
        all
    }

    fn shown_place(&self, first: &Self) -> Vec<Shown> {
        let select = ("a bare SELECT of the rows, ms", self.page.1);
        let fewest = ("with the fewest agents, MB", first.idle_mb);
        let idle = ("while idle, MB", self.idle_mb);
        let start = ("its start to the first 200, s", self.again.answers);
        let most = Target::AtMost;
        let first = "after kill -9, 50 with mail: first turn";
        let every = "after kill -9, 50 with mail: all turns done";
        vec![
            (
                "first page of 100, p50",
                self.page.0,
                "ms",
                select,
                most(2.0),
            ),
            (
                "memory while they are idle",
                self.idle_mb,
                "MB",
                fewest,
                most(150.0),
            ),
            (
                "most memory under these sends",
                self.most_mb,
                "MB",
                idle,
                most(150.0),
            ),
            (first, self.again.first, "s", start, most(2.0)),
            (every, self.again.every, "s", start, most(20.0)),
        ]
    }
}

/// The real program with the same agents: its start, its memory, and what it costs that they wait.
async fn real(
    place: &Place,
    plane: &Plane,
    name: &str,
    (agents, size): (usize, Size),
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let mut served = plane.serve(place, name).await?;
    rows.push(Row {
        what: format!(
            "start of optio with {} agents to the first 200",
            whole(agents)
        ),
        value: served.took.as_secs_f64() * 1_000.0,
        unit: "ms",
        reference: (
            "with an empty database, ms",
            plane.took.as_secs_f64() * 1_000.0,
        ),
        target: Target::Open,
    });
    let cores = crowd::cores(&served, size).await?;
    rows.push(Row {
        what: format!("memory of optio with {} idle agents", whole(agents)),
        value: machine::rss_mb(served.pid())?,
        unit: "MB",
        reference: (
            "that of another with few, MB",
            machine::rss_mb(plane.pid())?,
        ),
        target: Target::AtMost(150.0),
    });
    served.stop().await?;
    let nobody = crowd::cores(plane, size).await?;
    rows.push(Row {
        what: format!(
            "cores used by optio and Postgres with {} idle agents",
            whole(agents)
        ),
        value: cores,
        unit: "",
        reference: ("by another with few", nobody),
        target: Target::AtMost(0.01),
    });
    Ok(())
}
