//! The files of runs, as clients list and get them.

use std::io::Read as _;

use optio_domain::{
    id::{RunId, TaskId},
    task::TaskState,
    wire::{
        outputs::Piece,
        runner::{Happening, RunEvent},
    },
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{
    api::{Api, until},
    routes::texts,
};

const TASKS: &str = "/api/tasks";
/// The digests of `abc`, of nothing, and of so many zeros.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const MANY: usize = 400_000;
const ZEROS: &str = "946cc2661d32ad837bd22fb051ee47ed6012e33a6db1617870fec60691ed7f09";

fn file(path: &str, content: &[u8], sha256: &str, mode: u32) -> Vec<Happening> {
    let mut said: Vec<Happening> = content
        .chunks(150_000)
        .scan(0, |offset, part| {
            let piece = Happening::FilePiece {
                path: path.to_owned(),
                offset: *offset,
                data: Piece(part.to_vec()),
            };
            *offset += part.len() as u64;
            Some(piece)
        })
        .collect();
    said.push(Happening::File {
        path: path.to_owned(),
        bytes: content.len() as u64,
        sha256: sha256.to_owned(),
        mode,
    });
    said
}

impl Api {
    /// A task whose open run has left these files.
    async fn with_files(&self, said: Vec<Happening>) -> (String, RunId) {
        let body =
            json!({ "title": "one", "prompt": "p", "repoUrl": "https://github.com/ada/engine" });
        let made = self.post(TASKS, body).await.is(201)["task"]["id"].clone();
        self.leaves(&made, said).await
    }

    /// A run of a job that has left these files.
    async fn run_with_files(&self, said: Vec<Happening>) -> (String, RunId) {
        let job = json!({ "name": "digest", "promptTemplate": "p" });
        self.post("/api/jobs", job).await.is(201);
        let started = self.post("/api/jobs/digest/runs", json!({})).await;
        let made = started.is(201)["run"]["id"].clone();
        self.leaves(&made, said).await
    }

    async fn leaves(&self, id: &Value, said: Vec<Happening>) -> (String, RunId) {
        let id = id.as_str().unwrap().to_owned();
        let task: TaskId = id.parse().unwrap();
        let (sandbox, run) = until(async || {
            let row = self.world.store.task(task).await.unwrap()?;
            let TaskState::Provisioning { run } = row.state else {
                return None;
            };
            Some((row.sandbox?, run))
        })
        .await;
        let epoch = self.world.store.run(run).await.unwrap().unwrap().epoch;
        let event = |(seq, what)| RunEvent {
            run,
            epoch,
            seq,
            at: self.world.clock.now(),
            what,
        };
        let events: Vec<RunEvent> = (1..).zip(said).map(event).collect();
        self.report(sandbox, &events).await;
        (id, run)
    }

    /// Gets something that is not JSON.
    async fn raw(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn files_are_listed_with_what_was_not_kept_and_why() {
    let api = Api::new().await;
    let mut said = file("b/run.sh", b"abc", ABC, 0o755);
    said.extend(file("a.md", b"abc", ABC, 0o644));
    said.push(Happening::FileLeft {
        path: "big".to_owned(),
        reason: "it is too large".to_owned(),
    });
    let (id, run) = api.with_files(said).await;
    let listed = api
        .get(&format!("{TASKS}/{id}/files"))
        .await
        .is(200)
        .clone();
    assert_eq!(
        listed,
        json!({
            "files": [
                { "path": "a.md", "size": 3, "sha256": ABC, "contentType": "text/markdown; charset=utf-8",
                  "executable": false, "attempt": 1, "runId": run, "createdAt": "2026-01-01T12:00:00Z" },
                { "path": "b/run.sh", "size": 3, "sha256": ABC, "contentType": "application/octet-stream",
                  "executable": true, "attempt": 1, "runId": run, "createdAt": "2026-01-01T12:00:00Z" },
            ],
            "left": [
                { "path": "big", "reason": "it is too large", "attempt": 1, "createdAt": "2026-01-01T12:00:00Z" },
            ],
        })
    );
    let short = api.get(&format!("{TASKS}/{}/files", &id[..18])).await;
    assert_eq!(short.is(200), &listed);
    let second = api.get(&format!("{TASKS}/{id}/files?attempt=2")).await;
    assert_eq!(second.is(200), &json!({ "files": [], "left": [] }));
    let first = api.get(&format!("{TASKS}/{id}/files?attempt=1")).await;
    assert_eq!(texts(&first.is(200)["files"], "path"), ["a.md", "b/run.sh"]);
}

#[tokio::test]
async fn a_file_is_handed_out_to_be_saved_and_is_never_a_page() {
    let api = Api::new().await;
    let mut said = file("a b/ü\".html", b"abc", ABC, 0o644);
    said.extend(file("notes.txt", b"abc", ABC, 0o644));
    let (id, _) = api.with_files(said).await;
    let page = api
        .raw(&format!("{TASKS}/{id}/files/a%20b/%C3%BC%22.html"))
        .await;
    assert_eq!(page.status(), 200);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("content-length", "3"),
        ("etag", &format!("\"{ABC}\"")),
        (
            "content-disposition",
            "attachment; filename=\"__.html\"; filename*=UTF-8''%C3%BC%22%2Ehtml",
        ),
    ] {
        assert_eq!(header(&page, name), value);
    }
    assert_eq!(page.text().await.unwrap(), "abc");
    let notes = api.raw(&format!("{TASKS}/{id}/files/notes.txt")).await;
    assert_eq!(header(&notes, "content-type"), "text/plain; charset=utf-8");
    let disposition = header(&notes, "content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"notes.txt\""));
}

#[tokio::test]
async fn a_large_file_comes_in_its_parts_and_all_of_it() {
    let api = Api::new().await;
    let content = vec![0; MANY];
    let (id, _) = api.with_files(file("zeros", &content, ZEROS, 0o644)).await;
    let got = api.raw(&format!("{TASKS}/{id}/files/zeros")).await;
    assert_eq!(header(&got, "content-length"), MANY.to_string());
    assert_eq!(got.bytes().await.unwrap(), content);
}

#[tokio::test]
async fn all_files_come_as_one_archive() {
    let api = Api::new().await;
    let long = format!("{}/{}.txt", "d".repeat(90), "n".repeat(90));
    let zeros = vec![0; MANY];
    let mut said = file("run.sh", b"abc", ABC, 0o4755);
    said.extend(file(&long, b"abc", ABC, 0o600));
    said.extend(file("empty", b"", NOTHING, 0o644));
    said.extend(file("zeros", &zeros, ZEROS, 0o644));
    let (id, _) = api.with_files(said).await;
    let got = api.raw(&format!("{TASKS}/{id}/files.tar")).await;
    assert_eq!(header(&got, "content-type"), "application/x-tar");
    assert!(header(&got, "content-disposition").contains(&format!("files-{id}.tar")));
    let bytes = got.bytes().await.unwrap();
    let mut archive = tar::Archive::new(&bytes[..]);
    let mut found = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let header = entry.header();
        assert_eq!(header.mtime().unwrap(), 1_767_268_800);
        found.push((path, header.mode().unwrap(), content));
    }
    let wanted = [
        (long, 0o644, b"abc".to_vec()),
        ("empty".to_owned(), 0o644, Vec::new()),
        ("run.sh".to_owned(), 0o755, b"abc".to_vec()),
        ("zeros".to_owned(), 0o644, zeros),
    ];
    assert_eq!(found, wanted);
    let none = api.raw(&format!("{TASKS}/{id}/files.tar?attempt=9")).await;
    let bytes = none.bytes().await.unwrap();
    assert_eq!(tar::Archive::new(&bytes[..]).entries().unwrap().count(), 0);
}

