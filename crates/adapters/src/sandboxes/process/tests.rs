//! The driver with runners made of a few lines of shell, as root and as anybody else.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use optio_domain::{
    id::AgentId,
    sandbox::SandboxSpec,
    wire::runner::{Bootstrap, Isolation},
};
use tempfile::TempDir;

use super::*;

const WAIT_MAX: Duration = Duration::from_secs(20);
const NOBODY: RunAs = RunAs {
    uid: 61_234,
    gid: 61_234,
};

struct World {
    dir: TempDir,
    sandboxes: ProcessSandboxes,
    order: SandboxOrder,
}

impl World {
    async fn new(runner: &str) -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/runner");
        Self::with(fixtures.join(runner), None).await
    }

    async fn with(runner: PathBuf, run_as: Option<RunAs>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let sandboxes = ProcessSandboxes::new(Settings {
            root: dir.path().join("data/sandboxes"),
            runner,
            bwrap: Err("bubblewrap is not here".to_owned()),
            path: "/usr/local/bin:/usr/bin:/bin".to_owned(),
            run_as,
            orphan_ms_max: 60_000,
        });
        // As unique as the directory: tests may run side by side.
        let found = fs::metadata(dir.path()).unwrap();
        let sandbox = SandboxId(uuid::Uuid::from_u64_pair(found.dev(), found.ino()));
        Self {
            sandboxes: sandboxes.await,
            order: SandboxOrder {
                sandbox,
                owner: AgentId(sandbox.0).into(),
                api_url: "http://127.0.0.1:1".to_owned(),
                token: "secret".to_owned(),
                durable: true,
                spec: SandboxSpec::default(),
                connections: Vec::new(),
            },
            dir,
        }
    }

    fn place(&self) -> Place {
        self.sandboxes.place(self.order.sandbox)
    }

    async fn ensure(&self) -> Process {
        self.sandboxes.ensure(&self.order).await.unwrap();
        self.file("bootstrap.json").await;
        runner::alive(&self.place()).unwrap_or(Process { pid: 0, began: 0 })
    }

    /// A file of the runner's directory, once it is there.
    async fn file(&self, name: &str) -> String {
        let path = self.place().runner().join(name);
        until(|| path.exists()).await;
        fs::read_to_string(path).unwrap()
    }

    async fn process(&self, name: &str) -> Process {
        let pid = self.file(name).await.trim().parse().unwrap();
        Process::now(pid).unwrap()
    }

    async fn state(&self) -> SandboxState {
        self.sandboxes.state(self.order.sandbox).await.unwrap()
    }

    async fn retire(&self) {
        self.sandboxes.retire(self.order.sandbox).await.unwrap();
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(WAIT_MAX, looking).await.unwrap();
}

fn am_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[tokio::test]
async fn a_runner_is_started_once_and_told_everything() {
    let world = World::new("obedient").await;
    assert_eq!(world.state().await, SandboxState::Gone);
    let runner = world.ensure().await;
    assert_eq!(world.state().await, SandboxState::Alive);
    let (again, and_again) = tokio::join!(world.ensure(), world.ensure());
    assert_eq!((again, and_again), (runner, runner));

    let told: Bootstrap = serde_json::from_str(&world.file("bootstrap.json").await).unwrap();
    assert_eq!(
        (told.sandbox, told.token.as_str()),
        (world.order.sandbox, "secret")
    );
    let workspace = world.place().workspace().to_string_lossy().into_owned();
    assert!(matches!(told.isolation, Isolation::None { workspace: w, .. } if w == workspace));
    let environment = world.file("environment").await;
    let marker = format!("{MARKER}={}", world.order.sandbox);
    assert!(environment.lines().any(|line| line == marker));
    // What the control plane has in its environment is no affair of a runner's.
    assert!(!environment.contains("CARGO") && !environment.contains("HOME="));
    assert_eq!(world.file("runner.log").await, "bootstrapped\n");
    world.retire().await;
}

#[tokio::test]
async fn a_dead_runner_is_replaced() {
    let world = World::new("obedient").await;
    let first = world.ensure().await;
    first.signal(Signal::KILL);
    until(|| !first.is_alive()).await;
    assert_eq!(world.state().await, SandboxState::Gone);
    let second = world.ensure().await;
    assert_ne!(first, second);
    assert!(second.is_alive());
    world.retire().await;
}

#[tokio::test]
async fn a_process_with_the_pid_of_a_former_runner_is_not_the_runner() {
    let world = World::new("obedient").await;
    let runner = world.ensure().await;
    // The bystander has the pid that the file names, but began at another time.
    let mut bystander = tokio::process::Command::new("sleep")
        .arg("60")
        .spawn()
        .unwrap();
    let pid = bystander.id().unwrap();
    fs::write(world.place().pid_file(), format!("{pid} 1\n")).unwrap();
    assert_eq!(world.state().await, SandboxState::Gone);
    world.retire().await;
    assert!(bystander.try_wait().unwrap().is_none());
    // The real one is found by its marker, though no file names it.
    assert!(!runner.is_alive());
    bystander.kill().await.unwrap();
}

#[tokio::test]
async fn an_unreadable_pid_file_is_no_runner() {
    let world = World::new("obedient").await;
    world.ensure().await;
    for nonsense in ["", "x y", "1", "-1 1", "99999999999 1"] {
        fs::write(world.place().pid_file(), nonsense).unwrap();
        assert_eq!(world.state().await, SandboxState::Gone, "{nonsense}");
    }
    world.retire().await;
}

