//! Limits with their units. Each is a default; the settings of the binary override what is a field
//! of [`Limits`].

use serde::{Deserialize, Serialize};

/// Bytes of one line of an agent's output; what is longer is cut and marked.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Deliveries of one message before it becomes a dead letter.
pub const ATTEMPTS_MAX: i32 = 5;
/// Messages drained into one turn.
pub const TURN_MESSAGES_MAX: i64 = 100;
/// Bytes of message text drained into one turn (the first message is always taken).
pub const TURN_BYTES_MAX: usize = 256 << 10;
/// Milliseconds between asking a run to stop and the sandbox being killed over its head.
pub const STOP_MS_MAX: i64 = 3_500;
/// Decisions kept in an actor's row.
pub const DECISIONS_KEPT: usize = 10;

/// Limits that may be 0, which turns off what they limit.
pub const OFF_AT_ZERO: [&str; 1] = ["warm_idle_ms_max"];

/// Limits an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Messages that may wait in one inbox.
    pub inbox_messages_max: i32,
    /// Bytes of one message body.
    pub message_bytes_max: usize,
    /// Bytes of one structured payload.
    pub payload_bytes_max: usize,
    /// Bytes of one HTTP request body.
    pub body_bytes_max: usize,
    /// Persistent-agent turns that run at once.
    pub turns_running_max: i64,
    /// Runs of tasks at once.
    pub tasks_running_max: i64,
    /// Runs of jobs at once.
    pub jobs_running_max: i64,
    /// Runs that one trigger may start in `trigger_window_ms`; with one more it is disabled.
    pub trigger_runs_max: i64,
    /// Milliseconds in which the runs of a trigger are counted.
    pub trigger_window_ms: i64,
    /// Bytes of a webhook's body.
    pub hook_bytes_max: usize,
    /// Calls of one webhook in a minute, where its trigger does not say it.
    pub hook_calls_per_minute_max: u32,
    /// Runs of reviews of other pull requests at once.
    pub reviews_running_max: i64,
    /// Milliseconds between two looks at the open pull requests of a repository, and at one that only a
    /// review waits for.
    pub pull_poll_ms: i64,
    /// Milliseconds between two looks at the pull request of a task, where nobody tells us of changes.
    pub task_poll_ms: i64,
    /// Milliseconds between two looks at a tracker of tickets, where nobody tells us of changes.
    pub tracker_poll_ms: i64,
    /// Milliseconds a run of a task may take.
    pub task_run_ms_max: i64,
    /// Milliseconds for everything with git before a task's agent starts.
    pub task_git_ms_max: u64,
    /// Milliseconds for the repository's own setup script.
    pub task_setup_ms_max: u64,
    /// Receivers of one publication, a broadcast among them.
    pub fan_out_max: i64,
    /// Agents a message may have come through, one causing the next.
    pub hops_max: i32,
    /// Turns of one agent in `wake_window_ms`; with one more it is paused.
    pub wake_turns_max: i32,
    /// Milliseconds in which the turns of an agent are counted.
    pub wake_window_ms: i64,
    /// Messages of one agent to another in `volley_window_ms`, each the answer to one of the
    /// other's; with so many the receiver is paused.
    pub volley_messages_max: i32,
    /// Milliseconds in which such messages are counted.
    pub volley_window_ms: i64,
    /// Milliseconds a question waits for its reply where nobody says how long.
    pub ask_ms_default: i64,
    /// Milliseconds a question may wait.
    pub ask_ms_max: i64,
    /// Questions of one agent that may wait at once.
    pub asks_open_max: i64,
    /// Days consumed and discarded mail is kept, and questions that are over.
    pub keep_mail_days: i64,
    /// Days finished turns are kept.
    pub keep_turns_days: i64,
    /// Days events, transcripts and refused reports are kept.
    pub keep_logs_days: i64,
    /// Days answers to requests with an idempotency key are kept.
    pub keep_answers_days: i64,
    /// Days the files of runs are kept.
    pub keep_files_days: i64,
    /// Files of one run that are kept.
    pub run_files_max: u64,
    /// Bytes of one such file; more than 256 MiB are not possible.
    pub run_file_bytes_max: u64,
    /// Bytes of all such files of one run together.
    pub run_files_bytes_max: u64,
    /// Days deliveries to webhooks are kept once nothing more becomes of them.
    pub keep_deliveries_days: i64,
    /// Attempts at one delivery to a webhook.
    pub webhook_attempts_max: i32,
    /// Milliseconds a receiver may take to answer.
    pub webhook_ms_max: u64,
    /// Deliveries that one control plane sends at once.
    pub webhooks_sending_max: usize,
    /// Milliseconds an agent may print nothing before it is stopped.
    pub silence_ms_max: u64,
    /// Bytes an agent may print in one run.
    pub output_bytes_max: u64,
    /// Milliseconds an agent process may wait for its next turn; 0 keeps none, and then no turn can
    /// be spoken to while it runs.
    pub warm_idle_ms_max: u64,
    /// Bytes of memory a waiting agent process and its helpers may hold.
    pub warm_rss_bytes_max: u64,
    /// Milliseconds a sandbox may take to be ready.
    pub provision_ms_max: i64,
    /// Milliseconds a control plane may act without having renewed its lease; the others take its
    /// actors over after that.
    pub lease_ms_max: u64,
    /// Milliseconds between two renewals of that lease.
    pub lease_renewal_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inbox_messages_max: 10_000,
            message_bytes_max: 256 << 10,
            payload_bytes_max: 256 << 10,
            body_bytes_max: 1 << 20,
            turns_running_max: 10,
            tasks_running_max: 5,
            jobs_running_max: 5,
            trigger_runs_max: 120,
            trigger_window_ms: 10 * 60 * 1_000,
            hook_bytes_max: 1 << 20,
            hook_calls_per_minute_max: 600,
            reviews_running_max: 4,
            pull_poll_ms: 2 * 60 * 1_000,
            task_poll_ms: 30 * 1_000,
            tracker_poll_ms: 60 * 1_000,
            task_run_ms_max: 4 * 60 * 60 * 1_000,
            task_git_ms_max: 10 * 60 * 1_000,
            task_setup_ms_max: 10 * 60 * 1_000,
            fan_out_max: 10_000,
            hops_max: 32,
            wake_turns_max: 120,
            wake_window_ms: 10 * 60 * 1_000,
            volley_messages_max: 60,
            volley_window_ms: 5 * 60 * 1_000,
            ask_ms_default: 10 * 60 * 1_000,
            ask_ms_max: 24 * 60 * 60 * 1_000,
            asks_open_max: 100,
            keep_mail_days: 30,
            keep_turns_days: 30,
            keep_logs_days: 14,
            keep_answers_days: 1,
            keep_files_days: 14,
            run_files_max: 100,
            run_file_bytes_max: 10 << 20,
            run_files_bytes_max: 50 << 20,
            keep_deliveries_days: 14,
            webhook_attempts_max: 8,
            webhook_ms_max: 10_000,
            webhooks_sending_max: 32,
            silence_ms_max: 15 * 60 * 1_000,
            output_bytes_max: 256 << 20,
            warm_idle_ms_max: 30 * 60 * 1_000,
            warm_rss_bytes_max: 1 << 30,
            provision_ms_max: 120_000,
            lease_ms_max: 6_000,
            lease_renewal_ms: 2_000,
        }
    }
}
