//! The files of runs: what is kept of them, whatever an agent has put there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use optio_domain::wire::outputs::FileLimits;
use optio_domain::wire::runner::{EndCause, Happening, RunEvent};
use sha2::{Digest as _, Sha256};

use crate::directory::{LIMITS, again, outputs, run_in};
use crate::host::Host;
use crate::plane::{end, lines};
use crate::warm::said;
use crate::worktree::{played, task};
use crate::world::{Kind, World, survivors};

const KINDS: [Kind; 2] = [Kind::Bare, Kind::Bubblewrap];

/// The files that were said whole, each put together from its parts and compared with its digest.
fn kept(events: &[RunEvent]) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut whole = BTreeMap::new();
    for event in events {
        match &event.what {
            Happening::FilePiece { path, offset, data } => {
                let file = files.entry(path.clone()).or_default();
                assert_eq!(file.len() as u64, *offset, "{path}");
                file.extend(&data.0);
            }
            Happening::File {
                path,
                bytes,
                sha256,
                ..
            } => {
                let file = files.remove(path).unwrap_or_default();
                assert_eq!(
                    (file.len() as u64, &digest(&file)),
                    (*bytes, sha256),
                    "{path}"
                );
                assert_eq!(whole.insert(path.clone(), file), None, "{path} came twice");
            }
            Happening::FileLeft { path, .. } => {
                files.remove(path);
            }
            _ => {}
        }
    }
    assert!(files.is_empty(), "begun and not ended: {:?}", files.keys());
    whole
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// What was not kept, and why.
fn left(events: &[RunEvent]) -> Vec<(String, String)> {
    let left = |event: &RunEvent| match &event.what {
        Happening::FileLeft { path, reason } => Some((path.clone(), reason.clone())),
        _ => None,
    };
    events.iter().filter_map(left).collect()
}

fn pieces(events: &[RunEvent]) -> usize {
    let piece = |event: &&RunEvent| matches!(event.what, Happening::FilePiece { .. });
    events.iter().filter(piece).count()
}

fn texts(files: &BTreeMap<String, Vec<u8>>) -> Vec<(&str, &str)> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    files
        .iter()
        .map(|(path, file)| (path.as_str(), text(file)))
        .collect()
}

#[tokio::test]
async fn files_are_said_whole_before_the_end_with_their_paths_and_modes() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let script = "cd $out; echo one > a.txt; mkdir -p b/c; printf two > 'b/c/ü b.md'; : > empty; \
                      chmod 755 a.txt; head -c 700000 /dev/zero > big; echo done";
        let events = played(&world, &run_in(&world, "r1", script)).await;
        assert_eq!(lines(&events), ["done"], "{:?}", end(&events));
        let files = kept(&events);
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["a.txt", "b/c/ü b.md", "big", "empty"],
            "{:?}",
            left(&events)
        );
        assert_eq!(files["a.txt"], b"one\n");
        assert_eq!(files["big"], vec![0; 700_000]);
        assert_eq!(pieces(&events), 1 + 1 + 4);
        assert_eq!(left(&events), []);
        let modes: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.what {
                Happening::File { path, mode, .. } => Some((path.as_str(), *mode & 0o111)),
                _ => None,
            })
            .collect();
        assert_eq!(modes[0], ("a.txt", 0o111));
        assert_eq!(modes[1].1, 0);
        assert_eq!(end(&events).code, Some(0));
    }
}

#[tokio::test]
async fn a_hostile_tree_yields_its_plain_files_and_words_about_the_rest() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let script = "cd $out; echo good > good; ln -s /etc/passwd link; ln -s /etc etc; ln -s good inside; \
                      mkfifo pipe; printf x > \"$(printf 'bad\\377name')\"; printf x > \"$(printf 'new\\nline')\"; \
                      truncate -s 1T sparse; echo x > closed; chmod 000 closed; mkdir shut; echo x > shut/x; \
                      chmod 000 shut; ln good second; d=deep; mkdir $d; cd $d; \
                      for i in $(seq 40); do mkdir d; cd d; done; echo deep > file";
        let events = played(&world, &run_in(&world, "r1", script)).await;
        assert_eq!(end(&events).code, Some(0), "{:?}", end(&events));
        let files = kept(&events);
        assert_eq!(texts(&files), [("good", "good\n"), ("second", "good\n")]);
        let left: BTreeMap<_, _> = left(&events).into_iter().collect();
        let deep = format!("deep{}", "/d".repeat(15));
        for (path, words) in [
            ("link", "it is a link"),
            ("etc", "it is a link"),
            ("inside", "it is a link"),
            ("pipe", "it is a pipe"),
            ("bad\u{fffd}name", "not UTF-8"),
            ("new\u{fffd}line", "control characters"),
            ("sparse", "run_file_bytes_max"),
            ("closed", "Permission denied"),
            ("shut", "Permission denied"),
            (&deep, "it lies in more than 15 directories"),
        ] {
            let reason = left.get(path).unwrap_or_else(|| panic!("{path}: {left:?}"));
            assert!(reason.contains(words), "{path}: {reason}");
        }
        assert_eq!(left.len(), 10, "{left:?}");
        assert_eq!(survivors(events[0].run), [""; 0]);
    }
}