#[tokio::test]
async fn retire_leaves_nothing_alive_and_the_workspace_in_place() {
    let world = World::new("stubborn").await;
    let runner = world.ensure().await;
    let (marked, bare) = (
        world.process("marked.pid").await,
        world.process("bare.pid").await,
    );
    fs::write(world.place().workspace().join("work"), "done").unwrap();
    world.retire().await;
    for process in [runner, marked, bare] {
        assert!(!process.is_alive());
    }
    assert_eq!(world.state().await, SandboxState::Gone);
    assert!(world.place().workspace().join("work").exists());
    // Twice is harmless.
    world.retire().await;
}

#[tokio::test]
async fn what_a_dead_runner_left_is_ended_before_the_next_one_starts() {
    let world = World::new("faithless").await;
    world.ensure().await;
    let left = world.process("left.pid").await;
    until(|| runner::alive(&world.place()).is_none()).await;
    world.ensure().await;
    assert!(!left.is_alive());
    world.retire().await;
}

#[tokio::test]
async fn destroy_removes_everything_even_what_is_read_only() {
    let world = World::new("obedient").await;
    let runner = world.ensure().await;
    let cache = world.place().workspace().join("mod/cache");
    fs::create_dir_all(&cache).unwrap();
    fs::write(cache.join("go.mod"), "module x").unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o500)).unwrap();
    world.sandboxes.destroy(world.order.sandbox).await.unwrap();
    assert!(!runner.is_alive());
    let root = world.dir.path().join("data/sandboxes");
    assert_eq!(fs::read_dir(root).unwrap().count(), 0);
    // What never was is as good as destroyed.
    world.sandboxes.destroy(world.order.sandbox).await.unwrap();
}

#[tokio::test]
async fn a_missing_runner_program_is_named_with_its_remedy() {
    let world = World::with("/nowhere/optio-runner".into(), None).await;
    let Err(SandboxError::Broken(words)) = world.sandboxes.ensure(&world.order).await else {
        panic!("a missing program was started")
    };
    assert!(
        words.contains("/nowhere/optio-runner") && words.contains("install"),
        "{words}"
    );
}

#[tokio::test]
async fn a_file_in_the_way_is_named() {
    let world = World::new("obedient").await;
    fs::write(world.dir.path().join("data"), "").unwrap();
    let Err(SandboxError::Broken(words)) = world.sandboxes.ensure(&world.order).await else {
        panic!("a sandbox below a file")
    };
    assert!(
        words.contains("data/sandboxes") && words.contains("in the way"),
        "{words}"
    );
}

#[tokio::test]
async fn a_long_log_is_put_aside() {
    let world = World::new("obedient").await;
    world.place().prepare(None).unwrap();
    fs::write(world.place().log(), vec![b'x'; (1 << 20) + 1]).unwrap();
    world.ensure().await;
    assert_eq!(world.file("runner.log").await, "bootstrapped\n");
    assert_eq!(world.file("runner.log.1").await.len(), (1 << 20) + 1);
    world.retire().await;
}

#[tokio::test]
async fn the_agent_owns_its_directories_and_no_other() {
    let run_as = am_root().then_some(NOBODY);
    let world = World::with("/nowhere/optio-runner".into(), run_as).await;
    let place = world.place();
    place.prepare(run_as).unwrap();
    let us = rustix::process::geteuid().as_raw();
    let agent = run_as.map_or(us, |user| user.uid);
    for (path, mode, owner) in [
        (place.workspace(), 0o700, agent),
        (place.home(), 0o700, agent),
        (place.runner(), 0o700, us),
        (place.runner().join(".."), 0o711, us),
    ] {
        let found = fs::metadata(&path).unwrap();
        assert_eq!(
            (found.mode() & 0o7777, found.uid()),
            (mode, owner),
            "{path:?}"
        );
    }
}

#[tokio::test]
async fn a_data_directory_that_agents_cannot_enter_is_named() {
    if !am_root() {
        return; // Only root gives directories away.
    }
    let world = World::with("/nowhere/optio-runner".into(), Some(NOBODY)).await;
    fs::set_permissions(world.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let Err(SandboxError::Broken(words)) = world.sandboxes.ensure(&world.order).await else {
        panic!("nobody can enter it")
    };
    let closed = world.dir.path().to_string_lossy();
    assert!(words.contains(&format!("chmod o+x {closed}`")), "{words}");
}

#[tokio::test]
async fn isolation_is_told_plainly() {
    let absent = World::new("obedient").await.sandboxes.isolation();
    assert!(!absent.isolated && absent.words.contains("bubblewrap is not here"));

    let settings = |bwrap: &str| Settings {
        root: "/nowhere".into(),
        runner: "/nowhere".into(),
        bwrap: Ok(bwrap.into()),
        path: "/usr/bin:/bin".to_owned(),
        run_as: None,
        orphan_ms_max: 1,
    };
    let forbidden = ProcessSandboxes::new(settings("/bin/false"))
        .await
        .isolation();
    assert!(!forbidden.isolated && forbidden.words.contains("/bin/false does not work here"));
    // Any program that succeeds stands for a bubblewrap that works.
    let works = ProcessSandboxes::new(settings("/bin/true"))
        .await
        .isolation();
    assert!(works.isolated && works.words.contains("bubblewrap"));
}
