//! What an isolated run sees of the machine: the system, read-only, and a list of users of its own.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::place::{HOME, Place};

/// What of `/etc` an isolated agent sees, besides a list of users of its own.
const ETC: [&str; 11] = [
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/localtime",
    "/etc/gitconfig",
];
/// Directories that are links into `/usr` on most systems, and are what they are on this one.
const MERGED: [&str; 6] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// The system as an agent sees it: read-only, and nothing of anybody's data.
pub(crate) fn system() -> Vec<OsString> {
    let mut args: Vec<OsString> = ["--ro-bind", "/usr", "/usr"].map(OsString::from).to_vec();
    for path in MERGED {
        match (fs::read_link(path), Path::new(path).is_dir()) {
            (Ok(target), _) => args.extend(["--symlink".into(), target.into(), path.into()]),
            (Err(_), true) => args.extend(["--ro-bind", path, path].map(OsString::from)),
            (Err(_), false) => {}
        }
    }
    args.extend(["--proc", "/proc", "--dev", "/dev"].map(OsString::from));
    args.extend(["--tmpfs", "/tmp", "--tmpfs", "/run"].map(OsString::from));
    for path in ETC {
        args.extend(["--ro-bind-try", path, path].map(OsString::from));
    }
    args
}

/// What a program may read besides the system: what its run names, and the program itself with its
/// neighbours, where it is reached by its name and where it really is.
pub(crate) fn visible(program: &str, read_only: &[String]) -> Vec<PathBuf> {
    let program = PathBuf::from(program);
    let real = fs::canonicalize(&program).unwrap_or_else(|_| program.clone());
    let mut paths: Vec<PathBuf> = read_only.iter().map(PathBuf::from).collect();
    paths.extend(
        [program, real]
            .iter()
            .filter_map(|path| path.parent())
            .map(Path::to_owned),
    );
    paths.sort();
    paths.dedup();
    paths.retain(|path| {
        let system =
            path.starts_with("/usr") || MERGED.iter().any(|merged| path.starts_with(merged));
        !system
    });
    paths
}

/// The list of users an isolated agent sees: itself and root, and nobody of this machine.
pub(crate) struct Users {
    pub(crate) passwd: io::PipeReader,
    pub(crate) group: io::PipeReader,
}

impl Users {
    pub(crate) fn of(place: &Place) -> io::Result<Self> {
        let (uid, gid) = place.run_as.map_or_else(
            || {
                let uid = rustix::process::geteuid().as_raw();
                (uid, rustix::process::getegid().as_raw())
            },
            |run_as| (run_as.uid, run_as.gid),
        );
        let mut passwd = "root:x:0:0:root:/root:/bin/sh\n".to_owned();
        let mut group = "root:x:0:\n".to_owned();
        if uid != 0 {
            passwd += &format!("agent:x:{uid}:{gid}:agent:{HOME}:/bin/bash\n");
            group += &format!("agent:x:{gid}:\n");
        }
        Ok(Self {
            passwd: filled(&passwd)?,
            group: filled(&group)?,
        })
    }
}

/// A pipe with this in it: far less than a pipe holds, so that writing does not wait.
fn filled(text: &str) -> io::Result<io::PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(text.as_bytes())?;
    Ok(reader)
}
