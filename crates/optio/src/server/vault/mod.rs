//! The keys of secrets: where they are, and whether they open what is stored, before anything starts.

use std::{path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};
use optio_domain::ports::KeySource;
use optio_store::{
    Store,
    secrets::{KeyRow, SecretError, Vault},
};

use crate::{
    config::{Config, Encryption},
    failure::Failure,
    machine::SystemChance,
};

mod file;
mod given;

use file::KeyFile;
use given::GivenKeys;

/// The file in which `optio dev` keeps its key.
const FILE: &str = "secrets.key";

/// Refuses to start without a key where nobody makes one.
///
/// # Errors
/// What to set.
pub(super) fn require(config: &Config) -> Result<(), Failure> {
    if config.encryption != Encryption::Unset {
        return Ok(());
    }
    Err(Failure::usage(
        "optio serve needs the key that secrets are sealed with: set OPTIO_ENCRYPTION_KEY to 64 \
         hexadecimal digits, or OPTIO_ENCRYPTION_KEY_FILE to a file with them, the same for every server",
    )
    .with([
        "to make one: openssl rand -hex 32 >optio.key && chmod 600 optio.key; keep a copy, because \
         without it no secret can be read"
            .to_owned(),
    ]))
}

/// The database with the keys of its secrets.
///
/// # Errors
/// When there is no key, or it does not open what is stored; with what to do.
pub(super) async fn open(
    config: &Config,
    store: &Store,
    now: DateTime<Utc>,
) -> Result<Store, Failure> {
    let known = store
        .secret_keys()
        .await
        .map_err(|error| Failure::general(error.to_string()))?;
    let (source, place) = source(config, &known)?;
    let vault = Vault::new(source, Arc::new(SystemChance)).map_err(Failure::usage)?;
    let store = store.with_vault(Arc::new(vault));
    store
        .check_keys(now)
        .await
        .map_err(|error| refused(error, &place))?;
    tell_unfinished(&store).await;
    Ok(store)
}

/// Where the keys are, and that place in words.
fn source(config: &Config, known: &[KeyRow]) -> Result<(Arc<dyn KeySource>, String), Failure> {
    let file = match &config.encryption {
        Encryption::Given(ring) => {
            let keys = GivenKeys::new(ring.clone());
            return Ok((Arc::new(keys), "OPTIO_ENCRYPTION_KEY".to_owned()));
        }
        Encryption::File(file) => file.clone(),
        Encryption::Unset => own(config, known)?,
    };
    let place = file.display().to_string();
    Ok((Arc::new(KeyFile::new(file)), place))
}

/// Our own file, made where there is none and nothing was ever sealed: a new key would not open it.
fn own(config: &Config, known: &[KeyRow]) -> Result<PathBuf, Failure> {
    let file = config.data_dir.join(FILE);
    let made = file.exists()
        || known.is_empty() && {
            KeyFile::new(file.clone())
                .make()
                .map_err(Failure::general)?;
            true
        };
    if made {
        return Ok(file);
    }
    let key = known.first().map_or("", |key| key.id.as_str());
    Err(Failure::general(format!(
        "{} is gone, and the database holds secrets that are sealed with its key {key}",
        file.display()
    ))
    .with([
        "put the file back, or give its key in OPTIO_ENCRYPTION_KEY".to_owned(),
        LOST.to_owned(),
    ]))
}

const LOST: &str = "where the key is lost, so are the secrets: `TRUNCATE secrets, secret_keys` in the \
                    database lets Optio start with another key, and they have to be set again";

fn refused(error: SecretError, place: &str) -> Failure {
    let words = error.to_string();
    match error {
        SecretError::NoKey(key) => Failure::usage(format!(
            "the key in {place} is not the one that secrets are sealed with, which is {key}"
        ))
        .with([
            "give that key, or, where you have begun to use another, both of them: the new one in \
             OPTIO_ENCRYPTION_KEY and that one in OPTIO_ENCRYPTION_KEY_PREVIOUS, or a line for each in \
             the file, the new one first; `optio secret rotate-key` then changes over"
                .to_owned(),
            LOST.to_owned(),
        ]),
        SecretError::WrongKey(_) => {
            Failure::general(words).with(["bring back the table secret_keys from a backup".to_owned(), LOST.to_owned()])
        }
        SecretError::Store(_)
        | SecretError::Unopened(_)
        | SecretError::Full(_)
        | SecretError::Rotating
        | SecretError::Keys(_) => Failure::general(words),
    }
}

/// Says that a change of the key was cut short.
async fn tell_unfinished(store: &Store) {
    let keys = store.secret_keys().await.unwrap_or_default();
    if 1 < keys.len() {
        tracing::warn!(
            "a change of the key of secrets was cut short; `optio secret rotate-key` finishes it"
        );
    }
}
