//! Short programs that work on the workspace before and after an agent: git, and what a repository
//! brings along.
//!
//! They run where agents run, as agents do: a repository's settings and hooks are foreign code, and
//! the directories are the agents'.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use optio_domain::wire::runner::{Ended, Happening};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::command::{Order, What, installed};
use crate::held::{Held, Wish};
use crate::lines::{Heard, Line};
use crate::program::Program;
use crate::redact::Redactor;
use crate::runs::Runs;
use crate::watch::Step;

/// Bytes that are kept of a line.
const LINE_BYTES_MAX: usize = 4 << 10;
/// Lines of one tool that are told.
const LINES_TOLD_MAX: usize = 2_000;
/// Lines of standard output that are kept for whoever asked.
const LINES_KEPT_MAX: usize = 100;
/// Lines of complaint that are given as the reason of a failure.
const COMPLAINT_LINES_MAX: usize = 5;
/// How long a tool that is to end may clean up after itself: git leaves locks behind otherwise.
const GRACE_MAX: Duration = Duration::from_secs(2);
/// How long output is read on after the end.
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// A tool to be used.
pub(crate) struct Tool<'a> {
    /// As an absolute path.
    pub(crate) program: &'a str,
    pub(crate) args: Vec<String>,
    /// Where it starts, below the workspace.
    pub(crate) dir: &'a str,
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) voice: Voice,
}

/// What of a tool's output is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Nothing: it answers a question of ours.
    Silent,
    /// What it complains about.
    Complaints,
    /// Everything.
    Loud,
}

/// How a tool came out.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) success: bool,
    /// In words.
    pub(crate) how: String,
    /// The first lines of standard output.
    pub(crate) lines: Vec<String>,
    /// How many lines there were.
    pub(crate) count: u64,
    /// The last lines of standard error.
    complaint: Vec<String>,
}

/// Why work is not gone on with.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Somebody asked.
    Stopped,
    /// It took too long.
    Late,
    /// The journal was not written.
    Journal(String),
    /// It could not be done, in words.
    Failed(String),
    /// A program could not be started.
    Start(Ended),
}

/// What tools need.
pub(crate) struct Tools<'a> {
    pub(crate) runs: &'a Runs,
    /// The run they work for; it hears what they say, and they end when it is to end.
    pub(crate) held: Option<&'a Held>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) read_only: &'a [String],
    /// When they must be done.
    pub(crate) until: Instant,
}

impl Done {
    /// The first line of standard output.
    pub(crate) fn line(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// What went wrong, for people.
    pub(crate) fn complaint(&self) -> String {
        if self.complaint.is_empty() {
            return self.how.clone();
        }
        format!("{}: {}", self.how, self.complaint.join("; "))
    }
}

impl Tools<'_> {
    /// Says something about the work.
    pub(crate) fn say(&self, line: String, cut: u64) -> Result<(), Halt> {
        let line = self.redactor.text(&line);
        let said = self
            .held
            .map(|held| held.record(Happening::Preparing { line, cut }));
        said.unwrap_or(Ok(()))
            .map_err(|error| Halt::Journal(format!("the journal was not written: {error}")))
    }

    /// Uses a tool, and returns when nothing of it is alive any more.
    pub(crate) async fn run(&self, tool: &Tool<'_>) -> Result<Done, Halt> {
        let order = Order {
            marker: self.runs.claims().marker(),
            program: What::Program(tool.program),
            args: &tool.args,
            dir: tool.dir,
            env: tool.env,
            read_only: self.read_only,
        };
        let redactor = Arc::clone(&self.redactor);
        let program =
            Program::start(self.runs, &order, redactor, LINE_BYTES_MAX).map_err(Halt::Start)?;
        let work = Work {
            tools: self,
            voice: tool.voice,
            program,
            told: 0,
            done: Done {
                success: false,
                how: String::new(),
                lines: Vec::new(),
                count: 0,
                complaint: Vec::new(),
            },
        };
        work.finish().await
    }

    /// Uses a program of the system on the workspace, silently; whether it succeeded.
    pub(crate) async fn other(
        &self,
        env: &BTreeMap<String, String>,
        program: &str,
        args: &[&str],
    ) -> Result<bool, Halt> {
        let program = installed(program)
            .ok_or_else(|| Halt::Failed(format!("{program} is not installed here")))?;
        let tool = Tool {
            program: &program,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            dir: "",
            env,
            voice: Voice::Silent,
        };
        Ok(self.run(&tool).await?.success)
    }

    /// Deletes a directory below the workspace, where it is there.
    pub(crate) async fn delete(
        &self,
        env: &BTreeMap<String, String>,
        dir: &str,
    ) -> Result<(), Halt> {
        if !self.other(env, "test", &["-e", dir]).await? {
            return Ok(());
        }
        // Module caches are kept read-only on purpose.
        self.other(env, "chmod", &["-R", "u+rwX", "--", dir])
            .await?;
        if self.other(env, "rm", &["-rf", "--", dir]).await? {
            return Ok(());
        }
        Err(Halt::Failed(format!("{dir} cannot be removed")))
    }

