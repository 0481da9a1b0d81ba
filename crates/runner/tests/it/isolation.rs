//! What an agent sees, what it is given, and what it cannot reach.

use std::os::unix::fs::PermissionsExt as _;

use optio_domain::wire::runner::{EndCause, FileSpec, Isolation};

use crate::plane::{end, lines};
use crate::world::{Kind, World};

async fn said(world: &World, script: &str) -> Vec<String> {
    let spec = world.script(script);
    lines(&world.plane.ended(world.plane.start(&spec)).await)
}

#[tokio::test]
async fn workspace_and_home_are_the_given_directories() {
    let world = World::new(Kind::Bubblewrap).await;
    let script = "pwd; echo $HOME; echo $OPTIO_WORKSPACE; echo $TMPDIR; touch here ~/there";
    let lines = said(&world, script).await;
    assert_eq!(lines, ["/workspace", "/home/agent", "/workspace", "/tmp"]);
    assert!(world.path("workspace/here").exists());
    assert!(world.path("home/there").exists());
}

#[tokio::test]
async fn without_isolation_workspace_and_home_are_named() {
    let world = World::new(Kind::Bare).await;
    let lines = said(&world, "pwd; echo $HOME; echo $OPTIO_WORKSPACE").await;
    let path = |name| world.path(name).to_str().unwrap().to_owned();
    assert_eq!(lines, [path("workspace"), path("home"), path("workspace")]);
}

#[tokio::test]
async fn data_outside_is_not_there_and_the_system_is_read_only() {
    let world = World::new(Kind::Bubblewrap).await;
    let root = world.path("");
    let script = format!(
        "ls {} 2>/dev/null; ls /root /var /mnt 2>/dev/null; touch /usr/x /etc/x 2>/dev/null; \
         ls /tmp; ls /run; test -e /usr/x && echo written; ls /home; grep -c . /etc/passwd",
        root.display()
    );
    // The home, and in /etc/passwd root and the agent.
    assert_eq!(said(&world, &script).await, ["agent", "2"]);
}

#[tokio::test]
async fn nothing_of_the_runners_environment_is_inherited() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let mut world = World::without_runner(kind).await;
        let runner = world.spawn(World::program().env("OF_THE_RUNNER", "1"));
        world.keep_runner(runner);
        let mut spec = world
            .script("env | cut -d= -f1 | grep -v -e ^PWD$ -e ^_$ -e ^SHLVL$ -e ^OLDPWD$ | sort");
        spec.env.insert("GIVEN".to_owned(), "1".to_owned());
        let events = world.plane.ended(world.plane.start(&spec)).await;
        let names = [
            "GIVEN",
            "HOME",
            "LANG",
            "OPTIO_RUN_ID",
            "OPTIO_SANDBOX_ID",
            "OPTIO_WORKSPACE",
            "PATH",
            "TMPDIR",
        ];
        assert_eq!(lines(&events), names);
    }
}

#[tokio::test]
async fn a_run_cannot_see_the_environment_of_another() {
    let world = World::new(Kind::Bubblewrap).await;
    let mut owner = world.script("echo ready; sleep 300");
    owner
        .secrets
        .insert("KEY".to_owned(), "only-for-the-owner".to_owned());
    let run = world.plane.start(&owner);
    world.plane.line(run, "ready").await;
    let script = "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c only-for-the-owner; \
                  cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 300$'";
    let lines = said(&world, script).await;
    assert_eq!(lines[0], "0");
}

#[tokio::test]
async fn an_agent_is_not_root() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let world = World::new(kind).await;
        let lines = said(&world, "id -u; id -G; grep CapEff /proc/self/status").await;
        if rustix::process::geteuid().is_root() {
            assert_eq!(lines[..2], ["61000", "61000"]);
        }
        assert_eq!(lines[2], "CapEff:\t0000000000000000");
    }
}

