//! The protocol between a runner and the control plane: JSON text frames over one WebSocket, opened
//! by the runner at [`PATH`] with its sandbox token as bearer.
//!
//! The runner numbers the events of a run from 1 and keeps them in its journal until acknowledged;
//! after a reconnect it sends again everything after the last acknowledgement it knows. The control
//! plane stores each sequence number once, so that a repeat is harmless.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{MessageId, RunId, SandboxId};
use crate::wire::checkout::{Checkout, Removal, WorktreeState};
use crate::wire::outputs::{Outputs, Piece, RunDirectory};

/// Where runners dial in, below the API's base URL.
pub const PATH: &str = "/api/internal/runner";
/// Where the runner of a pod shows its proof of identity, as bearer of an empty POST, and gets its token.
pub const TOKEN_PATH: &str = "/api/internal/runner/token";
/// The version of this protocol; a runner of another one is told so and refused.
pub const VERSION: u32 = 1;
/// In the runner's `state_dir`: base URLs of control planes, one per line, the one that runs the
/// sandbox's agent first. Whoever hosts the sandbox may write it; the runner reads it at each dial
/// and, while connected, again and again.
pub const ADDRESSES_FILE: &str = "addresses";
/// Bytes of one frame in either direction.
pub const FRAME_BYTES_MAX: usize = 16 << 20;

/// What a runner reads from its standard input at start: one JSON object, then end of file.
///
/// It comes over standard input because arguments and environments can be read by others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Base URL of the control plane, for example `http://127.0.0.1:30400`.
    pub api_url: String,
    /// The sandbox this runner speaks for.
    pub sandbox: SandboxId,
    /// Bearer for the connection.
    pub token: String,
    /// A directory of the runner's own for journals; no agent can see it.
    pub state_dir: String,
    /// How runs are kept apart from the machine and from each other.
    pub isolation: Isolation,
    /// Whether [`ADDRESSES_FILE`] in `state_dir` is read: only where no agent can write it, who would otherwise
    /// be shown the token.
    #[serde(default)]
    pub reads_addresses: bool,
    /// The runner ends itself when it has had neither work nor a connection for this long.
    pub orphan_ms_max: u64,
}

/// What a runner gets that has proved who it is.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// Its bearer from then on.
    pub token: String,
}

/// How runs are kept apart from the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Isolation {
    /// Bubblewrap: own PID namespace, `/workspace`, HOME and /tmp; the system read-only.
    Bubblewrap {
        /// The `bwrap` program.
        program: String,
        /// The directory seen as `/workspace`.
        workspace: String,
        /// The directory seen as `/home/agent`.
        home: String,
        /// User and group to run as, where the runner is root.
        run_as: Option<RunAs>,
    },
    /// None: the agent sees the machine as the runner's user does. `OPTIO_WORKSPACE` names its
    /// working directory.
    None {
        /// The working directory.
        workspace: String,
        /// HOME.
        home: String,
        /// User and group to run as, where the runner is root.
        run_as: Option<RunAs>,
    },
}

/// An unprivileged identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAs {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// One execution, complete: the runner needs nobody else to carry it out and to end it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Its identity. A second `start` of a known run is ignored.
    pub run: RunId,
    /// The incarnation it belongs to; every event carries it back.
    pub epoch: i64,
    /// The program, as a path on the machine that hosts the sandbox.
    pub program: String,
    /// Its arguments. Never a secret: they can be read by others.
    pub args: Vec<String>,
    /// Environment of the agent process.
    pub env: BTreeMap<String, String>,
    /// Further environment whose values are replaced by `***` in everything that is forwarded.
    pub secrets: BTreeMap<String, String>,
    /// Written to the standard input of a process that is started for this run. Without a dialogue
    /// the input is then closed.
    pub stdin: String,
    /// Files to write before the start.
    pub files: Vec<FileSpec>,
    /// Host directories the agent may read besides the system, seen under the same path.
    pub read_only: Vec<String>,
    /// What the runner enforces by itself.
    pub limits: RunLimits,
    /// How the process is spoken to beyond its first words; `None`: one process, one run.
    #[serde(default)]
    pub dialogue: Option<Dialogue>,
    /// The worktree it works in, prepared before the start; `None`: it works in its directory, or
    /// in `/workspace`.
    #[serde(default)]
    pub checkout: Option<Checkout>,
    /// A directory of its own, made before the start. It works there, unless it has a worktree.
    #[serde(default)]
    pub directory: Option<RunDirectory>,
    /// Which of its files are kept; `None`: none.
    #[serde(default)]
    pub outputs: Option<Outputs>,
    /// What is carried out in its directory before its program, each time.
    #[serde(default)]
    pub setup: Option<Setup>,
}

