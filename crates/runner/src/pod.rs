//! A runner in a pod of Kubernetes.
//!
//! The pod's init container is this program too (`optio-runner install`): it puts itself where the agent's
//! container finds it, and shows the control plane the token by which Kubernetes says which pod this is. What
//! it gets for that lies in memory until the runner has read it, which removes it before anything else runs:
//! no agent ever sees either.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use optio_domain::id::SandboxId;
use optio_domain::wire::runner::{Bootstrap, Isolation, TOKEN_PATH, TokenAnswer};
use rustix::process::DumpableBehavior;
use ureq::Agent;

use crate::credentials::{Env, agent};
use crate::place::{HOME, WORKSPACE};
use crate::{Failure, machine};

/// The word for the init container.
pub const INSTALL: &str = "install";
/// The word for the agent's container.
pub const POD: &str = "pod";

/// How long the control plane is asked again where nobody answers: it may be rolled out just now.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long after an answer that was none it is asked again, at first and at most.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer, and of a bootstrap.
const BYTES_MAX: u64 = 64 << 10;
/// Characters of a refusal that are shown.
const REFUSAL_CHARS_MAX: usize = 300;
/// Milliseconds after which a runner that nobody needs ends itself, where nobody says otherwise.
const ORPHAN_MS_MAX: u64 = 10 * 60 * 1_000;

/// Where things are in a pod.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The files of the sandbox, as the init container sees them.
    pub volume: PathBuf,
    /// What the sandboxes of one owner share, as the init container sees it.
    pub shared: PathBuf,
    /// What the runner reads at its start; in memory.
    pub start: PathBuf,
    /// The token by which the pod proves who it is.
    pub identity: PathBuf,
    /// How long the control plane is asked.
    pub patience: Duration,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            volume: "/volume".into(),
            shared: "/shared".into(),
            start: "/run/optio/bootstrap.json".into(),
            identity: "/var/run/secrets/optio/token".into(),
            patience: PATIENCE,
        }
    }
}

/// Prepares a pod: puts the runner to `runner` and asks for what it starts with.
///
/// # Errors
/// [`Failure`] where the volume cannot be written, or the control plane does not want this pod.
pub fn install(layout: &Layout, runner: &Path, env: Env<'_>) -> Result<(), Failure> {
    let sandbox = given(env, "OPTIO_SANDBOX_ID")?;
    let sandbox = sandbox
        .parse()
        .map(SandboxId)
        .map_err(|_| Failure::Bootstrap("OPTIO_SANDBOX_ID is no identity".to_owned()))?;
    let api_url = given(env, "OPTIO_API_URL")?;
    let orphan = env("OPTIO_ORPHAN_MS_MAX").and_then(|text| text.parse().ok());
    place(runner).map_err(machine("the runner cannot be put in its place"))?;
    let paths = env("OPTIO_SHARED").unwrap_or_default();
    for dir in folders(layout, &paths) {
        make(&dir).map_err(machine(
            "the volume of the sandbox cannot be written by user 1001; its storage class must honour fsGroup",
        ))?;
    }
    let token = enrol(layout, &api_url)?;
    let bootstrap = Bootstrap {
        api_url,
        sandbox,
        token,
        state_dir: "/var/lib/optio-runner".to_owned(),
        // The agent is the same user.
        reads_addresses: false,
        isolation: Isolation::None {
            workspace: WORKSPACE.to_owned(),
            home: HOME.to_owned(),
            run_as: None,
        },
        orphan_ms_max: orphan.unwrap_or(ORPHAN_MS_MAX),
    };
    write(&layout.start, &bootstrap).map_err(machine("the start of the runner cannot be written"))
}

/// Reads what `install` has left, and removes it. From then on nobody of our own user can look into this
/// process either.
///
/// # Errors
/// [`Failure`] where there is none: then this is not the first start in this pod.
pub fn bootstrap(layout: &Layout) -> Result<Bootstrap, Failure> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| machine("the runner cannot be closed to others")(error.into()))?;
    let read = fs::read_to_string(&layout.start);
    let text = read.map_err(|error| {
        Failure::Bootstrap(format!(
            "{}: {error}; a pod is started once and then replaced",
            layout.start.display()
        ))
    })?;
    fs::remove_file(&layout.start).map_err(machine("the start of the runner cannot be removed"))?;
    crate::parse(&text)
}

fn given(env: Env<'_>, name: &str) -> Result<String, Failure> {
    env(name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Failure::Bootstrap(format!("{name} is not set")))
}

/// Copies this program.
fn place(to: &Path) -> io::Result<()> {
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir)?;
    }
    let draft = to.with_extension("new");
    fs::copy(std::env::current_exe()?, &draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(0o755))?;
    fs::rename(draft, to)
}

/// What has to be there before the agent's container starts: whatever is missing where something is mounted,
/// the container's runtime makes as root.
fn folders(layout: &Layout, shared: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = ["workspace", "home", "runner"]
        .map(|dir| layout.volume.join(dir))
        .into();
    for path in shared.split(':') {
        for (root, dir) in [(WORKSPACE, "workspace"), (HOME, "home")] {
            if let Ok(rest) = Path::new(path).strip_prefix(root) {
                all.push(layout.volume.join(dir).join(rest));
                all.push(layout.shared.join(path.trim_start_matches('/')));
            }
        }
    }
    all
}

fn make(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn write(to: &Path, bootstrap: &Bootstrap) -> io::Result<()> {
    let text = serde_json::to_vec(bootstrap)?;
    let mut options = File::options();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to)?;
    file.write_all(&text)
}

/// What asking came to.
enum Asked {
    Given(String),
    /// Asking again may help.
    Later(String),
    Refused(String),
}

/// Shows who we are, again and again while nobody answers.
fn enrol(layout: &Layout, api_url: &str) -> Result<String, Failure> {
    let agent = agent(api_url);
    let (began, mut pause) = (Instant::now(), PAUSE_MIN);
    loop {
        // Kubernetes renews it in its place.
        let proof = fs::read_to_string(&layout.identity)
            .map_err(machine("the token of the pod cannot be read"))?;
        let words = match ask(&agent, api_url, proof.trim()) {
            Asked::Given(token) => return Ok(token),
            Asked::Refused(words) => return Err(Failure::Refused(words)),
            Asked::Later(words) => words,
        };
        tracing::warn!(%words, "no answer from the control plane yet");
        if layout.patience <= began.elapsed() + pause {
            return Err(Failure::Refused(words));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn ask(agent: &Agent, api_url: &str, proof: &str) -> Asked {
    let url = format!("{}{TOKEN_PATH}", api_url.trim_end_matches('/'));
    let sent = agent
        .post(&url)
        .header("authorization", format!("Bearer {proof}"))
        .send_empty();
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return Asked::Later(format!("{url}: {error}")),
    };
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(BYTES_MAX);
    let text = match body.read_to_string() {
        Ok(text) => text,
        Err(error) => return Asked::Later(format!("{url}: {error}")),
    };
    let shown: String = text.chars().take(REFUSAL_CHARS_MAX).collect();
    match (status, serde_json::from_str(&text)) {
        (200, Ok(TokenAnswer { token })) => Asked::Given(token),
        (429 | 500..=599, _) => Asked::Later(format!("{url}: {status} {shown}")),
        (_, _) => Asked::Refused(format!("{url}: {status} {shown}")),
    }
}
