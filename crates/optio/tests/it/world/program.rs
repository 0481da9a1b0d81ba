//! The agent program: the real one, or a script in its place.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use optio::agent_versions;

/// What a script needs that speaks the program's format: it has read the prompt, and `begin`,
/// `say TEXT` and `finish TEXT` print events.
pub(crate) const FAKE_PRELUDE: &str = r#"#!/bin/bash
case "$*" in
*--input-format*) read -r prompt ;;
*) prompt=$(cat) ;;
esac
session=5e551011-0000-4000-8000-000000000000
begin() { printf '{"type":"system","subtype":"init","session_id":"%s","model":"fake"}\n' "$session"; }
say() { printf '{"type":"assistant","message":{"content":[{"type":"text","text":"%s"}]},"session_id":"%s"}\n' "$1" "$session"; }
finish() { printf '{"type":"result","subtype":"success","is_error":false,"result":"%s","total_cost_usd":0.01,"session_id":"%s"}\n' "$1" "$session"; }
"#;

/// Where `scripts/install-agents` puts the real program.
pub(super) fn real() -> PathBuf {
    let env = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let tools = match env("OPTIO_TOOLS_DIR") {
        Some(dir) => PathBuf::from(dir),
        None if rustix::process::geteuid().is_root() => PathBuf::from("/var/lib/optio/tools"),
        None => env("XDG_DATA_HOME")
            .map_or_else(
                || PathBuf::from(env("HOME").unwrap()).join(".local/share"),
                PathBuf::from,
            )
            .join("optio/tools"),
    };
    let program = program(&tools);
    assert!(
        program.exists(),
        "{} is missing; these tests need it: scripts/install-agents",
        program.display()
    );
    tools
}

/// A directory of tools whose only program is this script; an empty one has none.
pub(crate) fn fake(dir: &Path, script: &str) -> PathBuf {
    let tools = dir.join("tools");
    let program = program(&tools);
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    if !script.is_empty() {
        install(&program, script);
    }
    tools
}

fn install(program: &Path, script: &str) {
    fs::write(program, script).unwrap();
    fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
}

fn program(tools: &Path) -> PathBuf {
    let version = agent_versions::version("claude-code").unwrap();
    tools.join(format!("claude-code-{version}/claude"))
}

impl super::World {
    /// Puts a script in the place of the agent program.
    pub(crate) fn install_fake(&self, script: &str) {
        install(&program(&self.dir().join("tools")), script);
    }
}
