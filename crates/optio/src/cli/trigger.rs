//! `optio trigger` as it is written.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

const ADD: &str = "\
What is started is job/NAME, blueprint/NAME or agent/SLUG.

Examples:
  optio trigger add job/digest schedule \"0 9 * * 1-5\" --timezone Europe/Paris
  pass show hook | optio trigger add job/triage webhook triage --signature github --secret-stdin
  optio trigger add agent/vesper webhook alerts --prompt \"Look at {{service}}\" --map service=alert.labels.service
  optio trigger add blueprint/fix ticket github --label optio --label bug";

const SET: &str = "\
Settings are the members of the trigger's config and `enabled`, as NAME=VALUE: texts as they are, all others as
JSON, null for none, and NAME=@FILE for what a file says. The type stays, and so does what it starts.

Examples:
  optio trigger set 01a22798-586b enabled=true
  optio trigger set 01a22798-586b cronExpression=\"0 8 * * *\" missed=skip
  pass show hook | optio trigger set triage signature=github --secret-stdin";

/// What can be done with triggers.
#[derive(Debug, Subcommand)]
pub enum Trigger {
    /// List the triggers: those that fire next first
    List {
        /// Only those of this one: job/NAME, blueprint/NAME or agent/SLUG
        owner: Option<String>,
        /// Only those of this type
        #[arg(long = "type", value_enum, value_name = "TYPE")]
        kind: Option<TriggerKind>,
    },
    /// Have something started by itself
    #[command(after_help = ADD)]
    Add {
        /// What is started: job/NAME, blueprint/NAME or agent/SLUG
        owner: String,
        /// By what
        #[command(subcommand)]
        by: By,
    },
    /// Show a trigger: its settings, its next fires, what came of its last one
    Show(WhichTrigger),
    /// Change a trigger
    #[command(after_help = SET)]
    Set(ChangedTrigger),
    /// Remove a trigger
    Rm(WhichTrigger),
    /// Say when a schedule would fire, and keep nothing
    #[command(
        after_help = "Example:\n  optio trigger preview \"0 9 * * 1-5\" --timezone Europe/Paris"
    )]
    Preview {
        /// Five fields, or six with seconds in front
        cron: String,
        /// An IANA time zone [default: UTC]
        #[arg(long, value_name = "ZONE")]
        timezone: Option<String>,
    },
}

/// The types of trigger.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum TriggerKind {
    /// A person
    Manual,
    /// A time
    Schedule,
    /// A call from outside
    Webhook,
    /// A ticket
    Ticket,
}

/// By what something is started.
#[derive(Debug, Subcommand)]
pub enum By {
    /// By its time
    Schedule {
        /// Five fields, or six with seconds in front
        cron: String,
        /// An IANA time zone [default: UTC]
        #[arg(long, value_name = "ZONE")]
        timezone: Option<String>,
        /// What becomes of fires whose time passed while no server ran [default: once]
        #[arg(long, value_enum)]
        missed: Option<Missed>,
        /// A parameter of each run: text, or JSON where that is no text
        #[arg(long = "param", value_name = "PARAM=VALUE")]
        params: Vec<String>,
        /// What all of them have.
        #[command(flatten)]
        common: Common,
    },
    /// By a call from outside
    Webhook {
        /// The last part of its address, /api/hooks/PATH
        path: String,
        /// What calls have to be signed with.
        #[command(flatten)]
        secret: HookSecret,
        /// How calls are signed [default: any]
        #[arg(long, value_enum)]
        signature: Option<Signature>,
        /// Which calls are one: those of one delivery, or those with the same body [default: delivery]
        #[arg(long, value_enum)]
        dedup: Option<Dedup>,
        /// Calls in a minute [default: limits.hook_calls_per_minute_max]
        #[arg(long, value_name = "N")]
        per_minute: Option<u32>,
        /// Only calls whose body says so, such as action=opened; the same path again is one of them
        #[arg(long = "when", value_name = "PATH=VALUE")]
        when: Vec<String>,
        /// Where in the body a parameter is found; without any the whole body is the parameters
        #[arg(long = "map", value_name = "PARAM=PATH")]
        map: Vec<String>,
        /// What all of them have.
        #[command(flatten)]
        common: Common,
    },
    /// By a ticket with these labels
    Ticket {
        /// github, gitlab, jira, linear or notion
        source: String,
        /// A label it must have; may be given several times
        #[arg(long = "label", value_name = "LABEL")]
        labels: Vec<String>,
        /// Where in the ticket a parameter is found
        #[arg(long = "map", value_name = "PARAM=PATH")]
        map: Vec<String>,
        /// What all of them have.
        #[command(flatten)]
        common: Common,
    },
    /// By a person
    Manual {
        /// Keep it, and do not let it fire
        #[arg(long)]
        disabled: bool,
    },
}

/// What all types have.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// What a fire does while what the fire before has started is not over [default: allow; skip for agents]
    #[arg(long, value_enum)]
    pub overlap: Option<Overlap>,
    /// What an agent is told, a template over the parameters; @FILE for what a file says
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// What that does to the agent [default: work]
    #[arg(long, value_enum)]
    pub class: Option<Heard>,
    /// Keep it, and do not let it fire
    #[arg(long)]
    pub disabled: bool,
}

/// Where the secret of a webhook comes from; never from an argument, which others can see.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub struct HookSecret {
    /// Read the secret from the input, or have it typed unseen
    #[arg(long)]
    pub secret_stdin: bool,
    /// A file with the secret; a line end behind it is not a part of it
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// A change of a trigger.
#[derive(Debug, Args)]
pub struct ChangedTrigger {
    /// Id, its first eight digits or more, or the path of a webhook
    pub trigger: String,
    /// What is decided about it
    #[arg(value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// A parameter of each run of a schedule; all of them, where one is given
    #[arg(long = "param", value_name = "PARAM=VALUE", conflicts_with = "map")]
    pub params: Vec<String>,
    /// Where a parameter is found; all of them, where one is given
    #[arg(long = "map", value_name = "PARAM=PATH")]
    pub map: Vec<String>,
    /// What calls have to be signed with.
    #[command(flatten)]
    pub secret: HookSecret,
    /// Believe everybody who knows the path
    #[arg(long, conflicts_with_all = ["secret_stdin", "secret_file"])]
    pub no_secret: bool,
}

/// Which trigger.
#[derive(Debug, Args)]
pub struct WhichTrigger {
    /// Id, its first eight digits or more, or the path of a webhook
    pub trigger: String,
}

/// What becomes of fires that were missed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Missed {
    /// All of them together are one
    Once,
    /// Each is made up for
    All,
    /// They are gone
    Skip,
}

/// How calls are signed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Signature {
    /// In any of these ways
    Any,
    /// X-Optio-Signature: hexadecimal HMAC-SHA256 of the body
    Optio,
    /// Standard Webhooks
    Standard,
    /// X-Hub-Signature-256, as GitHub does it
    Github,
    /// X-Gitlab-Token: the secret itself, as GitLab does it
    Gitlab,
}

/// Which calls are one.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Dedup {
    /// Those of one delivery, by its id
    Delivery,
    /// Those with the same body
    Body,
}

/// What a fire does while the one before is not over.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Overlap {
    /// It starts another one beside it
    Allow,
    /// It starts nothing
    Skip,
    /// It waits until that is over
    Queue,
    /// It ends that, and starts in its place
    Replace,
}

/// What a message does to an agent.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Heard {
    /// Wakes it
    Work,
    /// Is read with whatever wakes it next
    Notify,
    /// Wakes it and is read first
    Interrupt,
}
