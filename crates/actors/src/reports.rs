//! What runners report: understood, stored once, or refused and kept.

use std::{collections::BTreeMap, sync::Arc};

use optio_domain::{
    actor::{ActorKey, ActorKind, Decision},
    agent::{
        AgentEvent,
        plan::{Step, work},
    },
    id::{AgentId, MessageId, RunId, SandboxId},
    ports::AgentCli,
    transcript::{Entry, EntryKind, Facts},
    wire::{
        checkout::{Removal, WorktreeState},
        outputs::FileLimits,
        runner::{EndCause, Ended, Happening, HeldRun, RunEvent, ToRunner},
    },
};
use optio_runtime::Hints;
use optio_store::{
    StoreError,
    run_files::FilesIntake,
    runs::{Intake, RefusedReport, RunRow, TakenIn},
    step::{NewEvent, Write},
    turns::InputAnswer,
};
use serde_json::json;

use crate::{World, known::OpenedTurn, run_files};

/// How often a batch is tried again when the run has moved meanwhile.
const TRIES_MAX: u32 = 5;

/// A runner's stream cannot be taken in as it came.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The stream has a hole: the runner has to connect again and go on from the last
    /// acknowledgement.
    #[error("run {run} skipped from event {expected} to {got}")]
    Hole {
        /// Which run.
        run: RunId,
        /// What should have come.
        expected: i64,
        /// What came.
        got: i64,
    },
    /// The store did not take it.
    #[error("the report was not stored")]
    Store(#[from] StoreError),
}

/// Takes in what runners report.
#[derive(Clone)]
pub struct Reports {
    world: World,
    hints: Hints,
}

impl Reports {
    /// For runners of this world.
    #[must_use]
    pub fn new(world: World, hints: Hints) -> Self {
        Self { world, hints }
    }

