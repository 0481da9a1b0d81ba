//! The files that runs have left: listed, one by one, and all together as an archive. What an agent has
//! written is handed out to be saved, never to be shown: a browser must not take it for a page of ours.

use std::io;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream::try_unfold};
use optio_domain::id::{RunId, TaskId};
use optio_store::{
    Store, StoreError,
    run_files::{LeftFileRow, RunFileRow},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    jobs,
    tasks::{find, whole},
};
use crate::{
    Gateway,
    body::{Named, Params},
    caller::Person,
    error::{ApiError, Problem},
};

/// Bytes of a block of an archive, and what ends it.
const BLOCK: usize = 512;
const ARCHIVE_END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
/// Whatever a file is, it executes nothing and loads nothing.
const POLICY: &str = "default-src 'none'; sandbox";
/// What nobody knows more about.
const BYTES: &str = "application/octet-stream";
/// Endings of files that do no harm wherever they are opened.
const HARMLESS: [(&str, &str); 14] = [
    ("csv", "text/csv; charset=utf-8"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("tar", "application/x-tar"),
    ("txt", "text/plain; charset=utf-8"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// Which files.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichFiles {
    /// Only those of this attempt, by its number.
    #[param(value_type = Option<i64>, minimum = 1)]
    attempt: Option<String>,
}

impl WhichFiles {
    fn attempt(&self) -> Result<Option<i32>, ApiError> {
        let number = whole("attempt", self.attempt.as_deref(), 0, 1..=i32::MAX.into())?;
        Ok(i32::try_from(number).ok().filter(|number| 0 < *number))
    }
}

/// A file that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunFileView {
    /// Where it lay below the outputs; appended to the path of the list it is where to get it.
    path: String,
    /// Its bytes.
    size: i64,
    /// In hexadecimal digits.
    sha256: String,
    content_type: &'static str,
    /// Whether it may be executed.
    executable: bool,
    /// The number of the attempt that has left it.
    attempt: i32,
    run_id: Uuid,
    created_at: DateTime<Utc>,
}

impl From<RunFileRow> for RunFileView {
    fn from(row: RunFileRow) -> Self {
        Self {
            content_type: content_type(&row.path),
            path: row.path,
            size: row.bytes,
            sha256: row.sha256,
            executable: row.mode & 0o111 != 0,
            attempt: row.attempt,
            run_id: row.run_id,
            created_at: row.created_at,
        }
    }
}

/// A file that is not kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeftFileView {
    /// Where it lay below the outputs; a dot where all of them are meant.
    path: String,
    /// Why it is not kept, in words.
    reason: String,
    /// The number of the attempt that has left it.
    attempt: i32,
    created_at: DateTime<Utc>,
}

impl From<LeftFileRow> for LeftFileView {
    fn from(row: LeftFileRow) -> Self {
        Self {
            path: row.path,
            reason: row.reason,
            attempt: row.attempt,
            created_at: row.created_at,
        }
    }
}

/// Files, by path.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyRunFiles {
    /// Those that are kept; of each path the one that came last.
    files: Vec<RunFileView>,
    /// Those that the last attempt has left and that are not kept.
    left: Vec<LeftFileView>,
}

/// Lists the files that a task's runs have left in `OPTIO_OUTPUTS_DIR`.
#[utoipa::path(get, path = "/api/tasks/{task}/files", tag = "tasks", params(WhichFiles,
    ("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyRunFiles), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn of_task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Params(which): Params<WhichFiles>,
) -> Result<Json<ManyRunFiles>, ApiError> {
    let task = find(&gateway, &task).await?.id;
    list(&gateway, task, which.attempt()?).await
}

/// Hands out one of them.
#[utoipa::path(get, path = "/api/tasks/{task}/files/{*path}", tag = "tasks", params(WhichFiles,
    ("task" = String, Path, description = "id, or its first eight digits or more"),
    ("path" = String, Path, description = "the path in the list, slashes included")),
    responses((status = 200, content_type = BYTES, body = String), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn one_of_task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((task, path)): Named<(String, String)>,
    Params(which): Params<WhichFiles>,
) -> Result<Response, ApiError> {
    let task = find(&gateway, &task).await?.id;
    one(&gateway, task, &path, which.attempt()?).await
}

/// Hands out all of them as a tar archive.
#[utoipa::path(get, path = "/api/tasks/{task}/files.tar", tag = "tasks", params(WhichFiles,
    ("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, content_type = "application/x-tar", body = String), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn archive_of_task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Params(which): Params<WhichFiles>,
) -> Result<Response, ApiError> {
    let task = find(&gateway, &task).await?.id;
    archive(&gateway, task, which.attempt()?).await
}

/// Lists the files that the attempts of a job's run have left in `OPTIO_OUTPUTS_DIR`.
#[utoipa::path(get, path = "/api/workflow-runs/{run}/files", tag = "jobs", params(WhichFiles,
    ("run" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyRunFiles), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn of_run(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(run): Named<String>,
    Params(which): Params<WhichFiles>,
) -> Result<Json<ManyRunFiles>, ApiError> {
    let run = jobs::runs::run(&gateway, &run).await?.id;
    list(&gateway, run, which.attempt()?).await
}

