//! `make bench`: the real program, its own Postgres and a stub in place of the vendor's agent, beside
//! references measured in the same run. `docs/performance.md` says what each row means.
//!
//! `control_plane [--quick] [--only SECTION]... [JSON FILE]`

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
mod pods;
mod reference;
mod sends;
mod stubbed;
mod tasks;
mod triggers;
mod turns;

use figures::{Found, Row, Target};
use plane::{Place, Plane};
use reference::BareServer;

/// Whatever goes wrong is told to a person and ends the run.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long a section may take, on a machine with too much else to do.
const SECTION_MAX: Duration = Duration::from_mins(15);

/// How long and how often things are measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    quick: bool,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Sends,
    Turns,
    Kernel,
    Limit,
    Waiting,
    Killed,
    Ingest,
    Backlog,
    Curve,
    Tasks,
    Triggers,
    Crowd,
    Pods,
}

impl Section {
    /// In the order in which they are measured.
    const ALL: [Self; 13] = [
        Self::Sends,
        Self::Turns,
        Self::Kernel,
        Self::Limit,
        Self::Waiting,
        Self::Killed,
        Self::Ingest,
        Self::Backlog,
        Self::Curve,
        Self::Tasks,
        Self::Triggers,
        Self::Crowd,
        Self::Pods,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Sends => "sends",
            Self::Turns => "turns",
            Self::Kernel => "kernel",
            Self::Limit => "limit",
            Self::Waiting => "waiting",
            Self::Killed => "killed",
            Self::Ingest => "ingest",
            Self::Backlog => "backlog",
            Self::Curve => "curve",
            Self::Tasks => "tasks",
            Self::Triggers => "triggers",
            Self::Crowd => "crowd",
            Self::Pods => "pods",
        }
    }

    fn read(name: &str) -> Outcome<Self> {
        let found = Self::ALL.into_iter().find(|it| it.name() == name);
        let names = Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("--only: {names}").into())
    }
}

struct Arguments {
    size: Size,
    /// Nothing in it is everything.
    only: Vec<Section>,
    json: PathBuf,
}

