//! The programs Optio and its agents call.

use std::path::{Path, PathBuf};

use super::{Check, Verdict, trial};
use crate::{
    agent_versions,
    config::{Bwrap, Config, surroundings::find_program},
    postgres::install,
};

/// A program that agents call by its name.
pub(super) fn tool(name: &'static str, path: &[PathBuf]) -> Check {
    let verdict = match find_program(name, path) {
        None => Verdict::broken(format!("{name} is not in PATH"), install(name)),
        Some(program) => match trial::run(&program, &["--version"], None) {
            // Some go on to list every library they use.
            Ok(said) => Verdict::Good(said.split(" (").next().unwrap_or_default().to_owned()),
            Err(said) => Verdict::broken(
                format!("{} does not work: {said}", program.display()),
                install(name),
            ),
        },
    };
    Check { name, verdict }
}

pub(super) fn bubblewrap(config: &Config, path: &[PathBuf]) -> Check {
    Check {
        name: "bubblewrap",
        verdict: bubblewrap_verdict(config, path),
    }
}

/// Without it agents still run, and every surface says that they are not isolated.
fn bubblewrap_verdict(config: &Config, path: &[PathBuf]) -> Verdict {
    const CONSEQUENCE: &str = "agents see this machine as the user they run as does";
    if config.bwrap == Bwrap::Off {
        return Verdict::warning(format!("turned off: {CONSEQUENCE}"), "unset OPTIO_BWRAP");
    }
    let Some(program) = config.bwrap.program(path) else {
        let problem = format!("bwrap is not in PATH: {CONSEQUENCE}");
        return Verdict::warning(problem, install("bubblewrap"));
    };
    // What a sandbox asks of the kernel; being installed is not enough.
    let args = "--unshare-pid --unshare-ipc --die-with-parent --new-session --ro-bind / / \
                --proc /proc --dev /dev --tmpfs /tmp -- true";
    let args: Vec<&str> = args.split_whitespace().collect();
    let as_whom = match config.agent_uid {
        Some(uid) => format!("as user {uid}"),
        None => "as this user".to_owned(),
    };
    let program_words = program.display();
    match trial::run(&program, &args, config.agent_uid) {
        Ok(_) => Verdict::Good(format!("{program_words} works {as_whom}")),
        Err(said) => Verdict::warning(
            format!("{program_words} does not work {as_whom} ({said}): {CONSEQUENCE}"),
            allow_namespaces(),
        ),
    }
}

/// Which switch of the kernel keeps ordinary users from making namespaces.
fn allow_namespaces() -> String {
    let switches = [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "10000"),
    ];
    for (switch, closed, open) in switches {
        let now = std::fs::read_to_string(Path::new("/proc/sys").join(switch));
        if now.is_ok_and(|now| now.trim() == closed) {
            return format!("sysctl -w {}={open}", switch.replace('/', "."));
        }
    }
    "allow user namespaces; a container needs --security-opt seccomp=unconfined or more".to_owned()
}

pub(super) fn claude(config: &Config) -> Check {
    const NAME: &str = "claude-code";
    const REMEDY: &str = "scripts/install-agents";
    let Some(version) = agent_versions::version(NAME) else {
        let verdict = Verdict::broken("this build names no version of it", "build Optio again");
        return Check {
            name: NAME,
            verdict,
        };
    };
    let program = config
        .tools_dir
        .join(format!("{NAME}-{version}"))
        .join("claude");
    let verdict = if program.exists() {
        match trial::run(&program, &["--version"], config.agent_uid) {
            Ok(said) if said.split_whitespace().next() == Some(version) => {
                Verdict::Good(format!("{version} at {}", program.display()))
            }
            Ok(said) => Verdict::broken(
                format!(
                    "{} says its version is {said:?}, not {version}",
                    program.display()
                ),
                format!("remove its directory, then {REMEDY}"),
            ),
            Err(said) => Verdict::broken(
                format!("agents cannot run {}: {said}", program.display()),
                "make it and every directory above it readable for all, or set OPTIO_TOOLS_DIR",
            ),
        }
    } else {
        Verdict::broken(format!("{} is missing", program.display()), REMEDY)
    };
    Check {
        name: NAME,
        verdict,
    }
}

/// The program that runs inside every sandbox, so under the agents' user.
pub(super) fn runner(config: &Config) -> Check {
    let beside = std::env::current_exe().map(|optio| optio.with_file_name("optio-runner"));
    let verdict = match beside {
        Err(error) => Verdict::broken(
            format!("cannot tell where optio itself is: {error}"),
            "start it by its path",
        ),
        Ok(runner) if !runner.exists() => Verdict::broken(
            format!("{} is missing", runner.display()),
            "make build, or put optio-runner beside optio",
        ),
        Ok(runner) => {
            let test = Path::new("/usr/bin/test");
            let args = ["-x".as_ref(), runner.as_os_str()];
            match trial::run(test, &args, config.agent_uid) {
                Ok(_) => Verdict::Good(runner.display().to_string()),
                Err(_) => Verdict::broken(
                    format!("agents cannot run {}", runner.display()),
                    "make it and every directory above it readable for all",
                ),
            }
        }
    };
    Check {
        name: "optio-runner",
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_the_command_that_brings_it() {
        let check = tool("jq", &[PathBuf::from("/nowhere")]);
        let Verdict::Broken { problem, remedy } = check.verdict else {
            panic!("{check:?}");
        };
        assert_eq!(problem, "jq is not in PATH");
        assert!(remedy.ends_with(" jq"), "{remedy}");
    }

    #[test]
    fn a_tool_that_fails_is_not_taken_for_one_that_works() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/false", dir.path().join("git")).unwrap();
        let check = tool("git", &[dir.path().to_path_buf()]);
        assert!(matches!(check.verdict, Verdict::Broken { .. }), "{check:?}");
    }
}