/// What prepares the directory of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// A shell script; not for secrets.
    pub script: String,
    /// Milliseconds it may take.
    pub ms_max: u64,
}

/// How a process is spoken to that serves several runs, one after the other.
///
/// The runner knows no vendor: what a line means and what is to be written comes with the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialogue {
    /// The waiting process that is to serve this run, named by the run that started it. Any other
    /// waiting process is ended; where this one is not there, a new one is started.
    pub process: Option<RunId>,
    /// Written to that process in the place of the run's `stdin`.
    pub next: String,
    /// The line of standard output by which the process says that it begins with what it was told.
    pub begins: Mark,
    /// The line by which it says that it is done. Every input of the run causes one more of them;
    /// the run is over with the last.
    pub ends: Mark,
    /// Milliseconds the process may wait for its next run; then it is ended.
    pub idle_ms_max: u64,
    /// Bytes of resident memory that a waiting process may hold; with more it is ended.
    pub idle_rss_bytes_max: u64,
}

/// Tells one line of standard output from the others: a JSON object with these texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(pub BTreeMap<String, String>);

impl std::fmt::Debug for RunSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither secrets nor prompts belong in a log.
        f.debug_struct("RunSpec")
            .field("run", &self.run)
            .field("epoch", &self.epoch)
            .field("program", &self.program)
            .field("args", &self.args)
            .field("limits", &self.limits)
            .field("process", &self.dialogue.as_ref().map(|it| it.process))
            .field("worktree", &self.checkout.as_ref().map(|it| &it.worktree))
            .field("directory", &self.directory.as_ref().map(|it| &it.name))
            .finish_non_exhaustive()
    }
}

/// A file to write before the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSpec {
    /// Where: below `/workspace` or below the agent's home (`~/…`).
    pub path: String,
    /// What.
    pub content: String,
    /// Permission bits, for example `0o600`.
    pub mode: u32,
}

/// Limits of one run, enforced by the runner, also while nobody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Milliseconds from start to the last breath.
    pub duration_ms: u64,
    /// Milliseconds without a line of output.
    pub silence_ms: u64,
    /// Bytes of one line; longer ones are cut and marked.
    pub line_bytes: usize,
    /// Bytes of output in all.
    pub output_bytes: u64,
    /// Milliseconds between each of interrupt, terminate and kill.
    pub grace_ms: u64,
}

/// What a runner says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromRunner {
    /// The first frame of a connection.
    Hello {
        /// Protocol version.
        protocol: u32,
        /// The runner's own version.
        runner: String,
        /// The sandbox it speaks for.
        sandbox: SandboxId,
        /// The runs it knows of, alive or ended but not yet forgotten.
        runs: Vec<HeldRun>,
    },
    /// Something happened in a run.
    Event(RunEvent),
    /// The answer to a wish to remove a worktree. It is said once: who does not hear it asks again.
    Removal {
        /// The worktree.
        name: String,
        /// What became of it.
        outcome: Removal,
    },
}

/// A run as the runner holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRun {
    /// Which.
    pub run: RunId,
    /// Its epoch.
    pub epoch: i64,
    /// The last sequence number written to the journal.
    pub last_seq: i64,
    /// Whether its process still runs.
    pub alive: bool,
}