    /// A runner has connected: tells its agent, and says which of its runs nobody will ask for.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn hello(
        &self,
        sandbox: SandboxId,
        held: &[HeldRun],
    ) -> Result<Vec<ToRunner>, StoreError> {
        let mut answers = Vec::new();
        for run in held {
            match self.world.store.run(run.run).await? {
                Some(row) if row.ended && !row.open => {
                    answers.push(ToRunner::Forget { run: run.run });
                }
                Some(row) => answers.push(ToRunner::Ack {
                    run: run.run,
                    seq: row.acked_seq,
                }),
                None if run.alive => answers.push(ToRunner::Stop { run: run.run }),
                None => answers.push(ToRunner::Forget { run: run.run }),
            }
        }
        self.changed(sandbox);
        Ok(answers)
    }

    /// Something about a sandbox's runner has changed: whoever it concerns should look.
    pub fn changed(&self, sandbox: SandboxId) {
        self.hints.look(AgentId(sandbox.0).into());
        for tenant in self.world.runs.tenants(sandbox) {
            self.hints.look(tenant);
        }
    }

    /// A runner says what became of a worktree it was asked to remove. What is not heard is asked again.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn removal(
        &self,
        sandbox: SandboxId,
        name: &str,
        outcome: &Removal,
    ) -> Result<(), StoreError> {
        let Ok(worktree) = name.parse() else {
            return Ok(());
        };
        let now = self.world.clock.now();
        let store = &self.world.store;
        let pool = store
            .worktree_answered(sandbox, worktree, outcome, now)
            .await?;
        if let Some(pool) = pool {
            tracing::debug!(pool.id = %pool, worktree = name, ?outcome, "a worktree was looked after");
            self.hints.look(pool.into());
        }
        Ok(())
    }

    /// Takes in a batch of events, in order, and says what the runner is to be told.
    ///
    /// # Errors
    /// [`ReportError`] when the stream has a hole or the database is away: then nothing more of the
    /// batch was stored, and the runner sends it again.
    pub async fn take_in(
        &self,
        sandbox: SandboxId,
        events: &[RunEvent],
    ) -> Result<Vec<ToRunner>, ReportError> {
        let mut answers = Vec::new();
        for batch in events.chunk_by(|a, b| (a.run, a.epoch) == (b.run, b.epoch)) {
            answers.extend(self.take_in_run(sandbox, batch).await?);
        }
        Ok(answers)
    }

    async fn take_in_run(
        &self,
        sandbox: SandboxId,
        batch: &[RunEvent],
    ) -> Result<Vec<ToRunner>, ReportError> {
        let Some(last) = batch.last() else {
            return Ok(Vec::new());
        };
        let (run, up_to) = (last.run, last.seq);
        for _try in 0..TRIES_MAX {
            let (row, opened) = match self.world.runs.take(run) {
                Some(known) => (Some(known.row), known.opened),
                None => (self.world.store.run(run).await?, None),
            };
            let Some(row) = row.filter(|row| row.sandbox == sandbox && row.epoch == last.epoch)
            else {
                let reason = "this sandbox has no such run of that epoch";
                // Shown at whoever has the sandbox that said it, whatever it said.
                let speaker = self.world.store.sandbox_owner(sandbox).await?;
                self.refuse(speaker, batch, reason).await?;
                let over = batch
                    .iter()
                    .any(|event| matches!(event.what, Happening::Ended(_)));
                let forget = over.then_some(ToRunner::Forget { run });
                return Ok([ToRunner::Ack { run, seq: up_to }]
                    .into_iter()
                    .chain(forget)
                    .collect());
            };
            let fresh = fresh(&row, batch)?;
            if fresh.is_empty() {
                let seq = row.acked_seq;
                self.world.runs.put(row, opened);
                return Ok(vec![ToRunner::Ack { run, seq }]);
            }
            let cli = self.world.clis.get(row.runtime.as_str()).map(Arc::clone);
            let limits = FileLimits::from(&self.world.limits);
            let intake = understand(&row, fresh, cli.as_deref(), limits);
            if let Some(opened) = opened
                && self.start(&opened, &intake).await?
            {
                self.keep(row, intake);
                return Ok(vec![ToRunner::Ack { run, seq: up_to }]);
            }
            match self.world.store.take_in(&intake).await? {
                TakenIn::Moved => {}
                TakenIn::Stored => {
                    if intake.started_at.is_some() || intake.ended.is_some() {
                        self.hints.look(row.actor);
                    }
                    self.keep(row, intake);
                    return Ok(vec![ToRunner::Ack { run, seq: up_to }]);
                }
                TakenIn::Stale => {
                    self.refuse(Some(row.actor), fresh, "the turn is over")
                        .await?;
                    let mut answers = vec![ToRunner::Ack { run, seq: up_to }];
                    if intake.ended.is_some() {
                        answers.push(ToRunner::Forget { run });
                        self.hints.look(row.actor);
                    }
                    return Ok(answers);
                }
            }
        }
        Err(StoreError::Moved.into())
    }

    /// Where nothing has happened since a turn was opened, its start is the step that follows, and needs no
    /// look. Whatever else it may be is found out by looking.
    async fn start(&self, opened: &OpenedTurn, intake: &Intake) -> Result<bool, StoreError> {
        let Some(at) = intake.started_at else {
            return Ok(false);
        };
        let Ok(to) = opened.state.on(AgentEvent::Started) else {
            return Ok(false);
        };
        if intake.ended.is_some() || !intake.is_plain() {
            return Ok(false);
        }
        let wait = work(opened.duration_ms, at);
        let decision = Decision {
            at: self.world.clock.now(),
            step: Step::MarkRunning.name().to_owned(),
            seen: format!("{}, turn {} started", opened.state.name(), opened.number),
        };
        let write = Write {
            key: intake.actor,
            read: opened.version,
            wait: &wait,
            decision: &decision,
            new_epoch: false,
        };
        let store = &self.world.store;
        match store.start_turn(&write, (opened.state, to), intake).await {
            Ok(Some(waking)) => {
                // An interrupt may have come before there was anything to interrupt.
                if 0 < waking {
                    self.hints.look(intake.actor);
                }
                Ok(true)
            }
            Ok(None) | Err(StoreError::Moved | StoreError::NotOwner) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Remembers a run as it was just stored, and says that something happened.
    fn keep(&self, row: RunRow, intake: Intake) {
        self.world.stream.hint();
        if intake.ended.is_none() {
            let row = RunRow {
                acked_seq: intake.up_to_seq,
                facts: intake.facts,
                ..row
            };
            self.world.runs.put(row, None);
        }
    }

    /// Keeps what a stale incarnation said. What it used is not worth keeping, and its files are too
    /// large for it.
    async fn refuse(
        &self,
        actor: Option<ActorKey>,
        events: &[RunEvent],
        reason: &str,
    ) -> Result<(), StoreError> {
        for event in events {
            if matches!(
                event.what,
                Happening::Sample { .. } | Happening::FilePiece { .. }
            ) {
                continue;
            }
            let refused = RefusedReport {
                run: event.run,
                actor,
                epoch: event.epoch,
                reason: reason.to_owned(),
                report: serde_json::to_value(event).unwrap_or_default(),
                at: self.world.clock.now(),
            };
            self.world.store.refuse(&refused).await?;
        }
        Ok(())
    }
}

/// The part of a batch that is not stored yet.
fn fresh<'a>(row: &RunRow, batch: &'a [RunEvent]) -> Result<&'a [RunEvent], ReportError> {
    let known = batch
        .iter()
        .take_while(|event| event.seq <= row.acked_seq)
        .count();
    let fresh = batch.get(known..).unwrap_or_default();
    for (expected, event) in (row.acked_seq + 1..).zip(fresh) {
        if event.seq != expected {
            return Err(ReportError::Hole {
                run: row.run,
                expected,
                got: event.seq,
            });
        }
    }
    Ok(fresh)
}

