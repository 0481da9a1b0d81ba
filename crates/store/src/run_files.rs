//! Files of runs: taken in part by part, and shown once they are whole.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{RunId, TaskId},
    run::files::{FileNews, FileState, FileWrite, Files},
    wire::outputs::FileLimits,
};
use sqlx::{FromRow, Postgres, Transaction};
use uuid::Uuid;

use crate::{Store, StoreError};

/// What a batch says of the files of its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesIntake {
    /// How much is stored.
    pub limits: FileLimits,
    /// What was said, and when, in order.
    pub news: Vec<(FileNews, DateTime<Utc>)>,
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RunFileRow {
    /// The run that left it.
    pub run_id: Uuid,
    /// Which of the task's runs that is.
    pub attempt: i32,
    /// Where, below the outputs.
    pub path: String,
    /// How many bytes it has.
    pub bytes: i64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Its permission bits.
    pub mode: i32,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

/// A file that is not kept.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LeftFileRow {
    /// Which of the task's runs left it.
    pub attempt: i32,
    /// Where, below the outputs; a dot where all of them are meant.
    pub path: String,
    /// Why, in words.
    pub reason: String,
    /// When that was said.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Known {
    path: String,
    bytes: i64,
    complete: bool,
    is_left: bool,
}

const APPEND: &str = "
WITH file AS (
  INSERT INTO run_files (run_id, path, bytes, created_at) VALUES ($1, $2, $5, $6)
  ON CONFLICT (run_id, path) DO UPDATE SET bytes = run_files.bytes + $5
)
INSERT INTO run_file_pieces (run_id, path, at_byte, content) VALUES ($1, $2, $3, $4)";

/// The digest is taken of what is stored, so that nothing else can have it.
const COMPLETE: &str = "
WITH content AS (
  SELECT encode(sha256(COALESCE(string_agg(content, ''::bytea ORDER BY at_byte), ''::bytea)), 'hex') AS digest
  FROM run_file_pieces WHERE run_id = $1 AND path = $2
)
INSERT INTO run_files (run_id, path, sha256, mode, complete, created_at)
SELECT $1, $2, digest, $4, true, $5 FROM content WHERE digest = $3
ON CONFLICT (run_id, path) DO UPDATE SET sha256 = EXCLUDED.sha256, mode = EXCLUDED.mode, complete = true";

const LEAVE: &str = "
WITH gone AS (
  DELETE FROM run_file_pieces WHERE run_id = $1 AND path = $2
)
INSERT INTO run_files (run_id, path, left_reason, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (run_id, path) DO UPDATE
  SET left_reason = $3, bytes = 0, complete = false, sha256 = NULL, mode = NULL";

/// Stores what a batch says, in the transaction that takes the batch in.
pub(crate) async fn take_in(
    tx: &mut Transaction<'_, Postgres>,
    run: RunId,
    intake: &FilesIntake,
) -> Result<(), StoreError> {
    let known: Vec<Known> = sqlx::query_as(
        "SELECT path, bytes, complete, left_reason IS NOT NULL AS is_left FROM run_files WHERE run_id = $1",
    )
    .bind(run.0)
    .fetch_all(&mut **tx)
    .await?;
    let mut files = Files::new(known.into_iter().map(|row| {
        let state = match (row.is_left, row.complete) {
            (true, _) => FileState::Left,
            (false, true) => FileState::Complete,
            (false, false) => FileState::Coming,
        };
        (row.path, row.bytes.unsigned_abs(), state)
    }));
    for (news, at) in &intake.news {
        let Some(next) = files.learn(&intake.limits, news) else {
            continue;
        };
        if !write(tx, run, &next, *at).await?
            && let FileWrite::Complete { path, .. } = next
            && let Some(disowned) = files.disown(path)
        {
            write(tx, run, &disowned, *at).await?;
        }
    }
    Ok(())
}

/// False where a file is not what it was said to be, and nothing was written.
async fn write(
    tx: &mut Transaction<'_, Postgres>,
    run: RunId,
    write: &FileWrite<'_>,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let done = match write {
        FileWrite::Append { path, offset, data } => {
            sqlx::query(APPEND)
                .bind(run.0)
                .bind(path)
                .bind(count(*offset))
                .bind(&data.0)
                .bind(count(data.0.len() as u64))
                .bind(at)
                .execute(&mut **tx)
                .await?
        }
        FileWrite::Complete { path, sha256, mode } => {
            sqlx::query(COMPLETE)
                .bind(run.0)
                .bind(path)
                .bind(sha256)
                .bind(i32::try_from(*mode).unwrap_or_default())
                .bind(at)
                .execute(&mut **tx)
                .await?
        }
        FileWrite::Leave { path, reason } => {
            sqlx::query(LEAVE)
                .bind(run.0)
                .bind(path)
                .bind(reason)
                .bind(at)
                .execute(&mut **tx)
                .await?
        }
    };
    Ok(0 < done.rows_affected())
}

impl Store {
    /// The files that the runs of a task have left and that are kept, by path: of each path the one
    /// that came last. `attempt`: those of one run alone.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_files(
        &self,
        task: TaskId,
        attempt: Option<i32>,
    ) -> Result<Vec<RunFileRow>, StoreError> {
        self.files_of(task, attempt, None).await
    }

    /// The file of this path among them.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_file(
        &self,
        task: TaskId,
        attempt: Option<i32>,
        path: &str,
    ) -> Result<Option<RunFileRow>, StoreError> {
        Ok(self.files_of(task, attempt, Some(path)).await?.pop())
    }

    async fn files_of(
        &self,
        task: TaskId,
        attempt: Option<i32>,
        path: Option<&str>,
    ) -> Result<Vec<RunFileRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT DISTINCT ON (f.path) f.run_id, w.number AS attempt, f.path, f.bytes, f.sha256, f.mode,
                    f.created_at
             FROM task_runs w JOIN run_files f ON f.run_id = w.id
             WHERE w.task_id = $1 AND f.complete AND ($2::int IS NULL OR w.number = $2)
               AND ($3::text IS NULL OR f.path = $3)
             ORDER BY f.path, w.number DESC",
        )
        .bind(task.0)
        .bind(attempt)
        .bind(path)
        .fetch_all(&self.pool)
        .await?)
    }

    /// What the last run of a task that has said anything of files has left and is not kept, by path.
    /// `attempt`: the same of that run.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_files_left(
        &self,
        task: TaskId,
        attempt: Option<i32>,
    ) -> Result<Vec<LeftFileRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT w.number AS attempt, f.path, f.created_at,
                    COALESCE(f.left_reason, 'not all of it has come') AS reason
             FROM task_runs w JOIN run_files f ON f.run_id = w.id JOIN runs r ON r.id = w.id
             WHERE w.task_id = $1 AND NOT f.complete AND (f.left_reason IS NOT NULL OR r.state = 'ended')
               AND w.number = COALESCE($2, (SELECT max(l.number) FROM task_runs l
                     JOIN run_files s ON s.run_id = l.id WHERE l.task_id = $1))
             ORDER BY f.path",
        )
        .bind(task.0)
        .bind(attempt)
        .fetch_all(&self.pool)
        .await?)
    }

    /// The part of a file that begins after so many bytes; nothing at its end.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn file_piece(
        &self,
        run: RunId,
        path: &str,
        at_byte: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>,)> = sqlx::query_as(
            "SELECT content FROM run_file_pieces WHERE run_id = $1 AND path = $2 AND at_byte = $3",
        )
        .bind(run.0)
        .bind(path)
        .bind(at_byte)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(content,)| content))
    }
}