#[tokio::test]
async fn outputs_that_are_a_link_are_not_read_and_those_that_are_gone_are_none() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let script = "rm -r $out; ln -s /etc $out";
        let events = played(&world, &run_in(&world, "r1", script)).await;
        assert_eq!(kept(&events), BTreeMap::new());
        assert_eq!(left(&events), [(".".to_owned(), "it is a link".to_owned())]);
        let events = played(&world, &run_in(&world, "r2", "rm -r $out")).await;
        assert_eq!((kept(&events).len(), left(&events)), (0, vec![]));
        let script = "rm -r $out; cd ..; rmdir r3; ln -s /etc r3";
        let events = played(&world, &run_in(&world, "r3", script)).await;
        assert_eq!(left(&events), [(".".to_owned(), "it is a link".to_owned())]);
    }
}

#[tokio::test]
async fn what_the_agent_could_not_read_is_not_read_for_it() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for kind in KINDS {
        let world = World::new(kind).await;
        played(&world, &run_in(&world, "r1", "true")).await;
        let theirs = world.path("workspace/runs/r1/outputs/theirs");
        std::fs::write(&theirs, "not the agent's").unwrap();
        std::fs::set_permissions(&theirs, std::fs::Permissions::from_mode(0o600)).unwrap();
        let events = played(&world, &run_in(&world, "r1", "echo mine > $out/mine")).await;
        assert_eq!(texts(&kept(&events)), [("mine", "mine\n")]);
        let (path, reason) = left(&events).remove(0);
        assert!(
            path == "theirs" && reason.contains("Permission denied"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn ten_thousand_files_are_kept_up_to_the_limit_and_the_rest_are_counted() {
    let world = World::new(Kind::Bubblewrap).await;
    let script = "cd $out; seq -f '%05g' 10000 | xargs touch";
    let mut spec = run_in(&world, "r1", script);
    spec.outputs = outputs(FileLimits {
        files_max: 20,
        ..LIMITS
    });
    let events = played(&world, &spec).await;
    let files = kept(&events);
    let names: Vec<_> = files.keys().cloned().collect();
    let first: Vec<String> = (1..=20).map(|number| format!("{number:05}")).collect();
    assert_eq!(names, first);
    let left = left(&events);
    assert_eq!(left.len(), 101);
    assert!(left[0].1.contains("run_files_max"), "{:?}", left[0]);
    let all = (".".to_owned(), "9880 more were not kept".to_owned());
    assert_eq!(left[100], all);
}

#[tokio::test]
async fn a_directory_without_end_is_looked_at_up_to_a_limit() {
    let world = World::new(Kind::Bare).await;
    let script = "cd $out; seq 20100 | xargs touch";
    let mut spec = run_in(&world, "r1", script);
    spec.outputs = outputs(FileLimits {
        files_max: 0,
        ..LIMITS
    });
    let events = played(&world, &spec).await;
    let left = left(&events);
    assert!(
        left[100].1.contains("19901 more"),
        "20000 names, and that there are more: {:?}",
        left[100]
    );
}

#[tokio::test]
async fn files_are_kept_as_long_as_all_of_them_fit() {
    let world = World::new(Kind::Bubblewrap).await;
    let script = "cd $out; head -c 600 /dev/zero > a; head -c 500 /dev/zero > b; \
                  head -c 400 /dev/zero > c; head -c 1001 /dev/zero > d";
    let mut spec = run_in(&world, "r1", script);
    spec.outputs = outputs(FileLimits {
        file_bytes_max: 1_000,
        bytes_max: 1_000,
        ..LIMITS
    });
    let events = played(&world, &spec).await;
    let names: Vec<_> = kept(&events).into_keys().collect();
    assert_eq!(names, ["a", "c"]);
    let left = left(&events);
    assert!(left[0].0 == "b" && left[0].1.contains("run_files_bytes_max"));
    assert!(left[1].0 == "d" && left[1].1.contains("run_file_bytes_max"));
}

#[tokio::test]
async fn a_file_with_a_secret_of_the_run_is_not_kept() {
    let world = World::new(Kind::Bubblewrap).await;
    // The last one stands on the border of two parts.
    let script = "cd $out; echo \"key: $KEY\" > plain; printf %s \"$KEY\" | base64 > coded; \
                  head -c 196600 /dev/zero > border; printf %s \"$KEY\" >> border; \
                  head -c 300000 /dev/zero >> border; echo fine > fine; echo x > \"name-$KEY\"";
    let mut spec = run_in(&world, "r1", script);
    let key = "secret-of-the-run-1618";
    spec.secrets.insert("KEY".to_owned(), key.to_owned());
    let events = played(&world, &spec).await;
    assert_eq!(texts(&kept(&events)), [("fine", "fine\n")]);
    let left: BTreeMap<_, _> = left(&events).into_iter().collect();
    let names: Vec<_> = left.keys().map(String::as_str).collect();
    assert_eq!(names, ["border", "coded", "name-***", "plain"]);
    assert!(left["plain"].contains("a secret of the run"));
    assert!(!world.journal(spec.run).contains(key));
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a"), vec![7; 4 << 20]).unwrap();
    std::fs::write(dir.path().join("b"), "b").unwrap();
    let mut reader = Command::new(env!("CARGO_BIN_EXE_optio-runner"))
        .arg("collect")
        .current_dir(dir.path().parent().unwrap())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let order = serde_json::json!({
        "dir": dir.path().file_name().unwrap().to_str().unwrap(),
        "limits": LIMITS,
    });
    serde_json::to_writer(reader.stdin.take().unwrap(), &order).unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader.stdout.take().unwrap()));
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("\"piece\""), "{:.100}", first);
    // It waits for whoever listens: a pipe holds less than the file.
    let mut file = std::fs::File::options()
        .append(true)
        .open(dir.path().join("a"))
        .unwrap();
    std::io::Write::write_all(&mut file, b"more").unwrap();
    let said: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .filter(|said: &serde_json::Value| said["said"] != "piece")
        .collect();
    assert_eq!(said[0]["path"], "a");
    assert_eq!(said[0]["reason"], "it changed while it was read");
    assert_eq!(
        (&said[1]["said"], &said[1]["path"]),
        (&"whole".into(), &"b".into())
    );
    assert_eq!(said[2]["said"], "done");
    assert!(reader.wait().unwrap().success());
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_the_files_leaves_no_hole() {
    let mut world = World::new(Kind::Bubblewrap).await;
    let script =
        "cd $out; for n in 1 2 3 4 5 6; do head -c 4000000 /dev/urandom > $n; done; sha256sum *";
    let spec = run_in(&world, "r1", script);
    let run = world.plane.start(&spec);
    for after in [5, 40, 90] {
        world
            .plane
            .until("some parts", |memory| {
                (after < pieces(memory.events.get(&run)?)).then_some(())
            })
            .await;
        let before = world.plane.look(|memory| memory.hellos.len());
        world.plane.go_away().await;
        world.plane.come_back().await;
        world.hello_after(before).await;
    }
    let events = world.plane.ended(run).await;
    let sums: Vec<String> = kept(&events)
        .iter()
        .map(|(path, file)| format!("{}  {path}", digest(file)))
        .collect();
    assert_eq!(sums.len(), 6);
    assert_eq!(lines(&events), sums);
}

#[tokio::test]
async fn a_runner_that_dies_in_the_middle_says_so_and_the_next_run_says_all() {
    for kind in KINDS {
        let mut world = World::new(kind).await;
        let script = "cd $out; for n in 1 2 3 4 5 6 7 8; do head -c 3000000 /dev/zero > $n; done";
        let spec = run_in(&world, "r1", script);
        let run = world.plane.start(&spec);
        world
            .plane
            .until("some parts", |memory| {
                (0 < pieces(memory.events.get(&run)?)).then_some(())
            })
            .await;
        world.kill_runner();
        world.start_runner().await;
        let events = world.plane.ended(run).await;
        assert_eq!(end(&events).cause, EndCause::RunnerDied);
        let whole = |event: &&RunEvent| matches!(event.what, Happening::File { .. });
        assert!(events.iter().filter(whole).count() < 8);
        let (path, reason) = left(&events).pop().unwrap();
        assert!(
            path == "." && reason.contains("the runner died"),
            "{reason}"
        );
        assert_eq!(survivors(run), [""; 0]);
        let mut next = again(spec);
        next.args[1] = "true".to_owned();
        assert_eq!(kept(&played(&world, &next).await).len(), 8);
    }
}

#[tokio::test]
async fn what_a_stopped_run_has_left_is_kept_too() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let spec = run_in(&world, "r1", "echo half > $out/half; echo ready; sleep 300");
        let run = world.plane.start(&spec);
        world.plane.line(run, "ready").await;
        world.plane.stop(run);
        let events = world.plane.ended(run).await;
        assert_eq!(end(&events).cause, EndCause::Stopped);
        assert_eq!(
            texts(&kept(&events)),
            [("half", "half\n")],
            "{:?}",
            left(&events)
        );
    }
}