/// What a batch amounts to: pure.
fn understand(
    row: &RunRow,
    batch: &[RunEvent],
    cli: Option<&dyn AgentCli>,
    limits: FileLimits,
) -> Intake {
    let mut intake = nothing_of(row, batch);
    let mut files = FilesIntake {
        limits,
        news: Vec::new(),
    };
    for event in batch {
        match &event.what {
            Happening::Started { process, .. } => {
                intake.started_at = Some(event.at);
                intake.process = Some(process.unwrap_or(row.run));
            }
            Happening::Stdout { line, cut } => {
                let entries = read_stdout(&mut intake.facts, line, *cut, cli);
                intake
                    .events
                    .extend(entries.iter().map(|entry| log(row, event, "stdout", entry)));
            }
            Happening::Stderr { line, cut } => {
                intake.facts.hear_stderr(line);
                let entry = plain(EntryKind::Info, with_cut(line, *cut));
                intake.events.push(log(row, event, "stderr", &entry));
            }
            Happening::Preparing { line, cut } => {
                let entry = plain(EntryKind::System, with_cut(line, *cut));
                intake.events.push(log(row, event, "stderr", &entry));
            }
            Happening::Prepared { how, .. } => {
                let entry = plain(EntryKind::System, format!("The worktree is ready: {how}"));
                intake.events.push(log(row, event, "stderr", &entry));
            }
            Happening::Worktree(state) => {
                intake.worktree = Some(state.clone());
                let entry = plain(EntryKind::System, left_behind(state));
                intake.events.push(log(row, event, "stderr", &entry));
            }
            Happening::Sample {
                cpu_ms, rss_bytes, ..
            } => {
                let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
                intake.sample = Some((whole(*cpu_ms), whole(*rss_bytes)));
            }
            Happening::InputTaken { input } => intake.inputs.push(answer(event, *input, None)),
            Happening::InputRefused { input, reason } => {
                intake
                    .inputs
                    .push(answer(event, *input, Some(reason.clone())));
            }
            Happening::FilePiece { .. } | Happening::File { .. } | Happening::FileLeft { .. } => {
                let entry = run_files::hear(&mut files, event);
                let entry = entry.map(|entry| log(row, event, "stderr", &entry));
                intake.events.extend(entry);
            }
            Happening::Ended(ended) => end(&mut intake, row, event, ended),
        }
    }
    intake.files = (!files.news.is_empty()).then_some(files);
    intake
}

