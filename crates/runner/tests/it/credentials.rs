//! Credentials: asked for at each use, and nowhere to be found.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use optio_domain::wire::runner::{EndCause, RunEvent, RunSpec};
use serde_json::json;

use crate::host::{Host, PASSWORD, RUN_TOKEN};
use crate::plane::{end, errors, lines};
use crate::worktree::{fresh, left, played, preparing, task};
use crate::world::{Kind, World};

const KINDS: [Kind; 2] = [Kind::Bare, Kind::Bubblewrap];

/// A run that may ask.
fn asking(world: &World, host: &Host, script: &str) -> RunSpec {
    let mut spec = fresh(task(world, host, "t1", script));
    spec.env.insert("OPTIO_API_URL".to_owned(), host.base());
    spec.secrets
        .insert("OPTIO_RUN_TOKEN".to_owned(), RUN_TOKEN.to_owned());
    spec
}

/// Files below a directory that contain a text.
fn containing(dir: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(path) = open.pop() {
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if kind.is_file() {
            let bytes = fs::read(&path).unwrap();
            if bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn git_asks_for_credentials_at_each_use_with_the_token_of_the_run() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        host.close();
        // The command lines of everything that runs meanwhile are looked at as well.
        let script = "spy() { while :; do cat /proc/[0-9]*/cmdline || :; done > ../../seen 2>/dev/null; }; \
                      spy & git commit -q --allow-empty -m work; git push -q; git fetch -q; \
                      kill $!; git config --list; env | grep -v ^OPTIO_RUN_TOKEN=";
        let events = played(&world, &asking(&world, &host, script)).await;
        assert_eq!(
            end(&events).code,
            Some(0),
            "{:?} {:?}",
            errors(&events),
            preparing(&events)
        );
        assert_eq!(left(&events).unpushed, 0);
        let asked = host.memory.lock().unwrap().asked.clone();
        // To clone, to push, to fetch.
        assert_eq!(asked.len(), 3);
        let host_name = host.address.to_string();
        let question = json!({"protocol": "http", "host": host_name, "path": "shop.git"});
        assert!(asked.iter().all(|it| *it == question), "{asked:?}");
        assert!(fs::metadata(world.path("workspace/seen")).unwrap().len() > 0);
        for secret in [PASSWORD, RUN_TOKEN] {
            assert_eq!(containing(&world.path(""), secret), [""; 0]);
            assert!(!format!("{events:?}").contains(secret));
        }
    }
}

#[tokio::test]
async fn refused_credentials_are_the_end_with_the_words_of_the_control_plane() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    host.close();
    host.refuse();
    let ended = end(&played(&world, &asking(&world, &host, "echo never")).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    let detail = ended.detail.unwrap();
    assert!(
        detail.contains("403 this run may not use that repository"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_control_plane_that_does_not_answer_is_named() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    host.close();
    let mut spec = asking(&world, &host, "echo never");
    let nobody = "http://127.0.0.1:1".to_owned();
    spec.env.insert("OPTIO_API_URL".to_owned(), nobody.clone());
    let (wait, none) = ("OPTIO_CREDENTIALS_WAIT_MS", "0");
    spec.env.insert(wait.to_owned(), none.to_owned());
    let detail = end(&played(&world, &spec).await).detail.unwrap();
    let words = format!("the control plane at {nobody} does not answer");
    assert!(detail.contains(&words), "{detail}");
}

#[tokio::test]
async fn a_run_without_a_token_has_no_helper_and_no_door() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let script = "git config --get-all credential.helper || echo none; ls /run; echo $PATH";
    let events = played(&world, &fresh(task(&world, &host, "t1", script))).await;
    assert_eq!(lines(&events), ["none", "/usr/local/bin:/usr/bin:/bin"]);
    assert_eq!(host.asked(), 0);
}

/// A `gh` that says what it was given.
const GH: &str =
    "#!/bin/sh\necho \"$GH_TOKEN/$GH_ENTERPRISE_TOKEN/$GH_HOST/$GITHUB_TOKEN\" \"$@\"\n";

/// A run whose PATH has this `gh` before one that the machine may have.
async fn with_gh(world: &World, host: &Host, script: &str) -> Vec<RunEvent> {
    let tools = world.path("tools");
    fs::create_dir_all(&tools).unwrap();
    fs::write(tools.join("gh"), GH).unwrap();
    fs::set_permissions(tools.join("gh"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut spec = asking(world, host, script);
    let shown = tools.display().to_string();
    let path = format!("{shown}:/usr/local/bin:/usr/bin:/bin");
    spec.env.insert("PATH".to_owned(), path);
    spec.env
        .insert("GITHUB_TOKEN".to_owned(), "another".to_owned());
    spec.read_only.push(shown);
    played(world, &spec).await
}

#[tokio::test]
async fn gh_has_a_token_for_itself_and_for_this_host_only() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let script = "gh pr list; gh -R github.com/o/r pr list; GH_HOST=x.ghe.com gh api user; \
                      gh --version; echo \"${GH_TOKEN-none}\"";
        let events = with_gh(&world, &host, script).await;
        let here = host.address;
        let wanted = [
            format!("/{PASSWORD}/{here}/ pr list"),
            format!("{PASSWORD}/// -R github.com/o/r pr list"),
            format!("{PASSWORD}//x.ghe.com/ api user"),
            "///another --version".to_owned(),
            "none".to_owned(),
        ];
        assert_eq!(lines(&events), wanted, "{:?}", errors(&events));
        let asked = host.memory.lock().unwrap().asked.clone();
        let about = |at: usize| (asked[at]["host"].clone(), asked[at]["path"].clone());
        assert_eq!(asked.len(), 3);
        assert_eq!(about(0), (json!(here.to_string()), json!("shop.git")));
        assert_eq!(about(1), (json!("github.com"), json!("o/r")));
        assert_eq!(about(2), (json!("x.ghe.com"), json!(null)));
    }
}

#[tokio::test]
async fn gh_without_leave_or_without_gh_says_so() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let script = "set +e; gh pr list; echo $?";
    host.refuse();
    let events = with_gh(&world, &host, script).await;
    assert_eq!(lines(&events), ["1"]);
    assert!(errors(&events)[0].contains("may not use that repository"));
    let script = "set +e; PATH=$(dirname $(command -v gh)) gh pr list; echo $?";
    let events = played(&world, &asking(&world, &host, script)).await;
    assert_eq!(lines(&events), ["127"]);
    assert!(
        errors(&events)[0].contains("gh is not installed"),
        "{events:?}"
    );
}

#[tokio::test]
async fn glab_has_a_token_for_itself_and_for_this_host_only() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let tools = world.path("tools");
        fs::create_dir_all(&tools).unwrap();
        let glab = "#!/bin/sh\necho \"$GITLAB_TOKEN/$GITLAB_ACCESS_TOKEN/$GITLAB_HOST\" \"$@\"\n";
        fs::write(tools.join("glab"), glab).unwrap();
        fs::set_permissions(tools.join("glab"), fs::Permissions::from_mode(0o755)).unwrap();
        let script =
            "glab mr list; glab -R a/b/c mr list; glab --version; echo \"${GITLAB_TOKEN-none}\"";
        let mut spec = asking(&world, &host, script);
        let shown = tools.display().to_string();
        let path = format!("{shown}:/usr/local/bin:/usr/bin:/bin");
        spec.env.insert("PATH".to_owned(), path);
        let other = ("GITLAB_ACCESS_TOKEN".to_owned(), "another".to_owned());
        spec.env.extend([other]);
        spec.read_only.push(shown);
        let events = played(&world, &spec).await;
        let wanted = [
            format!("{PASSWORD}//http://{} mr list", host.address),
            format!("{PASSWORD}//https://gitlab.com -R a/b/c mr list"),
            "/another/ --version".to_owned(),
            "none".to_owned(),
        ];
        assert_eq!(lines(&events), wanted, "{:?}", errors(&events));
        let asked = host.memory.lock().unwrap().asked.clone();
        assert_eq!(asked[0]["path"], json!("shop.git"));
        assert_eq!(asked[1]["path"], json!("a/b/c"));
    }
}
