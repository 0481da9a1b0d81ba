//! `optio files`: what runs have left, listed or downloaded.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt as _,
    path::{Component, Path, PathBuf},
};

use optio_domain::ports::Clock;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{api::Api, view};
use crate::{
    cli::Files,
    console::{Console, Tone},
    failure::{Exit, Failure},
    machine::SystemClock,
};

/// Where tasks and runs of jobs are; both have files.
const FAMILIES: [&str; 2] = ["/api/tasks", "/api/workflow-runs"];

pub(super) async fn run(api: &Api, files: &Files, console: &mut Console) -> Result<(), Failure> {
    let (at, answer) = find(api, files).await?;
    let kept = answer["files"].as_array().cloned().unwrap_or_default();
    if let Some(dir) = &files.download {
        for file in &kept {
            download(api, &at, file, dir).await?;
        }
    }
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    match &files.download {
        Some(dir) => {
            let bytes: i64 = kept.iter().filter_map(|file| file["size"].as_i64()).sum();
            let (count, dir) = (kept.len(), dir.display());
            console.line(&format!(
                "downloaded {count} files, {bytes} bytes, to {dir}"
            ))?;
        }
        None if kept.is_empty() => console.note("no files are kept"),
        None => table(&kept, console)?,
    }
    for left in answer["left"].as_array().into_iter().flatten() {
        let (path, reason) = (view::text(left, "path"), view::text(left, "reason"));
        console.note(&format!("not kept: {path}: {reason}"));
    }
    Ok(())
}

/// Where the files are, and what the list says.
async fn find(api: &Api, files: &Files) -> Result<(String, Value), Failure> {
    let id = crate::percent::encode(files.id.as_bytes());
    let attempt = files
        .attempt
        .map_or_else(String::new, |it| format!("?attempt={it}"));
    let mut missing = None;
    for family in FAMILIES {
        let at = format!("{family}/{id}/files");
        match api.get(&format!("{at}{attempt}")).await {
            Ok(answer) => return Ok((at, answer)),
            Err(failure) if failure.exit == Exit::NotFound => missing = missing.or(Some(failure)),
            Err(failure) => return Err(failure),
        }
    }
    Err(missing.unwrap_or_else(|| Failure::general("nobody knows of files")))
}

fn table(files: &[Value], console: &mut Console) -> Result<(), Failure> {
    let now = SystemClock.now();
    let row = |file: &Value| {
        let cells = ["path", "size", "attempt"].map(|member| view::text(file, member));
        let mut cells = cells.to_vec();
        cells.push(view::ago(&file["createdAt"], now));
        (Tone::Plain, cells)
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    Ok(console.table(&["PATH", "BYTES", "ATTEMPT", "CREATED"], &rows)?)
}

/// Writes one file below the directory, where all of it came.
async fn download(api: &Api, at: &str, file: &Value, dir: &Path) -> Result<(), Failure> {
    let path = file["path"].as_str().unwrap_or_default();
    let to = below(dir, path)?;
    let parent = to.parent().unwrap_or(dir);
    fs::create_dir_all(parent).map_err(|error| unwritten(parent, &error))?;
    let part = Part::new(parent);
    let fail = |error: io::Error| unwritten(&to, &error);
    let mut checked = Checked {
        to: part.create().map_err(fail)?,
        digest: Sha256::new(),
    };
    api.save(&url(at, file), &mut checked).await?;
    let digest = checked.digest.finalize();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    if file["sha256"] != digest.as_str() {
        return Err(Failure::general(format!(
            "{} did not come whole: its digest is another than the list says",
            view::clean(path)
        )));
    }
    if file["executable"] == true {
        allow_execution(&checked.to).map_err(fail)?;
    }
    fs::rename(&part.0, &to).map_err(fail)
}

/// Whoever may read it may execute it.
fn allow_execution(file: &fs::File) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode();
    file.set_permissions(fs::Permissions::from_mode(mode | ((mode & 0o444) >> 2)))
}

/// A file that is being downloaded: what breaks off must not be taken for the file, nor stay.
struct Part(PathBuf);

impl Part {
    fn new(dir: &Path) -> Self {
        Self(dir.join(format!(".optio-{}.part", std::process::id())))
    }

    fn create(&self) -> io::Result<fs::File> {
        drop(fs::remove_file(&self.0));
        fs::File::options()
            .write(true)
            .create_new(true)
            .open(&self.0)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It is not there any more where all of it came.
        drop(fs::remove_file(&self.0));
    }
}

/// Where a file is to be got: of the attempt in the list, since a later one may be leaving another now.
fn url(at: &str, file: &Value) -> String {
    let path = file["path"].as_str().unwrap_or_default();
    let names: Vec<String> = path
        .split('/')
        .map(|name| crate::percent::encode(name.as_bytes()))
        .collect();
    let attempt = file["attempt"].as_i64();
    let attempt = attempt.map_or_else(String::new, |it| format!("?attempt={it}"));
    format!("{at}/{}{attempt}", names.join("/"))
}

/// Joins a path that a server says. One that would lead out of the directory is refused.
fn below(dir: &Path, path: &str) -> Result<PathBuf, Failure> {
    let plain = |component| matches!(component, Component::Normal(_));
    if path.is_empty() || path.ends_with('/') || !Path::new(path).components().all(plain) {
        let shown = view::clean(path);
        return Err(Failure::general(format!(
            "the server names a file {shown:?}, which does not lie below a directory"
        )));
    }
    Ok(dir.join(path))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::general(format!("{} cannot be written: {error}", path.display()))
}

/// Takes the digest of what is written.
struct Checked {
    to: fs::File,
    digest: Sha256,
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_server_leads_out_of_the_directory() {
        let dir = Path::new("/home/ada/out");
        for path in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../../x",
            "a/",
            "./x",
        ] {
            assert!(below(dir, path).is_err(), "{path:?}");
        }
        assert_eq!(below(dir, "a/b c.txt").unwrap(), dir.join("a/b c.txt"));
    }

    #[test]
    fn a_path_is_asked_for_name_by_name() {
        let file = serde_json::json!({ "path": "a b/ü?.txt", "attempt": 2 });
        assert_eq!(url("/x", &file), "/x/a%20b/%C3%BC%3F.txt?attempt=2");
    }
}
