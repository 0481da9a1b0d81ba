//! The outside world as the domain names it. `adapters` fills these traits, `actors` uses them, and
//! neither sees the other.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{
    actor::ActorKey,
    agent::spec::Invalid,
    git_host::{GitHost, RepoUrl, is_signed, is_token},
    id::{MessageId, SandboxId, TrackerId},
    notice::{
        WebhookUrl,
        guard::Inner,
        post::{Attempt, Post},
    },
    sandbox::{Destination, SandboxSpec},
    secret::{KeyId, Ring, SecretText},
    tracker::{Ticket, TicketComment, TicketPage, TrackerError, TrackerSpec},
    transcript::{Entry, Fact},
    wire::runner::{FileSpec, Mark},
};

/// A future behind a trait object.
pub type Eventually<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// Where identities come from.
pub trait Ids: Send + Sync {
    /// A fresh identity.
    fn fresh(&self) -> Uuid;
}

/// Where randomness comes from that nobody can foretell.
pub trait Chance: Send + Sync {
    /// Fills all of it.
    ///
    /// # Errors
    /// When the machine has none to give.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// Where the keys of secrets are kept. Words of a refusal are for a person and never hold a key.
pub trait KeySource: Send + Sync {
    /// The keys there are.
    ///
    /// # Errors
    /// What is wrong with them, and what to do.
    fn read(&self) -> Result<Ring, String>;
    /// The keys there are once the newest of them is another than this one. Where a key is made for
    /// it, it is kept for good before this returns.
    ///
    /// # Errors
    /// Why there is no such key, and what to do.
    fn renew(&self, current: &KeyId) -> Result<Ring, String>;
    /// Nothing is sealed with any other key any longer: the others may go.
    ///
    /// # Errors
    /// What a person has to remove by hand.
    fn settle(&self, current: &KeyId) -> Result<(), String>;
}

/// How well a driver keeps agents apart from the machine, in words every surface repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolationReport {
    /// Whether agents are kept apart.
    pub isolated: bool,
    /// How, or why not and what to do.
    pub words: String,
}

/// A place for an agent to run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOrder {
    /// Its identity.
    pub sandbox: SandboxId,
    /// Whose it is: an agent's own, or a pool's.
    pub owner: ActorKey,
    /// Where its runner dials in.
    pub api_url: String,
    /// The runner's bearer.
    pub token: String,
    /// Whether what is in `/workspace` and in the agent's home outlives the place in which it runs.
    pub durable: bool,
    /// What people decided about it.
    pub spec: SandboxSpec,
    /// Addresses of the connections that its runs are given.
    pub connections: Vec<Destination>,
}

/// Whether a sandbox's runner is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxState {
    /// Its runner runs, or is on its way.
    Alive,
    /// Something is in its way: what, and what to do, in words.
    Held(String),
    /// There is none, or it is dead.
    Gone,
}

/// A driver failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// Trying again may help.
    #[error("the sandbox could not be had now: {0}")]
    Busy(String),
    /// A person has to do something; the text says what.
    #[error("the sandbox cannot be had: {0}")]
    Broken(String),
}

/// A sandbox as its driver finds it, whoever wanted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundSandbox {
    /// Which.
    pub sandbox: SandboxId,
    /// Since when there is something of it.
    pub since: DateTime<Utc>,
    /// Whether there is a place in which something may run, and not files alone.
    pub runs: bool,
}

/// Why a runner is not recognised by what it shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognised {
    /// It is not the runner of a sandbox of this driver.
    #[error("{0}")]
    Refused(String),
    /// Whoever could tell does not answer now.
    #[error("who this is cannot be told now: {0}")]
    Away(String),
}

/// How often a driver has asked whoever keeps its sandboxes, since it was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// What it asked to be done.
    pub verb: String,
    /// With what.
    pub resource: String,
    /// How often.
    pub count: u64,
}

/// Is told which sandbox is not as it was.
pub type Changed = Arc<dyn Fn(SandboxId) + Send + Sync>;

