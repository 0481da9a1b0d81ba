//! `make bench`: the real program, its own Postgres and a stub in place of the vendor's agent, beside
//! references measured in the same run. `docs/performance.md` says what each row means.
//!
//! `control_plane [--quick] [--only sends|turns|crowd|kernel] [JSON FILE]`

use std::{
    error::Error,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use tokio::{signal::unix, time::Instant};

mod crowd;
mod figures;
mod http;
mod machine;
mod plane;
mod reference;
mod sends;
mod stubbed;
mod turns;

use figures::{Row, Target};
use plane::{Place, Plane};
use reference::BareServer;

/// Whatever goes wrong is told to a person and ends the run.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long and how often things are measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    quick: bool,
}

/// What is measured, where it is not everything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Sends,
    Turns,
    Crowd,
    Kernel,
}

struct Arguments {
    size: Size,
    only: Option<Part>,
    json: PathBuf,
}

fn read(arguments: &[String]) -> Outcome<Arguments> {
    let mut read = Arguments {
        size: Size { quick: false },
        only: None,
        json: Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench.json"),
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => read.size.quick = true,
            "--only" => {
                read.only = Some(match rest.next().map(String::as_str) {
                    Some("sends") => Part::Sends,
                    Some("turns") => Part::Turns,
                    Some("crowd") => Part::Crowd,
                    Some("kernel") => Part::Kernel,
                    _ => return Err("--only: sends, turns, crowd or kernel".into()),
                });
            }
            // Given by cargo.
            "--bench" => {}
            unknown if unknown.starts_with('-') => {
                return Err(format!("unknown argument {unknown}").into());
            }
            file => read.json = file.into(),
        }
    }
    Ok(read)
}