fn read(arguments: &[String]) -> Outcome<Arguments> {
    let mut read = Arguments {
        size: Size { quick: false },
        only: Vec::new(),
        json: Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench.json"),
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => read.size.quick = true,
            "--only" => {
                let name = rest.next().map(String::as_str).unwrap_or_default();
                read.only.push(Section::read(name)?);
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
        self.pick(Duration::from_millis(1_000), Duration::from_secs(4))
    }

    pub(crate) fn warm_up(self) -> Duration {
        self.pick(Duration::from_millis(300), Duration::from_secs(2))
    }

    pub(crate) fn rounds(self) -> usize {
        self.pick(2, 3)
    }

    pub(crate) fn starts(self) -> usize {
        self.pick(1, 3)
    }

    pub(crate) fn warm_samples(self) -> i64 {
        self.pick(50, 200)
    }

    pub(crate) fn cold_samples(self) -> usize {
        self.pick(10, 40)
    }

    /// A full run sees a sweep.
    pub(crate) fn idle(self) -> Duration {
        self.pick(Duration::from_secs(3), Duration::from_secs(35))
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
    let arguments = read(arguments)?;
    let place = Place::new()?;
    let mut interrupted = unix::signal(unix::SignalKind::interrupt())?;
    let mut terminated = unix::signal(unix::SignalKind::terminate())?;
    tokio::select! {
        done = run(&place, &arguments) => done,
        _ = interrupted.recv() => Err("interrupted".into()),
        _ = terminated.recv() => Err("terminated".into()),
    }
}

/// Everything that was found so far.
struct Record {
    began: Instant,
    facts: Vec<(&'static str, String)>,
    sections: Vec<(&'static str, Found)>,
    failed: Vec<String>,
}

impl Record {
    /// A section that fails is told and leaves the others theirs.
    fn add(&mut self, section: &'static str, mut found: Found, done: Outcome<()>) {
        if let Err(error) = done {
            tell(&format!("bench: {section}: {error}"));
            self.failed.push(format!("{section}: {error}"));
            found.rows.clear();
            found.points.clear();
        }
        self.sections.push((section, found));
    }

    fn publish(mut self, arguments: &Arguments) -> Outcome<()> {
        let took = self.began.elapsed().as_secs_f64();
        self.facts.push(("duration", format!("{took:.0} s")));
        self.facts.push(("load after the run", machine::load()));
        if !self.failed.is_empty() {
            self.facts.push(("failed", self.failed.join("; ")));
        }
        let shape: Vec<String> = self
            .facts
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let table = figures::table(&self.sections);
        say(&format!("\n{}\n\n{table}", shape.join(" · ")))?;
        let json = figures::as_json(&self.sections, &self.facts, arguments.size.quick);
        std::fs::write(&arguments.json, serde_json::to_string_pretty(&json)? + "\n")?;
        let file = arguments.json.display();
        tell(&format!("bench: the same as JSON: {file}"));
        if self.failed.is_empty() {
            return Ok(());
        }
        Err(format!("not measured: {}", self.failed.join("; ")).into())
    }
}

async fn run(place: &Place, arguments: &Arguments) -> Outcome<()> {
    let size = arguments.size;
    let mut record = Record {
        began: Instant::now(),
        facts: machine::shape(),
        sections: Vec::new(),
        failed: Vec::new(),
    };
    tell("bench: first start");
    let (mut starts, mut plane) = (Found::default(), Plane::start(place).await?);
    let first = plane.took;
    reference::prepare(&plane).await?;
    record.facts.push(("Postgres", postgres(&plane).await?));
    plane.stop().await?;
    plane = started(place, size, "an empty database", &mut starts.rows).await?;
    starts.rows.push(Row {
        what: "the very first start, with making the database".to_owned(),
        value: first.as_secs_f64() * 1_000.0,
        unit: "ms",
        reference: ("a later start, ms", plane.took.as_secs_f64() * 1_000.0),
        target: Target::Open,
    });
    starts.rows.push(idle_memory(place, &plane).await?);
    record.sections.push(("starts", starts));
    let mail = sends::Mail::new(&plane).await?;
    for section in Section::ALL {
        if !arguments.only.is_empty() && !arguments.only.contains(&section) {
            continue;
        }
        let passed = record.began.elapsed().as_secs();
        tell(&format!("bench: after {passed} s: {}", section.name()));
        let mut found = Found::default();
        let measured = measure(section, place, &mut plane, &mail, size, &mut found);
        let done = match tokio::time::timeout(SECTION_MAX, measured).await {
            Ok(done) => done,
            Err(_elapsed) => Err(format!("not within {} s", SECTION_MAX.as_secs()).into()),
        };
        record.add(section.name(), found, done);
        if let Err(error) = stubbed::forget(&plane).await {
            tell(&format!(
                "bench: what {} left stays: {error}",
                section.name()
            ));
        }
    }
    plane.stop().await?;
    record.publish(arguments)
}

async fn measure(
    section: Section,
    place: &Place,
    plane: &mut Plane,
    mail: &sends::Mail,
    size: Size,
    found: &mut Found,
) -> Outcome<()> {
    let rows = &mut found.rows;
    match section {
        Section::Sends => sends::rows(place, plane, mail, size, rows).await,
        Section::Turns => turns::rows(place, plane, size, rows).await,
        Section::Kernel => stubbed::turns::rows(place, plane, mail, size, rows).await,
        Section::Limit => stubbed::limits::limit(place, plane, rows).await,
        Section::Waiting => stubbed::limits::waiting(place, plane, size, rows).await,
        Section::Killed => stubbed::killed::rows(place, plane, size, rows).await,
        Section::Ingest => stubbed::ingest::rows(place, plane, size, found).await,
        Section::Backlog => stubbed::backlog::rows(place, plane, mail, size, found).await,
        Section::Curve => stubbed::curve::rows(place, plane, mail, size, found).await,
        Section::Tasks => tasks::rows(place, plane, size, rows).await,
        Section::Triggers => triggers::rows(place, plane, size, rows).await,
        Section::Crowd => crowd(place, plane, mail, size, rows).await,
        Section::Pods => pods::rows(place, plane, size, rows).await,
    }
}

async fn postgres(plane: &Plane) -> Outcome<String> {
    let (version,): (String,) = sqlx::query_as("SHOW server_version")
        .fetch_one(&mut plane.database().await?)
        .await?;
    Ok(version)
}

async fn crowd(
    place: &Place,
    plane: &mut Plane,
    mail: &sends::Mail,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    // Its memory is to be that of a process which has done nothing before.
    plane.stop().await?;
    *plane = Plane::start(place).await?;
    let inserts_rate = mail.inserts_rate(plane, size.window() / 2).await?;
    let nobody = crowd::cores(plane, size).await?;
    let agents = crowd::gather(plane, inserts_rate, size, rows).await?;
    plane.stop().await?;
    *plane = started(
        place,
        size,
        &format!("{} agents with mail", figures::whole(agents)),
        rows,
    )
    .await?;
    crowd::idle(plane, agents, nobody, size, rows).await?;
    crowd::list(plane, agents, rows).await?;
    let (_, thousand) = mail
        .multi_row(plane, Some(1_000), size.window() / 2)
        .await?;
    rows.push(turns::broadcast(plane, thousand.percentile(50), 1_000).await?);
    Ok(())
}

/// Starts it, several times where there is time for that; the last one goes on.
async fn started(place: &Place, size: Size, with: &str, rows: &mut Vec<Row>) -> Outcome<Plane> {
    let mut took = Vec::new();
    let mut bare = Vec::new();
    let plane = loop {
        let mut plane = Plane::start(place).await?;
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