/// A batch that amounts to nothing but its place in the stream.
fn nothing_of(row: &RunRow, batch: &[RunEvent]) -> Intake {
    Intake {
        run: row.run,
        actor: row.actor,
        epoch: row.epoch,
        after_seq: row.acked_seq,
        up_to_seq: batch.last().map_or(row.acked_seq, |event| event.seq),
        facts: row.facts.clone(),
        started_at: None,
        process: None,
        inputs: Vec::new(),
        ended: None,
        sample: None,
        worktree: None,
        files: None,
        events: Vec::new(),
    }
}

/// Who was ended by somebody else says so in its transcript.
fn end(intake: &mut Intake, row: &RunRow, event: &RunEvent, ended: &Ended) {
    intake.ended = Some((ended.clone(), event.at));
    if !matches!(ended.cause, EndCause::Exited | EndCause::Finished) {
        let words = ended
            .detail
            .clone()
            .unwrap_or_else(|| format!("{:?}", ended.cause));
        let entry = plain(EntryKind::System, format!("The run was ended: {words}"));
        intake.events.push(log(row, event, "stderr", &entry));
    }
}

fn answer(event: &RunEvent, message: MessageId, refused: Option<String>) -> InputAnswer {
    InputAnswer {
        message,
        at: event.at,
        refused,
    }
}

fn read_stdout(facts: &mut Facts, line: &str, cut: u64, cli: Option<&dyn AgentCli>) -> Vec<Entry> {
    if line.trim().is_empty() {
        return Vec::new();
    }
    facts.lines += 1;
    let Some(cli) = cli else {
        return vec![plain(EntryKind::Text, with_cut(line, cut))];
    };
    let reading = cli.read(line);
    facts.garbage_lines += u64::from(reading.garbage);
    for fact in reading.facts {
        facts.learn(fact);
    }
    let mut entries = reading.entries;
    if let (Some(last), true) = (entries.last_mut(), 0 < cut) {
        last.content = with_cut(&last.content, cut);
    }
    entries
}

fn plain(kind: EntryKind, content: String) -> Entry {
    Entry {
        kind,
        content,
        metadata: None,
    }
}

fn left_behind(state: &WorktreeState) -> String {
    let WorktreeState {
        head_sha,
        unpushed,
        dirty_files,
        ..
    } = state;
    format!(
        "The worktree is at {head_sha}: {unpushed} commits are not pushed, {dirty_files} files are \
         not committed"
    )
}

fn with_cut(text: &str, cut: u64) -> String {
    if cut == 0 {
        text.to_owned()
    } else {
        format!("{text} … ({cut} bytes more were cut off)")
    }
}

fn log(row: &RunRow, event: &RunEvent, stream: &str, entry: &Entry) -> NewEvent {
    let (owner, run, type_name) = match row.actor.kind {
        ActorKind::Task => ("taskId", "runId", "task:log"),
        ActorKind::PrReview => ("prReviewId", "prReviewRunId", "pr_review_run:log"),
        ActorKind::Agent
        | ActorKind::Job
        | ActorKind::Pool
        | ActorKind::PullRequest
        | ActorKind::Tracker => ("agentId", "turnId", "persistent_agent:log"),
    };
    NewEvent {
        actor_id: row.actor.id,
        turn_id: Some(row.run.0),
        type_name,
        data: json!({
            owner: row.actor.id, run: row.run, "seq": event.seq, "stream": stream,
            "content": entry.content, "logType": entry.kind.name(), "metadata": entry.metadata,
        }),
        at: event.at,
    }
}

/// The programs a world can run, by name.
#[must_use]
pub fn by_runtime(clis: Vec<Arc<dyn AgentCli>>) -> BTreeMap<&'static str, Arc<dyn AgentCli>> {
    clis.into_iter().map(|cli| (cli.runtime(), cli)).collect()
}