#[tokio::test]
async fn a_run_of_a_job_has_its_files_under_the_runs_and_a_task_that_is_none_has_not() {
    let api = Api::new().await;
    let (id, _) = api
        .run_with_files(file("a/b.txt", b"abc", ABC, 0o644))
        .await;
    let at = format!("/api/workflow-runs/{id}");
    let listed = api.get(&format!("{at}/files")).await.is(200).clone();
    assert_eq!(texts(&listed["files"], "path"), ["a/b.txt"]);
    let got = api.raw(&format!("{at}/files/a/b.txt")).await;
    assert_eq!(got.text().await.unwrap(), "abc");
    let bytes = api
        .raw(&format!("{at}/files.tar"))
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(tar::Archive::new(&bytes[..]).entries().unwrap().count(), 1);
    let (task, _) = api.with_files(file("a", b"abc", ABC, 0o644)).await;
    for path in ["files", "files/a", "files.tar"] {
        let answer = api.get(&format!("/api/workflow-runs/{task}/{path}")).await;
        answer.refused(404, &["no run", "of a job"]);
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_whole_is_not_handed_out() {
    let api = Api::new().await;
    let mut said = file("torn", b"abc", ABC, 0o644);
    said.pop();
    said.extend(file("false", b"abd", ABC, 0o644));
    let (id, _) = api.with_files(said).await;
    for path in ["torn", "false", "nothing", "%2e%2e/x", "a/../false", "."] {
        let answer = api.get(&format!("{TASKS}/{id}/files/{path}")).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    api.get(&format!("{TASKS}/{id}/files/nothing"))
        .await
        .refused(404, &["no file `nothing` is kept"]);
    api.get(&format!("{TASKS}/{id}/files/a%00b"))
        .await
        .refused(400, &["NUL"]);
    for attempt in ["0", "-1", "x", "99999999999"] {
        let answer = api
            .get(&format!("{TASKS}/{id}/files?attempt={attempt}"))
            .await;
        answer.refused(400, &["attempt: must be a whole number from 1"]);
    }
    let nobody = "0198b2f0-7f00-7000-8000-000000000001";
    for (path, words) in [
        (format!("{TASKS}/{nobody}/files"), "no task"),
        (format!("{TASKS}/{nobody}/files/a"), "no task"),
        (format!("{TASKS}/{nobody}/files.tar"), "no task"),
        (format!("/api/workflow-runs/{nobody}/files"), "no task"),
    ] {
        api.get(&path).await.refused(404, &[words]);
    }
    let left = api.get(&format!("{TASKS}/{id}/files")).await.is(200)["left"].clone();
    assert_eq!(texts(&left, "path"), ["false"]);
}

#[tokio::test]
async fn the_description_names_the_path_of_a_file_as_any_other_parameter() {
    let described: Value = serde_json::from_str(&crate::openapi()).unwrap();
    for family in ["/api/tasks/{task}", "/api/workflow-runs/{run}"] {
        for path in ["files", "files/{path}", "files.tar"] {
            let operation = &described["paths"][format!("{family}/{path}")]["get"];
            assert!(operation.is_object(), "{family}/{path}");
        }
    }
}