/// One event of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Which run.
    pub run: RunId,
    /// Its epoch.
    pub epoch: i64,
    /// Position in the run's stream, from 1, without holes.
    pub seq: i64,
    /// When it happened, by the runner's clock.
    pub at: DateTime<Utc>,
    /// What happened.
    pub what: Happening,
}

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Happening {
    /// A line about the preparation of the worktree: of git, or of the repository's setup script.
    Preparing {
        /// The text.
        line: String,
        /// Bytes that were cut off because the line was too long.
        cut: u64,
    },
    /// The worktree is as it was wanted; the agent process is started next.
    Prepared {
        /// The commit it is at.
        head_sha: String,
        /// The branch it is on, where it is on one.
        branch: Option<String>,
        /// Where it came from, in words.
        how: String,
    },
    /// The agent process runs. Said again where a waiting process turned out to be dead and another
    /// was started in its place.
    Started {
        /// Its process id on the host.
        pid: u32,
        /// The run that started it; `None` is this one.
        #[serde(default)]
        process: Option<RunId>,
    },
    /// A line of standard output, without its end of line; invalid UTF-8 is replaced.
    Stdout {
        /// The text.
        line: String,
        /// Bytes that were cut off because the line was too long.
        cut: u64,
    },
    /// A line of standard error.
    Stderr {
        /// The text.
        line: String,
        /// Bytes that were cut off.
        cut: u64,
    },
    /// What the run uses.
    Sample {
        /// Processor time so far, in milliseconds.
        cpu_ms: u64,
        /// Resident memory of all its processes, in bytes.
        rss_bytes: u64,
        /// How many processes it has.
        processes: u32,
    },
    /// An input was written to the process.
    InputTaken {
        /// Which.
        input: MessageId,
    },
    /// An input cannot be given to this run, now or later.
    InputRefused {
        /// Which.
        input: MessageId,
        /// Why, in words.
        reason: String,
    },
    /// What the run leaves in its worktree; said before the end.
    Worktree(WorktreeState),
    /// A part of a file that is kept. The parts of a file come in order, without those of another
    /// in between.
    FilePiece {
        /// Which file: its path below the outputs.
        path: String,
        /// How many bytes of it came before.
        offset: u64,
        /// The bytes.
        data: Piece,
    },
    /// The parts that came are a whole file. Without this word they are none.
    File {
        /// Which.
        path: String,
        /// How many bytes it has.
        bytes: u64,
        /// Its SHA-256, in hexadecimal digits.
        sha256: String,
        /// Its permission bits.
        mode: u32,
    },
    /// A file is not kept, whatever came of it before.
    FileLeft {
        /// Which, as far as its path can be said; `.` where all are meant.
        path: String,
        /// Why, in words.
        reason: String,
    },
    /// The last event: nothing of the run is alive any more, but for a process that waits for the
    /// next one.
    Ended(Ended),
}

/// How a run ended, as the runner saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Who ended it.
    pub cause: EndCause,
    /// The exit code, where the process exited.
    pub code: Option<i32>,
    /// The signal, where it was killed by one.
    pub signal: Option<i32>,
    /// More, in words.
    pub detail: Option<String>,
}

/// Who ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndCause {
    /// The process ended by itself, or somebody else killed it.
    Exited,
    /// The process said that it is done, and waits for the next run.
    Finished,
    /// The control plane asked.
    Stopped,
    /// The time limit.
    Duration,
    /// The silence limit.
    Silence,
    /// The output limit.
    Output,
    /// The program is not there or cannot be executed.
    Missing,
    /// It could not be started for another reason.
    SpawnFailed,
    /// The worktree could not be prepared: there is no such repository or branch, credentials were
    /// refused, the setup script failed, or it took too long.
    Unprepared,
    /// The journal could not be written (disk full, for instance), so the run was ended rather
    /// than continued unrecorded.
    JournalFailed,
    /// The runner itself died under the run and was started again.
    RunnerDied,
}

/// What the control plane says. Not to be logged: it carries prompts and secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToRunner {
    /// Carry this out.
    Start(Box<RunSpec>),
    /// End this run: interrupt, terminate, kill. Answered by its `ended` event.
    Stop {
        /// Which.
        run: RunId,
    },
    /// Give a running process further input: interrupt it where the vendor can, then say this.
    /// Answered by `input-taken` or `input-refused`, or by the end of the run. A second one with
    /// the same `input` is ignored.
    Input {
        /// Which run.
        run: RunId,
        /// What it is known by.
        input: MessageId,
        /// What is written, in the vendor's form.
        text: String,
    },
    /// Everything up to and including `seq` is durable.
    Ack {
        /// Which run.
        run: RunId,
        /// Up to where.
        seq: i64,
    },
    /// The run is over and nobody will ask for it again: delete its journal.
    Forget {
        /// Which.
        run: RunId,
    },
    /// The worktree of this name, and the run directory of this name, are not needed any more:
    /// remove them. Answered by a `removal`, which speaks of both.
    RemoveWorktree {
        /// Their name.
        name: String,
        /// Whether it goes even where it has commits that are on no branch of the remote, or dirty
        /// files; with it the run directory stays. What a living run works in stays in any case.
        discard_unpushed: bool,
    },
    /// End yourself, and all runs with you.
    Shutdown,
    /// Another control plane runs your agent: dial there.
    Redirect {
        /// Its base URL.
        url: String,
    },
    /// Where else to dial when this control plane is gone; replaces what was said before.
    Peers {
        /// Base URLs.
        urls: Vec<String>,
    },
    /// The runner cannot be used; it ends itself.
    Refused {
        /// Why, in words.
        reason: String,
    },
}