    /// Waits for something, unless the work is to end.
    pub(crate) async fn patiently<T>(&self, what: impl Future<Output = T>) -> Result<T, Halt> {
        tokio::select! {
            done = what => Ok(done),
            halt = self.halted() => Err(halt),
        }
    }

    /// Returns when the work is to end.
    async fn halted(&self) -> Halt {
        let wishes = self.held.map(Held::wishes);
        tokio::select! {
            () = stopped(wishes) => Halt::Stopped,
            () = tokio::time::sleep_until(self.until) => Halt::Late,
        }
    }
}

async fn stopped(wishes: Option<watch::Receiver<Wish>>) {
    if let Some(mut wishes) = wishes
        && wishes.wait_for(|wish| Wish::Run < *wish).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// A tool at work.
struct Work<'a> {
    tools: &'a Tools<'a>,
    voice: Voice,
    program: Program,
    told: usize,
    done: Done,
}

impl Work<'_> {
    async fn finish(mut self) -> Result<Done, Halt> {
        self.program.hush();
        let tools = self.tools;
        let status = match tools.patiently(self.follow()).await {
            Ok(Ok(status)) => status,
            Ok(Err(halt)) | Err(halt) => {
                self.end().await;
                return Err(halt);
            }
        };
        let executed = self.program.bury(tools.runs);
        self.program.kill(tools.runs).await;
        self.drain().await?;
        self.done.success = status.is_some_and(|status| status.success());
        self.done.how = match status {
            Some(status) => status.to_string(),
            None => "it was lost".to_owned(),
        };
        if self.program.isolated && !executed && !self.done.success {
            return Err(Halt::Start(crate::command::failed(self.done.complaint())));
        }
        Ok(self.done)
    }

    /// Listens until the tool is gone.
    async fn follow(&mut self) -> Result<Option<ExitStatus>, Halt> {
        loop {
            tokio::select! {
                status = self.program.child.wait() => return Ok(status.ok()),
                heard = self.program.stdout.next(), if !self.program.stdout.done => {
                    self.hear_stdout(heard)?;
                }
                heard = self.program.stderr.next(), if !self.program.stderr.done => {
                    self.hear_stderr(heard)?;
                }
            }
        }
    }

    /// Reads what is left in the pipes.
    async fn drain(&mut self) -> Result<(), Halt> {
        let until = Instant::now() + DRAIN_MAX;
        while !(self.program.stdout.done && self.program.stderr.done) {
            tokio::select! {
                heard = self.program.stdout.next(), if !self.program.stdout.done => {
                    self.hear_stdout(heard)?;
                }
                heard = self.program.stderr.next(), if !self.program.stderr.done => {
                    self.hear_stderr(heard)?;
                }
                () = tokio::time::sleep_until(until) => break,
            }
        }
        Ok(())
    }

    /// Ends a tool that is not done.
    async fn end(&mut self) {
        let runs = self.tools.runs;
        self.program.signal(runs, Step::Terminate).await;
        let until = Instant::now() + GRACE_MAX;
        loop {
            tokio::select! {
                _ = self.program.child.wait() => break,
                _ = self.program.stdout.next(), if !self.program.stdout.done => {}
                _ = self.program.stderr.next(), if !self.program.stderr.done => {}
                () = tokio::time::sleep_until(until) => break,
            }
        }
        self.program.kill(runs).await;
        // The first process is dead by now, and must be waited for.
        drop(self.program.child.wait().await);
        self.program.bury(runs);
    }

    fn hear_stdout(&mut self, heard: Heard) -> Result<(), Halt> {
        let Heard::Line(line) = heard else {
            return Ok(());
        };
        self.done.count += 1;
        let (text, cut) = self.text(&line);
        if self.done.lines.len() < LINES_KEPT_MAX {
            self.done.lines.push(text.clone());
        }
        self.tell(Voice::Loud, text, cut)
    }

    fn hear_stderr(&mut self, heard: Heard) -> Result<(), Halt> {
        let Heard::Line(line) = heard else {
            return Ok(());
        };
        let (text, cut) = self.text(&line);
        if COMPLAINT_LINES_MAX <= self.done.complaint.len() {
            self.done.complaint.remove(0);
        }
        self.done.complaint.push(text.clone());
        self.tell(Voice::Complaints, text, cut)
    }

    fn text(&self, line: &Line) -> (String, u64) {
        line.text(LINE_BYTES_MAX, &self.program.redactor)
    }

    fn tell(&mut self, voice: Voice, text: String, cut: u64) -> Result<(), Halt> {
        let heard = match self.voice {
            Voice::Silent => false,
            Voice::Complaints => voice == Voice::Complaints,
            Voice::Loud => true,
        };
        if !heard {
            return Ok(());
        }
        self.told += 1;
        match self.told {
            LINES_TOLD_MAX => self.tools.say("further lines are not kept".to_owned(), 0),
            told if LINES_TOLD_MAX < told => Ok(()),
            _ => self.tools.say(text, cut),
        }
    }
}
