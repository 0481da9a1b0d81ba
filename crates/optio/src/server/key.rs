//! The key that tokens are signed with: from the settings, or kept in the data directory.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use optio_domain::{ports::Chance as _, token::Signer};
use uuid::Uuid;

use crate::{config::Config, failure::Failure, machine::SystemChance};

const FILE: &str = "token.key";
const BYTES: usize = 32;

/// The signer of this installation.
///
/// # Errors
/// When the key can neither be read nor made.
pub(super) fn signer(config: &Config) -> Result<Signer, Failure> {
    let key = match &config.token_key {
        Some(key) => key.0.to_vec(),
        None => kept(&config.data_dir.join(FILE))?,
    };
    Signer::new(&key).map_err(|bytes| {
        Failure::general(format!(
            "{FILE} holds {bytes} bytes where {BYTES} are needed; remove it"
        ))
    })
}

fn kept(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::general(format!("{}: {error}", path.display()));
    match std::fs::read(path) {
        Ok(key) => return Ok(key),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let mut key = [0; BYTES];
    SystemChance.fill(&mut key).map_err(failed)?;
    // Written aside and linked into place: a key is never seen half.
    #[expect(clippy::disallowed_methods, reason = "a name nobody else uses")]
    let aside = path.with_extension(Uuid::new_v4().simple().to_string());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)
        .map_err(failed)?;
    file.write_all(&key)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    let linked = std::fs::hard_link(&aside, path);
    drop(std::fs::remove_file(&aside));
    match linked {
        Ok(()) => Ok(key.to_vec()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::read(path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}
