//! Real git on a bare repository. Nothing is checked out.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Why git did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("git cannot be started")]
    Start(#[from] io::Error),
    #[error("git {command}: {words}")]
    Failed { command: String, words: String },
}

/// A bare repository.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    pub(crate) dir: PathBuf,
    pub(crate) house: House,
}

/// Who makes the commits that nobody pushed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct House {
    /// The host's name.
    pub(crate) name: &'static str,
    /// Its own address.
    pub(crate) mail: &'static str,
    /// The domain of its people's addresses.
    pub(crate) people: &'static str,
}

/// Git that heeds nothing of this machine's configuration.
pub(crate) fn command(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env("HOME", dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a command, with these bytes on its standard input.
pub(crate) async fn feed(mut command: Command, input: Vec<u8>) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that has heard enough closes its end.
            drop(stdin.write_all(&input).await);
        }
    };
    let ((), output) = tokio::join!(write, child.wait_with_output());
    output
}

impl Git {
    /// Makes the repository, with an unborn `main`.
    pub(crate) async fn init(dir: PathBuf, house: House) -> Result<Self, GitError> {
        std::fs::create_dir_all(&dir)?;
        let git = Self { dir, house };
        git.run(&["init", "--quiet", "--bare", "--initial-branch=main"])
            .await?;
        git.run(&["config", "http.receivepack", "true"]).await?;
        Ok(git)
    }

    /// What git prints, without the line break at its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Result<String, GitError> {
        let output = command(&self.dir).args(args).output().await?;
        said(args, &output)
    }

    /// Whether git says yes; a failure that is no answer is an error.
    pub(crate) async fn ask(&self, args: &[&str]) -> Result<(bool, String), GitError> {
        let output = command(&self.dir).args(args).output().await?;
        match output.status.code() {
            Some(code @ (0 | 1)) => {
                let text = String::from_utf8_lossy(&output.stdout)
                    .trim_end()
                    .to_owned();
                Ok((code == 0, text))
            }
            _ => said(args, &output).map(|text| (true, text)),
        }
    }

    /// The branches with their commits.
    pub(crate) async fn branches(&self) -> Result<BTreeMap<String, String>, GitError> {
        let format = "--format=%(refname:lstrip=2) %(objectname)";
        let text = self.run(&["for-each-ref", format, "refs/heads"]).await?;
        let line = |line: &str| {
            let (name, sha) = line.split_once(' ')?;
            Some((name.to_owned(), sha.to_owned()))
        };
        Ok(text.lines().filter_map(line).collect())
    }

    /// Commits files onto a branch, which begins at `main` where it does not exist. `None` removes a
    /// file.
    pub(crate) async fn commit(
        &self,
        branch: &str,
        files: &BTreeMap<String, Option<String>>,
        message: &str,
        author: &str,
    ) -> Result<String, GitError> {
        let name = format!("refs/heads/{branch}");
        let who = format!("{author} <{author}@{}> now", self.house.people);
        let mut stream = format!("commit {name}\nauthor {who}\ncommitter {who}\n");
        stream.push_str(&format!("data {}\n{message}\n", message.len()));
        for from in [name.as_str(), "refs/heads/main"] {
            if self
                .ask(&["rev-parse", "--verify", "--quiet", from])
                .await?
                .0
            {
                stream.push_str(&format!("from {from}^0\n"));
                break;
            }
        }
        for (path, text) in files {
            match text {
                Some(text) => {
                    let head = format!("M 100644 inline {path}\ndata {}\n", text.len());
                    stream.push_str(&format!("{head}{text}\n"));
                }
                None => stream.push_str(&format!("D {path}\n")),
            }
        }
        let args = ["fast-import", "--quiet", "--date-format=now"];
        let mut import = command(&self.dir);
        import.args(args);
        said(&args, &feed(import, stream.into_bytes()).await?)?;
        self.run(&["rev-parse", &name]).await
    }
}

fn said(args: &[&str], output: &Output) -> Result<String, GitError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned());
    }
    Err(GitError::Failed {
        command: args.join(" "),
        words: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
