//! The address of a repository in one form, however it was written.

use crate::agent::spec::Invalid;

/// Characters of an address.
const CHARS_MAX: usize = 512;

/// The address of a repository: `https://host/owner/name`, the host in lower case, without `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RepoUrl(String);

impl RepoUrl {
    /// Reads an address as people write it: with `https`, with `ssh`, or as `git@host:owner/name`.
    /// The same repository gives the same address; an address over `ssh` becomes that over `https`.
    ///
    /// # Errors
    /// The rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let (scheme, host, path) = parts(text)?;
        if CHARS_MAX < text.chars().count() {
            return broken(format!("must not be longer than {CHARS_MAX} characters"));
        }
        let mut path = path.trim_end_matches('/');
        while let Some(rest) = path.strip_suffix(".git") {
            path = rest.trim_end_matches('/');
        }
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if segments.len() < 2 {
            return broken(
                "must name an owner and a repository, as in https://github.com/owner/name",
            );
        }
        if !segments.iter().all(|part| is_name(part)) {
            return broken("must have names of letters, digits, dots, dashes and underscores only");
        }
        Ok(Self(format!("{scheme}://{host}/{}", segments.join("/"))))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, with its port where that is not the usual one.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(host, _)| host)
    }

    /// Owner and name: `owner/name`, with groups between them where the host has such.
    #[must_use]
    pub fn full_name(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split_once('/').map_or("", |(_, path)| path)
    }
}

impl std::fmt::Display for RepoUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn broken<T>(rule: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid::new("repoUrl", rule))
}

/// Scheme, host and path.
fn parts(text: &str) -> Result<(&'static str, String, &str), Invalid> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        return match scheme.to_ascii_lowercase().as_str() {
            "https" => Ok(("https", web_host(authority, ":443")?, path)),
            "http" => Ok(("http", web_host(authority, ":80")?, path)),
            // The port of ssh says nothing about that of https.
            "ssh" | "git+ssh" => {
                let host = authority
                    .rsplit_once('@')
                    .map_or(authority, |(_, host)| host);
                let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
                Ok(("https", checked_host(host)?, path))
            }
            _ => broken("must be an address with https or ssh"),
        };
    }
    // As git writes it: user@host:path.
    match text.split_once(':') {
        Some((who, path)) if !who.contains('/') && who.contains('@') => {
            let host = who.rsplit_once('@').map_or(who, |(_, host)| host);
            Ok(("https", checked_host(host)?, path))
        }
        _ => broken("must be an address, as in https://github.com/owner/name"),
    }
}

fn web_host(authority: &str, usual_port: &str) -> Result<String, Invalid> {
    if authority.contains('@') {
        return broken("must not contain a user or a password; keep those with `optio secret set`");
    }
    checked_host(authority.strip_suffix(usual_port).unwrap_or(authority))
}

fn checked_host(host: &str) -> Result<String, Invalid> {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "1"));
    let named = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if name.is_empty() || !named || port.parse::<u16>().is_err() {
        return broken("must name a host");
    }
    Ok(host.to_ascii_lowercase())
}

fn is_name(part: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~');
    part != "." && part != ".." && part.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_repository_has_one_address_however_it_is_written() {
        for text in [
            "https://github.com/Ada/engine",
            "https://GitHub.com/Ada/engine.git",
            "HTTPS://github.com:443//Ada/engine/",
            " https://github.com/Ada/engine.git/ ",
            "git@github.com:Ada/engine.git",
            "git@GITHUB.com:/Ada/engine",
            "ssh://git@github.com/Ada/engine.git",
            "ssh://git@github.com:22/Ada/engine",
        ] {
            let url = RepoUrl::parse(text).unwrap();
            assert_eq!(url.as_str(), "https://github.com/Ada/engine", "{text}");
            assert_eq!((url.host(), url.full_name()), ("github.com", "Ada/engine"));
        }
    }

    #[test]
    fn what_makes_another_repository_stays() {
        for text in [
            "https://github.com/ada/engine",
            "http://127.0.0.1:3000/ada/engine",
            "https://gitlab.com/group/sub/engine",
            "https://git.example:8443/ada/engine.js",
        ] {
            assert_eq!(RepoUrl::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_repository_is_refused_without_repeating_a_password() {
        for text in [
            "",
            "ada/engine",
            "https://github.com",
            "https://github.com/ada",
            "https:///ada/engine",
            "https://github.com/../engine",
            "https://github.com/ada/engine?ref=main",
            "https://github.com/ada/engine#readme",
            "https://ada:hunter2@github.com/ada/engine",
            "https://git hub.com/ada/engine",
            "https://github.com:port/ada/engine",
            "file:///srv/git/engine",
            "C:/ada/engine",
        ] {
            let refused = RepoUrl::parse(text).unwrap_err().to_string();
            assert!(refused.starts_with("repoUrl: must"), "{text}: {refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        let long = format!("https://github.com/ada/{}", "e".repeat(CHARS_MAX));
        assert!(RepoUrl::parse(&long).is_err());
    }

    proptest! {
        #[test]
        fn reading_an_address_again_changes_nothing(text in "(https|ssh|http)://[a-zA-Z@.:0-9]{1,9}/[a-zA-Z./]{1,12}|.{0,20}") {
            if let Ok(url) = RepoUrl::parse(&text) {
                prop_assert_eq!(RepoUrl::parse(url.as_str()), Ok(url.clone()));
                prop_assert!(!url.as_str().contains('@'));
            }
        }
    }
}
