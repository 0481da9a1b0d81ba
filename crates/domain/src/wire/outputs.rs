//! The directory of a run that works without a repository, and the files of a run that are kept.
//!
//! In a sandbox each such run has a directory of its own, `/workspace/runs/<name>`, so that runs which
//! share the sandbox do not meet. What lies in its outputs when its program has ended is said file by
//! file in the stream of the run, before its end: each file in parts, in order, and then that it is
//! whole, or why it is not kept.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    limits::Limits,
    wire::{
        checkout::CheckoutStart,
        names::{self, NameError},
        runner::RunSpec,
    },
};

/// Where the directories of runs are, below `/workspace`. No clone may have this name.
pub const DIRECTORIES: &str = "runs";
/// The usual name of the outputs, below the directory of the run.
pub const OUTPUTS: &str = "outputs";
/// Bytes of one part of a file. In base64 that is a quarter of a MiB.
pub const PIECE_BYTES_MAX: usize = 192 << 10;
/// Bytes of the path of a file that is kept.
pub const PATH_BYTES_MAX: usize = 1_000;
/// What stands in the place of a path where all outputs are meant.
pub const ALL: &str = ".";
/// Bytes of one file, whatever the settings say: its digest is taken of it as a whole.
const FILE_BYTES_CEILING: u64 = 256 << 20;

/// The directory a run works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDirectory {
    /// Its name: the id of the task, so that every run of the task finds it. One living run at a
    /// time works in it.
    pub name: String,
    /// What it is to be.
    pub start: DirectoryStart,
}

/// What the directory of a run is to be when the agent starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryStart {
    /// Empty. What is there already is thrown away: only this word allows that.
    Fresh,
    /// As an earlier run has left it; empty where there was none.
    Continue,
}

/// Which files of a run are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Name of their directory, below the directory of the run. It is made before the start.
    #[serde(default = "usual")]
    pub dir: String,
    /// How much is kept.
    pub limits: FileLimits,
}

/// How much of a run's files is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLimits {
    /// How many files.
    pub files_max: u64,
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Bytes of all files together.
    pub bytes_max: u64,
}

/// A part of a file. In JSON it is base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece(pub Vec<u8>);

fn usual() -> String {
    OUTPUTS.to_owned()
}

impl From<&Limits> for FileLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            files_max: limits.run_files_max,
            file_bytes_max: limits.run_file_bytes_max.min(FILE_BYTES_CEILING),
            bytes_max: limits.run_files_bytes_max,
        }
    }
}

impl From<&Limits> for Outputs {
    fn from(limits: &Limits) -> Self {
        Self {
            dir: usual(),
            limits: limits.into(),
        }
    }
}

impl FileLimits {
    /// Why a file of so many bytes is not kept beside `files` others of `bytes` together; nothing
    /// where it is.
    #[must_use]
    pub fn refuse(&self, files: u64, bytes: u64, file_bytes: u64) -> Option<String> {
        if self.files_max <= files {
            return Some(format!(
                "{} files are kept already (run_files_max)",
                self.files_max
            ));
        }
        if self.file_bytes_max < file_bytes {
            return Some(format!(
                "it has more than {} bytes (run_file_bytes_max)",
                self.file_bytes_max
            ));
        }
        if self.bytes_max < bytes.saturating_add(file_bytes) {
            return Some(format!(
                "all files together would have more than {} bytes (run_files_bytes_max)",
                self.bytes_max
            ));
        }
        None
    }
}

impl RunSpec {
    /// The directory of the run. One with a worktree needs it for its outputs only: they lie where
    /// git does not see them, and are as fresh as the worktree.
    #[must_use]
    pub fn run_directory(&self) -> Option<RunDirectory> {
        if self.directory.is_some() {
            return self.directory.clone();
        }
        let (Some(_), Some(checkout)) = (&self.outputs, &self.checkout) else {
            return None;
        };
        Some(RunDirectory {
            name: checkout.worktree.clone(),
            start: match checkout.start {
                CheckoutStart::Fresh => DirectoryStart::Fresh,
                CheckoutStart::Continue | CheckoutStart::Detached { .. } => {
                    DirectoryStart::Continue
                }
            },
        })
    }

    /// Whether its directory and its outputs can be made.
    ///
    /// # Errors
    /// The first name that cannot be used, and why.
    pub fn check_directory(&self) -> Result<(), NameError> {
        let directory = self.run_directory();
        if let Some(RunDirectory { name, .. }) = &directory {
            names::directory("the run's directory", name)?;
        }
        let Some(outputs) = &self.outputs else {
            return Ok(());
        };
        names::directory("the outputs", &outputs.dir)?;
        if directory.is_none() {
            let rule = "they need a directory of the run, or a worktree";
            return Err(names::wrong("the outputs", &outputs.dir, rule));
        }
        Ok(())
    }
}

/// A directory of a run, below the workspace.
#[must_use]
pub fn below(name: &str) -> String {
    format!("{DIRECTORIES}/{name}")
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is in a file belongs in no log.
        write!(f, "Piece({} bytes)", self.0.len())
    }
}