/// Where agents run. Every call may be repeated without harm.
pub trait Sandboxes: Send + Sync {
    /// Sees to it that the sandbox's runner runs. It need not be connected yet.
    fn ensure<'a>(&'a self, order: &'a SandboxOrder) -> Eventually<'a, Result<(), SandboxError>>;
    /// Lets the sandbox's runner, where there is one, know where its control plane is now. A driver
    /// whose runners cannot be told so leaves it to the control planes that they know.
    fn announce<'a>(
        &'a self,
        _sandbox: SandboxId,
        _url: &'a str,
    ) -> Eventually<'a, Result<(), SandboxError>> {
        Box::pin(async { Ok(()) })
    }
    /// Looks whether its runner runs.
    fn state(&self, sandbox: SandboxId) -> Eventually<'_, Result<SandboxState, SandboxError>>;
    /// Ends its runner and all that runs in it, verified. What is in `/workspace` stays.
    fn retire(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>>;
    /// Retires it and removes its `/workspace` for good.
    fn destroy(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>>;
    /// How well agents are kept apart.
    fn isolation(&self) -> IsolationReport;
    /// Whether what people decide about a sandbox can be carried out.
    ///
    /// # Errors
    /// What cannot, and what to do.
    fn carries_out(&self, spec: &SandboxSpec) -> Result<(), Invalid> {
        match spec.decided().first() {
            None => Ok(()),
            Some(field) => Err(Invalid::new(
                field,
                "needs sandboxes that are pods (OPTIO_RUNTIME=kubernetes); here they are processes of one machine; leave it out",
            )),
        }
    }
    /// The sandbox of a runner that shows this. A driver that gives its runners their token itself knows no
    /// such proof.
    fn recognise<'a>(&'a self, _proof: &'a str) -> Eventually<'a, Result<SandboxId, Unrecognised>> {
        let words = "sandboxes here are given their token by who starts them";
        Box::pin(async move { Err(Unrecognised::Refused(words.to_owned())) })
    }
    /// Whether the files of a sandbox that is not durable are there again after it was retired.
    fn keeps_files(&self) -> bool {
        true
    }
    /// How the place in which a sandbox ran ended lately by itself, in words, as far as that is known.
    fn last_words(&self, _sandbox: SandboxId) -> Option<String> {
        None
    }
    /// How often it has asked whoever keeps its sandboxes, where somebody else does.
    fn calls(&self) -> Vec<Calls> {
        Vec::new()
    }
    /// From now on, tells when a sandbox changes by itself. A driver that cannot know is looked at instead.
    fn tell(&self, _changed: Changed) {}
    /// All sandboxes there are, also those nobody wants any more. A driver whose sandboxes cannot be
    /// forgotten need not say.
    fn found(&self) -> Eventually<'_, Result<Vec<FoundSandbox>, SandboxError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// The git hosts that are configured, by their name in addresses.
#[derive(Clone, Default)]
pub struct GitHosts {
    hosts: BTreeMap<String, Arc<dyn GitHost>>,
    webhooks: BTreeMap<String, SecretText>,
    webhook_tokens: BTreeMap<String, SecretText>,
}

impl GitHosts {
    /// These hosts.
    #[must_use]
    pub fn new(hosts: Vec<Arc<dyn GitHost>>) -> Self {
        let named = |host: Arc<dyn GitHost>| (host.host().to_owned(), host);
        Self {
            hosts: hosts.into_iter().map(named).collect(),
            webhooks: BTreeMap::new(),
            webhook_tokens: BTreeMap::new(),
        }
    }

    /// The same, and this host signs what it tells by itself with this secret.
    #[must_use]
    pub fn signing(mut self, host: &str, secret: SecretText) -> Self {
        self.webhooks.insert(host.to_owned(), secret);
        self
    }

    /// The host that has signed these bytes, by the header that came with them.
    #[must_use]
    pub fn signer(&self, body: &[u8], header: &str) -> Option<&str> {
        let signed = |secret: &SecretText| is_signed(secret.reveal().as_bytes(), body, header);
        let mut hosts = self.webhooks.iter();
        hosts
            .find(|(_, secret)| signed(secret))
            .map(|(host, _)| host.as_str())
    }

    /// The same, and this host sends this secret with what it tells by itself.
    #[must_use]
    pub fn showing(mut self, host: &str, secret: SecretText) -> Self {
        self.webhook_tokens.insert(host.to_owned(), secret);
        self
    }

    /// The host whose secret came in a header.
    #[must_use]
    pub fn shown_by(&self, header: &[u8]) -> Option<&str> {
        let is_its = |secret: &SecretText| is_token(secret.reveal().as_bytes(), header);
        let mut hosts = self.webhook_tokens.iter();
        hosts
            .find(|(_, secret)| is_its(secret))
            .map(|(host, _)| host.as_str())
    }

    /// The host of a repository, where it is configured.
    #[must_use]
    pub fn of(&self, repo: &RepoUrl) -> Option<&dyn GitHost> {
        self.hosts.get(&repo.host).map(|host| &**host)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.hosts.keys().map(String::as_str)
    }
}

/// What a call to a tracker comes to.
pub type Told<'a, T> = Eventually<'a, Result<T, TrackerError>>;

/// A place where people write tickets. Tickets are named by what [`Ticket::id`] says.
pub trait Tracker: Send + Sync {
    /// A page of the tickets that bear the tracker's label: of the open ones where `since` is `None`, of all
    /// that changed at that moment or later where it is given. `page` is what the page before named as next.
    /// Whoever reads all pages has seen every such ticket, also where some change meanwhile, in any order and
    /// perhaps more than once.
    fn changed<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        page: Option<&'a str>,
    ) -> Told<'a, TicketPage>;
    /// A ticket.
    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket>;
    /// What was said in it, oldest first; the newest of it where there is very much.
    fn comments<'a>(&'a self, id: &'a str) -> Told<'a, Vec<TicketComment>>;
    /// Comments on it, once per mark.
    fn comment<'a>(&'a self, id: &'a str, body: &'a str, mark: &'a str) -> Told<'a, ()>;
    /// Sets its state to done. Doing so with one that is done is a success.
    fn set_done<'a>(&'a self, id: &'a str) -> Told<'a, ()>;
}

/// Opens trackers.
pub trait Trackers: Send + Sync {
    /// A tracker as people have configured it. Makes no call.
    ///
    /// # Errors
    /// [`TrackerError`] when there is no such tracker, or no token for it.
    fn open(
        &self,
        tracker: TrackerId,
        spec: &TrackerSpec,
        token: Option<&SecretText>,
    ) -> Result<Arc<dyn Tracker>, TrackerError>;
}

/// A world in which nobody writes tickets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTrackers;

impl Trackers for NoTrackers {
    fn open(
        &self,
        _tracker: TrackerId,
        spec: &TrackerSpec,
        _token: Option<&SecretText>,
    ) -> Result<Arc<dyn Tracker>, TrackerError> {
        let source = spec.source().name();
        Err(TrackerError::Refused(format!("there is no {source} here")))
    }
}

/// The token of an account, as it is stored at this moment: people change it while all is in use.
pub trait StoredToken: Send + Sync {
    /// The token, where there is one. The error is in words.
    fn token(&self) -> Eventually<'_, Result<Option<SecretText>, String>>;
    /// What a person can do where there is none, or a wrong one.
    fn remedy(&self) -> String;
}

/// Tells others what happened here.
pub trait Notifier: Send + Sync {
    /// Whether an address may be called at all, as far as that can be told without asking where its name
    /// leads.
    ///
    /// # Errors
    /// Why it may not.
    fn check(&self, url: &WebhookUrl) -> Result<(), Inner>;
    /// Sends this once. The connection goes to an address that was checked, whatever its name leads to at
    /// any other moment; redirects are not followed; the time and the answer are bounded.
    fn send<'a>(&'a self, post: &'a Post) -> Eventually<'a, Attempt>;
}

/// What an agent program is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchOrder {
    /// The whole prompt.
    pub prompt: String,
    /// The model, where one is chosen.
    pub model: Option<String>,
    /// The vendor session to resume.
    pub resume: Option<String>,
    /// Model calls allowed in this run.
    pub max_turns: u32,
    /// Dollars this run may cost.
    pub budget_usd: Option<Decimal>,
    /// A file with the servers of tools it has, as a path from where it works.
    pub tools_file: Option<String>,
    /// Whether its process is to take further input and to serve further turns. Only for programs
    /// that can.
    pub kept: bool,
}