#[tokio::test]
async fn files_are_written_with_their_mode_where_the_agent_can_read_them() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let world = World::new(kind).await;
        let mut spec = world
            .script("cat $OPTIO_WORKSPACE/a/b/c.txt; cat ~/.config/key; echo >> ~/.config/key");
        let file = |path: &str, mode| FileSpec {
            path: path.to_owned(),
            content: format!("{path}\n"),
            mode,
        };
        spec.files = vec![
            file("/workspace/a/b/c.txt", 0o644),
            file("~/.config/key", 0o600),
        ];
        let events = world.plane.ended(world.plane.start(&spec)).await;
        assert_eq!(lines(&events), ["/workspace/a/b/c.txt", "~/.config/key"]);
        assert_eq!(end(&events).code, Some(0));
        let key = std::fs::metadata(world.path("home/.config/key")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn files_are_not_written_anywhere_else() {
    let world = World::new(Kind::Bare).await;
    let outside = world.path("outside");
    std::fs::create_dir(&outside).unwrap();
    let link = format!(
        "ln -s {} link; ln -s {}/b file",
        outside.display(),
        outside.display()
    );
    said(&world, &link).await;
    for path in [
        "/etc/optio-test",
        "/workspace/../outside/x",
        "~/../outside/x",
        "/workspacex/x",
        "/workspace/",
        "/workspace/link/x",
    ] {
        let mut spec = world.script("echo never");
        spec.files.push(FileSpec {
            path: path.to_owned(),
            content: String::new(),
            mode: 0o644,
        });
        let events = world.plane.ended(world.plane.start(&spec)).await;
        assert_eq!(end(&events).cause, EndCause::SpawnFailed, "{path}");
        assert_eq!(lines(&events), [""; 0]);
    }
    let mut spec = world.script("cat file");
    spec.files.push(FileSpec {
        path: "/workspace/file".to_owned(),
        content: "instead of the link\n".to_owned(),
        mode: 0o644,
    });
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(lines(&events), ["instead of the link"]);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn the_program_is_found_with_its_neighbours_and_named_paths_can_be_read() {
    let world = World::new(Kind::Bubblewrap).await;
    for (path, text, mode) in [
        (
            "tools/agent",
            "#!/bin/sh\ncat \"$(dirname \"$0\")/neighbour\" \"$1\"\n",
            0o755,
        ),
        ("tools/neighbour", "neighbour\n", 0o644),
        ("docs/named", "named\n", 0o644),
    ] {
        let path = world.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let path = |below| world.path(below).to_str().unwrap().to_owned();
    let mut spec = world.script("");
    spec.program = path("tools/agent");
    spec.args = vec![path("docs/named")];
    spec.read_only = vec![path("docs")];
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(lines(&events), ["neighbour", "named"]);

    spec.run = world.script("").run;
    spec.read_only = vec![path("")];
    let ended = end(&world.plane.ended(world.plane.start(&spec)).await);
    assert_eq!(ended.cause, EndCause::SpawnFailed);
    assert!(
        ended
            .detail
            .unwrap()
            .contains("cannot be shown to an agent")
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let world = World::new(kind).await;
        let plain = world.path("plain");
        std::fs::write(&plain, "#!/bin/sh\n").unwrap();
        for program in ["/nowhere/agent", plain.to_str().unwrap(), "/usr", "agent"] {
            let mut spec = world.script("");
            spec.program = program.to_owned();
            let events = world.plane.ended(world.plane.start(&spec)).await;
            assert_eq!(events.len(), 1);
            assert_eq!(end(&events).cause, EndCause::Missing);
            let detail = end(&events).detail.unwrap();
            assert!(detail.contains(program), "{detail}");
        }
    }
}

#[tokio::test]
async fn a_missing_bubblewrap_is_told_with_what_to_install() {
    let mut world = World::without_runner(Kind::Bubblewrap).await;
    if let Isolation::Bubblewrap { program, .. } = &mut world.bootstrap.isolation {
        *program = "/nowhere/bwrap".to_owned();
    }
    world.start_runner().await;
    let spec = world.script("echo never");
    let ended = end(&world.plane.ended(world.plane.start(&spec)).await);
    assert_eq!(ended.cause, EndCause::SpawnFailed);
    assert!(ended.detail.unwrap().contains("apt-get install bubblewrap"));
}

#[tokio::test]
async fn a_sandbox_that_cannot_be_set_up_is_a_failed_start_with_the_reason() {
    let world = World::new(Kind::Bubblewrap).await;
    let mut spec = world.script("echo never");
    spec.read_only = vec!["/nowhere/at/all".to_owned()];
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(end(&events).cause, EndCause::SpawnFailed);
    assert!(end(&events).detail.unwrap().contains("/nowhere/at/all"));
}