impl Size {
    pub(crate) fn pick<T>(self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    pub(crate) fn window(self) -> Duration {
        self.pick(Duration::from_millis(1_500), Duration::from_secs(6))
    }

    pub(crate) fn warm_up(self) -> Duration {
        self.pick(Duration::from_millis(500), Duration::from_secs(2))
    }

    pub(crate) fn rounds(self) -> usize {
        self.pick(2, 3)
    }

    pub(crate) fn starts(self) -> usize {
        self.pick(1, 5)
    }

    pub(crate) fn warm_samples(self) -> i64 {
        self.pick(100, 300)
    }

    pub(crate) fn cold_samples(self) -> usize {
        self.pick(20, 40)
    }

    /// A full run sees a sweep.
    pub(crate) fn idle(self) -> Duration {
        self.pick(Duration::from_secs(5), Duration::from_secs(35))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = if arguments.iter().any(|it| it == reference::BARE_ROUTE) {
        reference::serve()
    } else if arguments.iter().any(|it| it == stubbed::STUBBED) {
        stubbed::serve(&arguments)
    } else {
        bench(&arguments)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// One thread makes all the load, so that it takes as little from the rest as it can.
#[tokio::main(flavor = "current_thread")]
async fn bench(arguments: &[String]) -> Outcome<()> {
    let Arguments { size, only, json } = read(arguments)?;
    let place = Place::new()?;
    let mut interrupted = unix::signal(unix::SignalKind::interrupt())?;
    let mut terminated = unix::signal(unix::SignalKind::terminate())?;
    let began = Instant::now();
    let mut facts = machine::shape();
    let rows = tokio::select! {
        rows = run(&place, size, only, &mut facts) => rows?,
        _ = interrupted.recv() => return Err("interrupted".into()),
        _ = terminated.recv() => return Err("terminated".into()),
    };
    facts.push((
        "duration",
        format!("{:.0} s", began.elapsed().as_secs_f64()),
    ));
    let shape: Vec<String> = facts
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    say(&format!(
        "\n{}\n\n{}",
        shape.join(" · "),
        figures::table(&rows)
    ))?;
    let text = serde_json::to_string_pretty(&figures::as_json(&rows, &facts, size.quick))?;
    std::fs::write(&json, text + "\n")?;
    tell(&format!("bench: the same as JSON: {}", json.display()));
    Ok(())
}

async fn run(
    place: &Place,
    size: Size,
    only: Option<Part>,
    facts: &mut Vec<(&'static str, String)>,
) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    tell("bench: first start");
    let plane = Plane::start(place).await?;
    let first = plane.took;
    reference::prepare(&plane).await?;
    let (version,): (String,) = sqlx::query_as("SHOW server_version")
        .fetch_one(&mut plane.database().await?)
        .await?;
    facts.push(("Postgres", version));
    plane.stop().await?;
    let plane = started(place, size, "an empty database", &mut rows).await?;
    rows.push(Row {
        what: "the very first start, with making the database".to_owned(),
        value: first.as_secs_f64() * 1_000.0,
        unit: "ms",
        reference: ("a later start, ms", plane.took.as_secs_f64() * 1_000.0),
        target: Target::Open,
    });
    rows.push(idle_memory(place, &plane).await?);

    let mail = sends::Mail::new(&plane).await?;
    let wanted = |part| only.is_none_or(|only| only == part);
    if wanted(Part::Sends) {
        tell("bench: sends");
        sends::rows(place, &plane, &mail, size, &mut rows).await?;
    }
    if wanted(Part::Turns) {
        tell("bench: turns");
        turns::rows(place, &plane, size, &mut rows).await?;
    }
    if wanted(Part::Kernel) {
        stubbed::rows(place, &plane, size, &mut rows).await?;
    }
    plane.stop().await?;
    if wanted(Part::Crowd) {
        tell("bench: 10,000 agents");
        crowd(place, &mail, size, &mut rows).await?;
    }
    Ok(rows)
}

async fn crowd(place: &Place, mail: &sends::Mail, size: Size, rows: &mut Vec<Row>) -> Outcome<()> {
    let plane = Plane::start(place).await?;
    let inserts_rate = mail.inserts_rate(&plane, size.window()).await?;
    crowd::gather(&plane, inserts_rate, rows).await?;
    plane.stop().await?;
    let plane = started(place, size, "10,000 agents with mail", rows).await?;
    crowd::idle(&plane, size, rows).await?;
    crowd::list(&plane, rows).await?;
    let (_, thousand) = mail
        .multi_row(&plane, Some(1_000), size.window() / 2)
        .await?;
    rows.push(turns::broadcast(&plane, thousand.percentile(50), 1_000).await?);
    crowd::sends(&plane, size, rows).await?;
    plane.stop().await
}

/// Starts it, several times where there is time for that; the last one goes on.
async fn started(place: &Place, size: Size, with: &str, rows: &mut Vec<Row>) -> Outcome<Plane> {
    let mut took = Vec::new();
    let mut bare = Vec::new();
    let plane = loop {
        let plane = Plane::start(place).await?;
        took.push(plane.took.as_secs_f64() * 1_000.0);
        bare.push(reference::postgres_start_ms(place)?);
        if size.starts() <= took.len() {
            break plane;
        }
        plane.stop().await?;
    };
    for times in [&mut took, &mut bare] {
        times.sort_by(f64::total_cmp);
    }
    let median = |times: &[f64]| times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
    rows.push(Row {
        what: format!("start with {with} to the first 200"),
        value: median(&took),
        unit: "ms",
        reference: ("Postgres's own start, ms", median(&bare)),
        target: Target::Open,
    });
    Ok(plane)
}

async fn idle_memory(place: &Place, plane: &Plane) -> Outcome<Row> {
    let bare = BareServer::start(place)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(Row {
        what: "memory of optio after its start".to_owned(),
        value: machine::rss_mb(plane.pid())?,
        unit: "MB",
        reference: ("the bare server, MB", machine::rss_mb(bare.pid())?),
        target: Target::AtMost(30.0),
    })
}

/// A line on the output.
pub(crate) fn say(line: &str) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// A line for the person who waits.
pub(crate) fn tell(line: &str) {
    let _nobody_listens = writeln!(std::io::stderr(), "{line}");
}