impl Serialize for Piece {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        checkout::{Author, Checkout},
        runner::{FromRunner, Happening},
    };

    const LIMITS: FileLimits = FileLimits {
        files_max: 2,
        file_bytes_max: 10,
        bytes_max: 15,
    };

    /// A run as it was said before there were directories.
    fn spec() -> RunSpec {
        let text = r#"{"run":"00000000-0000-0000-0000-000000000001","epoch":1,"program":"/bin/a",
            "args":[],"env":{},"secrets":{},"stdin":"","files":[],"read_only":[],
            "limits":{"duration_ms":1,"silence_ms":1,"line_bytes":1,"output_bytes":1,"grace_ms":1}}"#;
        serde_json::from_str(text).unwrap()
    }

    fn outputs(dir: &str) -> Option<Outputs> {
        Some(Outputs {
            dir: dir.to_owned(),
            limits: LIMITS,
        })
    }

    fn checkout(start: CheckoutStart) -> Option<Checkout> {
        let author = Author {
            name: "a".to_owned(),
            mail: "a@acme.test".to_owned(),
        };
        Some(Checkout {
            url: "https://github.com/acme/shop.git".to_owned(),
            clone: "shop".to_owned(),
            worktree: "t1".to_owned(),
            base: "main".to_owned(),
            branch: "b".to_owned(),
            start,
            author,
            files: Vec::new(),
            submodules: false,
            git_ms_max: 1,
            setup_ms_max: 1,
        })
    }

    #[test]
    fn a_run_of_before_directories_is_understood_and_has_none() {
        let spec = spec();
        assert_eq!((&spec.directory, &spec.outputs), (&None, &None));
        assert_eq!(spec.run_directory(), None);
        assert_eq!(spec.check_directory(), Ok(()));
    }

    #[test]
    fn outputs_have_their_usual_name_where_none_is_said() {
        let text = r#"{"limits":{"files_max":2,"file_bytes_max":10,"bytes_max":15}}"#;
        let said: Outputs = serde_json::from_str(text).unwrap();
        assert_eq!(Some(said), outputs("outputs"));
    }

    #[test]
    fn beside_a_worktree_outputs_have_a_directory_that_is_as_fresh_as_it() {
        let mut run = spec();
        run.checkout = checkout(CheckoutStart::Fresh);
        assert_eq!(run.run_directory(), None, "nothing is to be kept");
        run.outputs = outputs("outputs");
        let directory = run.run_directory().unwrap();
        assert_eq!(
            (directory.name.as_str(), directory.start),
            ("t1", DirectoryStart::Fresh)
        );
        run.checkout = checkout(CheckoutStart::Continue);
        assert_eq!(run.run_directory().unwrap().start, DirectoryStart::Continue);
        let own = RunDirectory {
            name: "own".to_owned(),
            start: DirectoryStart::Fresh,
        };
        run.directory = Some(own.clone());
        assert_eq!(run.run_directory(), Some(own));
    }

    #[test]
    fn hostile_names_are_refused_and_so_are_outputs_that_would_lie_nowhere() {
        for name in ["", "..", "a/b", ".git", "-x"] {
            let mut run = spec();
            run.directory = Some(RunDirectory {
                name: name.to_owned(),
                start: DirectoryStart::Continue,
            });
            assert!(run.check_directory().is_err(), "{name:?}");
            let mut run = spec();
            run.checkout = checkout(CheckoutStart::Continue);
            run.outputs = outputs(name);
            assert!(run.check_directory().is_err(), "{name:?}");
        }
        let mut run = spec();
        run.outputs = outputs("outputs");
        let error = run.check_directory().unwrap_err().to_string();
        assert!(error.contains("need a directory"), "{error}");
    }

    #[test]
    fn a_file_is_kept_up_to_each_limit_and_not_beyond() {
        assert_eq!(LIMITS.refuse(1, 5, 10), None);
        for (files, bytes, file_bytes, setting) in [
            (2, 0, 0, "run_files_max"),
            (0, 0, 11, "run_file_bytes_max"),
            (1, 6, 10, "run_files_bytes_max"),
            (1, u64::MAX, 1, "run_files_bytes_max"),
        ] {
            let reason = LIMITS.refuse(files, bytes, file_bytes).unwrap();
            assert!(reason.contains(setting), "{reason}");
        }
        let huge = Limits {
            run_file_bytes_max: u64::MAX,
            ..Limits::default()
        };
        assert_eq!(FileLimits::from(&huge).file_bytes_max, FILE_BYTES_CEILING);
    }

    #[test]
    fn a_part_of_a_file_is_base64_on_the_wire_and_no_log_shows_it() {
        let what = Happening::FilePiece {
            path: "a/b".to_owned(),
            offset: 3,
            data: Piece(vec![0, 255, 7]),
        };
        let text = serde_json::to_string(&what).unwrap();
        let wire = r#"{"kind":"file-piece","path":"a/b","offset":3,"data":"AP8H"}"#;
        assert_eq!(text, wire);
        assert_eq!(serde_json::from_str::<Happening>(&text).unwrap(), what);
        assert!(format!("{what:?}").contains("Piece(3 bytes)"));
        let broken = text.replace("AP8H", "A*8H");
        assert!(serde_json::from_str::<Happening>(&broken).is_err());
        let frame = r#"{"type":"event","run":"00000000-0000-0000-0000-000000000001","epoch":3,"seq":1,
            "at":"2026-01-01T00:00:00Z","what":{"kind":"file-left","path":"x","reason":"a link"}}"#;
        assert!(serde_json::from_str::<FromRunner>(frame).is_ok());
    }
}