#[tokio::test]
async fn a_run_that_never_began_keeps_nothing() {
    let world = World::new(Kind::Bubblewrap).await;
    played(&world, &run_in(&world, "r1", "echo x > $out/x")).await;
    let mut spec = run_in(&world, "r1", "");
    spec.program = "/nowhere/agent".to_owned();
    let events = played(&world, &spec).await;
    assert_eq!(end(&events).cause, EndCause::Missing);
    assert_eq!((kept(&events).len(), left(&events)), (0, vec![]));
}

#[tokio::test]
async fn a_run_without_outputs_says_nothing_of_files() {
    let world = World::new(Kind::Bubblewrap).await;
    let mut spec = run_in(
        &world,
        "r1",
        "mkdir -p outputs; echo x > outputs/x; echo \"[$out]\"",
    );
    spec.outputs = None;
    let events = played(&world, &spec).await;
    assert_eq!(lines(&events), ["[]"]);
    assert_eq!((pieces(&events), left(&events)), (0, vec![]));
}

#[tokio::test]
async fn files_of_a_task_are_said_beside_the_account_of_its_worktree() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let mut spec = task(
            &world,
            &host,
            "t1",
            "echo report > $OPTIO_OUTPUTS_DIR/report.md",
        );
        spec.outputs = outputs(LIMITS);
        let events = played(&world, &spec).await;
        assert_eq!(texts(&kept(&events)), [("report.md", "report\n")]);
        assert_eq!(crate::worktree::left(&events).dirty_files, 0);
        assert_eq!(end(&events).code, Some(0));
    }
}