/// How to start an agent program.
#[derive(Clone, PartialEq, Eq)]
pub struct Launch {
    /// The native binary, as a path on the machine that hosts the sandbox.
    pub program: String,
    /// Arguments; never a secret.
    pub args: Vec<String>,
    /// Environment without secrets.
    pub env: BTreeMap<String, String>,
    /// Environment that is secret.
    pub secrets: BTreeMap<String, String>,
    /// Standard input.
    pub stdin: String,
    /// Files to write first.
    pub files: Vec<FileSpec>,
    /// Directories to be readable besides the system.
    pub read_only: Vec<String>,
    /// How a process that is kept tells where it stands.
    pub speech: Option<Speech>,
}

/// The lines by which a kept process tells where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    /// It begins with what it was told.
    pub begins: Mark,
    /// It is done with it.
    pub ends: Mark,
}

/// What an agent program can beyond one turn in one process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// One process can serve several turns.
    pub warm: bool,
    /// A running turn can be told something.
    pub steerable: bool,
    /// A running turn can be interrupted for that, tools included.
    pub interrupt: bool,
    /// The model of a waiting process can be changed.
    pub set_model: bool,
}

/// One line of an agent's output, understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Entries for the transcript.
    pub entries: Vec<Entry>,
    /// What must be remembered.
    pub facts: Vec<Fact>,
    /// Whether the line was not of the vendor's format.
    pub garbage: bool,
}

/// A vendor's agent program: pure, settings in and command line out, lines in and transcript out.
pub trait AgentCli: Send + Sync {
    /// Its name in `agentRuntime`.
    fn runtime(&self) -> &'static str;
    /// How to start it.
    fn launch(&self, order: &LaunchOrder) -> Launch;
    /// Reads one line of its standard output.
    fn read(&self, line: &str) -> Reading;
    /// The names of the secrets by which it signs in to its vendor. Those that are stored take the
    /// place of all that this installation was started with.
    fn credentials(&self) -> &'static [&'static str] {
        &[]
    }
    /// What it can beyond one turn in one process. Where it says so, the functions below answer.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }
    /// What is written to a waiting process for its next turn, once it is set to the model where
    /// one is to be set (`Some(None)` is the program's default).
    fn next(&self, _prompt: &str, _set_model: Option<Option<&str>>) -> String {
        String::new()
    }
    /// What is written to a running process to interrupt it with this text.
    fn interrupt(&self, _message: MessageId, _text: &str) -> String {
        String::new()
    }
}
