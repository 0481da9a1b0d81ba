//! The only module that reads the process's environment and the settings file.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{Found, Host};
use crate::{
    cli::{Global, Place, Serve},
    failure::Failure,
};

/// The environment of this process. What is not text is left out: no setting is.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The directories in which programs are looked for.
#[must_use]
pub fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// A program in one of those directories.
#[must_use]
pub fn find_program(name: &str, search_path: &[PathBuf]) -> Option<PathBuf> {
    let executable = |file: &PathBuf| {
        let found = std::fs::metadata(file);
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    search_path
        .iter()
        // A relative entry would mean something else in every directory.
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(executable)
}

/// Facts about this machine and user.
///
/// # Errors
/// When the working directory is gone.
pub fn host() -> Result<Host, Failure> {
    Ok(Host {
        root: rustix::process::geteuid().is_root(),
        cwd: std::env::current_dir()
            .map_err(|error| Failure::general(format!("no working directory: {error}")))?,
    })
}

/// Gathers what a command's settings are made of.
///
/// # Errors
/// When a settings file that was named cannot be read.
pub fn gather(
    global: &Global,
    place: &Place,
    serve: &Serve,
    env: BTreeMap<String, String>,
) -> Result<Found, Failure> {
    let mut flags = Vec::new();
    let mut flag = |key, name, value: Option<String>| {
        flags.extend(value.map(|value| (key, name, value)));
    };
    flag("server", "--server", global.server.clone());
    flag("token", "--token", global.token.clone());
    flag("listen", "--listen", place.listen.clone());
    flag(
        "advertise_url",
        "--advertise-url",
        serve.advertise_url.clone(),
    );
    flag("public_url", "--public-url", serve.public_url.clone());
    flag("role", "--role", serve.role.clone());
    let data_dir = place.data_dir.as_ref();
    flag(
        "data_dir",
        "--data-dir",
        data_dir.map(|path| path.display().to_string()),
    );
    Ok(Found {
        flags,
        file: settings_file(global.config.as_deref(), &env)?,
        host: host()?,
        env,
    })
}

/// The settings file: one that is named must be there, the usual one need not.
fn settings_file(
    flag: Option<&Path>,
    env: &BTreeMap<String, String>,
) -> Result<Option<(PathBuf, String)>, Failure> {
    let set = |name: &str| env.get(name).filter(|text| !text.is_empty());
    let named = flag
        .map(Path::to_path_buf)
        .or_else(|| set("OPTIO_CONFIG").map(PathBuf::from));
    let usual = || {
        let base = set("XDG_CONFIG_HOME").map(PathBuf::from);
        let base = base.or_else(|| Some(PathBuf::from(set("HOME")?).join(".config")))?;
        Some(base.join("optio/config.toml"))
    };
    let must_exist = named.is_some();
    let Some(path) = named.or_else(usual) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Ok(None),
        Err(error) => Err(Failure::usage(format!(
            "cannot read the settings file {}: {error}",
            path.display()
        ))),
    }
}
