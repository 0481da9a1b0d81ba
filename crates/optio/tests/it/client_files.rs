//! `optio files`, as a person and as a script meet it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};

use crate::fake::{Fake, code, err, out};

const TASK: &str = "0198b2f0-7f00-7000-8000-000000000001";
const LIST: &str = "GET /api/tasks/0198b2f0-7f00-7000-8000-000000000001/files";
/// The digest of `abc`.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn file(path: &str) -> Value {
    json!({
        "path": path, "size": 3, "sha256": ABC, "contentType": "text/plain; charset=utf-8",
        "executable": path.ends_with(".sh"), "attempt": 2, "runId": TASK,
        "createdAt": "2020-01-01T00:00:00Z"
    })
}

fn files(paths: &[&str]) -> Value {
    let files: Vec<Value> = paths.iter().map(|path| file(path)).collect();
    let left = json!({ "path": "big.bin", "reason": "it has more than 10 bytes", "attempt": 2,
                       "createdAt": "2020-01-01T00:00:00Z" });
    json!({ "files": files, "left": [left] })
}

#[tokio::test]
async fn files_are_listed_with_what_was_not_kept_and_why() {
    let fake = Fake::new().await.json(LIST, 200, &files(&["a/report.md"]));
    let output = fake.optio(&["files", TASK]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let lines: Vec<String> = out(&output).lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "PATH         BYTES  ATTEMPT  CREATED");
    assert!(lines[1].starts_with("a/report.md  3      2        "));
    assert_eq!(
        err(&output),
        "not kept: big.bin: it has more than 10 bytes\n"
    );
    let fake = Fake::new().await.json(LIST, 200, &files(&["a"]));
    let output = fake
        .optio(&["files", TASK, "--attempt", "2", "--json"])
        .await;
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, files(&["a"]));
    assert!(fake.came()[0].line.ends_with("/files?attempt=2"));
}

#[tokio::test]
async fn an_id_of_no_task_may_be_that_of_a_run() {
    let missing = json!({ "error": "there is no task" });
    let fake = Fake::new()
        .await
        .json("GET /api/tasks/", 404, &missing)
        .json("GET /api/workflow-runs/", 200, &files(&["a"]))
        .file("GET /api/workflow-runs/0198b2f0/files/a?attempt=2", "abc");
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().to_str().unwrap();
    let output = fake.optio(&["files", "0198b2f0", "--download", to]).await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(fs::read(dir.path().join("a")).unwrap(), b"abc");
    let fake = Fake::new()
        .await
        .json("GET /api/tasks/", 404, &missing)
        .json("GET /api/workflow-runs/", 404, &missing);
    let output = fake.optio(&["files", "0198b2f0"]).await;
    assert_eq!(code(&output), 4);
    assert!(err(&output).starts_with("optio: there is no task\n"));
}

#[tokio::test]
async fn files_are_downloaded_below_the_directory_and_replace_what_was_there() {
    let fake = Fake::new()
        .await
        .json(LIST, 200, &files(&["b c/run.sh", "old"]))
        .file(
            "GET /api/tasks/0198b2f0-7f00-7000-8000-000000000001/files/b%20c/run.sh?attempt=2",
            "abc",
        )
        .file(
            "GET /api/tasks/0198b2f0-7f00-7000-8000-000000000001/files/old?attempt=2",
            "abc",
        );
    let dir = tempfile::tempdir().unwrap();
    let (to, outside) = (dir.path().join("to"), dir.path().join("outside"));
    fs::create_dir(&to).unwrap();
    fs::write(&outside, "outside").unwrap();
    std::os::unix::fs::symlink(&outside, to.join("old")).unwrap();
    let output = fake
        .optio(&["files", TASK, "--download", to.to_str().unwrap()])
        .await;
    assert_eq!(code(&output), 0, "{}", err(&output));
    let words = format!("downloaded 2 files, 6 bytes, to {}\n", to.display());
    assert_eq!(out(&output), words);
    assert_eq!(fs::read(to.join("b c/run.sh")).unwrap(), b"abc");
    let mode = |path: &str| fs::metadata(to.join(path)).unwrap().permissions().mode();
    assert_eq!(
        (mode("b c/run.sh") & 0o100, mode("old") & 0o111),
        (0o100, 0)
    );
    assert_eq!(
        fs::read(&outside).unwrap(),
        b"outside",
        "links are replaced"
    );
    assert_eq!(fs::read_dir(&to).unwrap().count(), 2);
}

#[tokio::test]
async fn a_server_that_names_a_path_outside_is_not_obeyed() {
    for path in ["../evil", "/tmp/optio-evil", "a/../../evil"] {
        let fake = Fake::new()
            .await
            .json(LIST, 200, &files(&[path]))
            .file("GET", "abc");
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("to");
        let output = fake
            .optio(&["files", TASK, "--download", to.to_str().unwrap()])
            .await;
        assert_eq!(code(&output), 1, "{path}");
        assert!(err(&output).contains("does not lie below"), "{path}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{path}");
        assert_eq!(fake.came().len(), 1);
    }
}

#[tokio::test]
async fn a_file_that_did_not_come_whole_is_not_there() {
    let fake = Fake::new()
        .await
        .json(LIST, 200, &files(&["a"]))
        .file("GET", "abd");
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().to_str().unwrap();
    let output = fake.optio(&["files", TASK, "--download", to]).await;
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("did not come whole"),
        "{}",
        err(&output)
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
