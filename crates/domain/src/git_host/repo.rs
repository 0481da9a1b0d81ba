//! Names of repositories. They become parts of addresses and arguments, so only safe ones exist.

use std::{fmt, str::FromStr};

/// Characters of a repository's owner and name together.
const NAME_CHARS_MAX: usize = 255;

/// A repository on some host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoName {
    owner: String,
    name: String,
}

/// A repository and the host it is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoUrl {
    /// The host, with its port where the address names one.
    pub host: String,
    /// The repository.
    pub repo: RepoName,
}

/// What a host says of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    /// Its name, as the host spells it.
    pub name: RepoName,
    /// The branch that new work starts from.
    pub default_branch: String,
    /// The address for `git clone`, without credentials.
    pub clone_url: String,
    /// Whether only some may see it.
    pub private: bool,
}

/// A text that names no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no repository; write it as https://host/owner/name or owner/name")]
pub struct BadRepo(pub String);

impl RepoName {
    /// A name from its parts. An owner may have several (`group/subgroup`) on hosts that nest them.
    ///
    /// # Errors
    /// When a part is empty, is a path of its own, or holds anything but letters, digits, `.`, `_`
    /// and `-`, and when the name ends with `.git`.
    pub fn new(owner: &str, name: &str) -> Result<Self, BadRepo> {
        let parts = owner.split('/').chain([name]);
        let fits = owner.len() + name.len() <= NAME_CHARS_MAX;
        // What ends so is the address of a repository, not its name.
        let is_address = name.ends_with(".git");
        if fits && !is_address && parts.into_iter().all(is_safe) {
            Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
            })
        } else {
            Err(BadRepo(format!("{owner}/{name}")))
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What it is called among the owner's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Neither a step to another directory nor an option of some program.
fn is_safe(part: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_step = part == "." || part == "..";
    !part.is_empty() && !is_step && !part.starts_with('-') && part.chars().all(is_plain)
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for RepoName {
    type Err = BadRepo;

    fn from_str(text: &str) -> Result<Self, BadRepo> {
        let bad = || BadRepo(text.to_owned());
        let (owner, name) = text.rsplit_once('/').ok_or_else(bad)?;
        Self::new(owner, name).map_err(|_| bad())
    }
}

impl FromStr for RepoUrl {
    type Err = BadRepo;

    /// Reads `https://host/owner/name`, `ssh://git@host/owner/name` and `git@host:owner/name`, each
    /// with or without `.git` at the end. An address that carries a password is refused.
    fn from_str(text: &str) -> Result<Self, BadRepo> {
        let bad = || BadRepo(without_password(text));
        let trimmed = text.trim().trim_end_matches('/');
        let rest = ["https://", "http://", "ssh://"]
            .iter()
            .find_map(|scheme| trimmed.strip_prefix(scheme));
        let (host, path) = match rest {
            Some(rest) => rest.split_once('/').ok_or_else(bad)?,
            None => trimmed.split_once(':').ok_or_else(bad)?,
        };
        let host = host.strip_prefix("git@").unwrap_or(host);
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(bad());
        }
        let path = path.strip_suffix(".git").unwrap_or(path);
        Ok(Self {
            host: host.to_ascii_lowercase(),
            repo: path.parse().map_err(|_| bad())?,
        })
    }
}

/// The address as it may be shown: what stands before an `@` may be a secret.
fn without_password(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}://***{}", &text[..scheme], &text[at..])
        }
        _ => text.to_owned(),
    }
}