#[tokio::test]
async fn files_are_kept_of_each_run_that_a_waiting_program_serves() {
    let world = World::new(Kind::Bubblewrap).await;
    let spoken = |words: &str, process| {
        let mut spec = said(&world, words, process);
        let line = "    *) begin; echo \"$line\" > \"$OPTIO_OUTPUTS_DIR/said\"; end ;;";
        let agent = spec.args[1].replace("    *) begin;", &format!("{line}\n    never) begin;"));
        spec.args[1] = agent.replace("  *) begin; echo \"heard", "  never) echo \"heard");
        spec.directory = run_in(&world, "r1", "").directory;
        spec.outputs = outputs(LIMITS);
        spec
    };
    let first = spoken("one", None);
    let events = played(&world, &first).await;
    assert_eq!(end(&events).cause, EndCause::Finished);
    assert_eq!(texts(&kept(&events)), [("said", "one\n")]);
    let events = played(&world, &spoken("two", Some(first.run))).await;
    assert_eq!(texts(&kept(&events)), [("said", "two\n")]);
}

#[tokio::test]
async fn a_journal_that_takes_no_more_files_ends_the_run_as_it_ends_any_other() {
    let mut world = World::without_runner(Kind::Bubblewrap).await;
    // Files of this runner cannot grow beyond 512 KiB: to it, the disk is full.
    let mut limited = Command::new("/bin/sh");
    limited.args([
        "-c",
        "trap '' XFSZ; ulimit -f 1024; exec \"$0\" 2>/dev/null",
    ]);
    limited.arg(env!("CARGO_BIN_EXE_optio-runner"));
    let runner = world.spawn(&mut limited);
    world.keep_runner(runner);
    let script = "cd $out; for n in 1 2 3 4; do head -c 400000 /dev/zero > $n; done; echo done";
    let spec = run_in(&world, "r1", script);
    let events = played(&world, &spec).await;
    assert_eq!(lines(&events), ["done"]);
    let ended = end(&events);
    assert_eq!(ended.cause, EndCause::JournalFailed);
    assert!(ended.detail.unwrap().contains("too large"));
    assert_eq!(survivors(spec.run), [""; 0]);
}