/// Hands out one of them.
#[utoipa::path(get, path = "/api/workflow-runs/{run}/files/{*path}", tag = "jobs", params(WhichFiles,
    ("run" = String, Path, description = "id, or its first eight digits or more"),
    ("path" = String, Path, description = "the path in the list, slashes included")),
    responses((status = 200, content_type = BYTES, body = String), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn one_of_run(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((run, path)): Named<(String, String)>,
    Params(which): Params<WhichFiles>,
) -> Result<Response, ApiError> {
    let run = jobs::runs::run(&gateway, &run).await?.id;
    one(&gateway, run, &path, which.attempt()?).await
}

/// Hands out all of them as a tar archive.
#[utoipa::path(get, path = "/api/workflow-runs/{run}/files.tar", tag = "jobs", params(WhichFiles,
    ("run" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, content_type = "application/x-tar", body = String), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn archive_of_run(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(run): Named<String>,
    Params(which): Params<WhichFiles>,
) -> Result<Response, ApiError> {
    let run = jobs::runs::run(&gateway, &run).await?.id;
    archive(&gateway, run, which.attempt()?).await
}

async fn list(
    gateway: &Gateway,
    task: TaskId,
    attempt: Option<i32>,
) -> Result<Json<ManyRunFiles>, ApiError> {
    let store = &gateway.world().store;
    let files = store.task_files(task, attempt).await?;
    let left = store.task_files_left(task, attempt).await?;
    Ok(Json(ManyRunFiles {
        files: files.into_iter().map(RunFileView::from).collect(),
        left: left.into_iter().map(LeftFileView::from).collect(),
    }))
}

async fn one(
    gateway: &Gateway,
    task: TaskId,
    path: &str,
    attempt: Option<i32>,
) -> Result<Response, ApiError> {
    let store = gateway.world().store.clone();
    let file = store.task_file(task, attempt, path).await?;
    let file = file.ok_or_else(|| {
        ApiError::Missing(format!(
            "no file `{path}` is kept; the list says which are, and why others are not"
        ))
    })?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let etag = format!("\"{}\"", file.sha256);
    let headers = [
        (header::CONTENT_LENGTH, HeaderValue::from(file.bytes)),
        (header::ETAG, value(&etag)?),
    ];
    let body = Body::from_stream(content(store, file));
    Ok((headers, saved(content_type(path), name, body)?).into_response())
}

async fn archive(
    gateway: &Gateway,
    task: TaskId,
    attempt: Option<i32>,
) -> Result<Response, ApiError> {
    let store = gateway.world().store.clone();
    let files = store.task_files(task, attempt).await?;
    let body = Body::from_stream(packed(store, files));
    saved("application/x-tar", &format!("files-{task}.tar"), body)
}

/// An answer that a browser saves under this name, and does not show.
fn saved(kind: &'static str, name: &str, body: Body) -> Result<Response, ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let ascii = name.replace(|c| !plain(c), "_");
    let coded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let disposition = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{coded}");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, value(&disposition)?),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
    ];
    Ok((headers, body).into_response())
}

fn value(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|error| ApiError::Internal(error.to_string()))
}

fn content_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    let known = HARMLESS.iter().find(|(known, _)| *known == ending);
    known.map_or(BYTES, |(_, kind)| kind)
}

/// The content of a file, one stored part after the other.
fn content(store: Store, file: RunFileRow) -> impl Stream<Item = Result<Vec<u8>, StoreError>> {
    try_unfold((store, file, 0), async |(store, file, at)| {
        if file.bytes <= at {
            return Ok(None);
        }
        let piece = store.file_piece(RunId(file.run_id), &file.path, at).await?;
        // It was too old in the middle. What was sent is shorter than was said, so that nobody
        // takes it for the file.
        let piece = piece.ok_or_else(|| StoreError::Corrupt(format!("{} is gone", file.path)))?;
        let next = at + i64::try_from(piece.len()).unwrap_or(i64::MAX);
        Ok(Some((piece, (store, file, next))))
    })
}

/// An archive of files, of which never more than one part is in memory.
fn packed(
    store: Store,
    files: Vec<RunFileRow>,
) -> impl Stream<Item = Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>>> {
    async_stream::try_stream! {
        for file in files {
            yield entry(&file)?;
            let bytes = usize::try_from(file.bytes)?;
            for await piece in content(store.clone(), file) {
                yield piece?;
            }
            yield vec![0; bytes.next_multiple_of(BLOCK) - bytes];
        }
        yield ARCHIVE_END.to_vec();
    }
}

/// What stands in an archive before the content of a file.
fn entry(file: &RunFileRow) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(file.bytes.unsigned_abs());
    header.set_mode(0o644 | (file.mode.unsigned_abs() & 0o111));
    header.set_mtime(file.created_at.timestamp().unsigned_abs());
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, &file.path, io::empty())?;
    Ok(archive.get_ref().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_no_harm_has_a_type_of_its_own() {
        for path in [
            "a/page.html",
            "x.svg",
            "x.js",
            "x.xml",
            "x.xhtml",
            "md",
            "a.b/c",
        ] {
            assert_eq!(content_type(path), BYTES, "{path}");
        }
        assert_eq!(content_type("a/b.MD"), "text/markdown; charset=utf-8");
        assert!(HARMLESS.is_sorted());
    }
}
