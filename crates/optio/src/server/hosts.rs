//! The git hosts and the trackers that are configured.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use optio_adapters::{
    git_hosts::{
        github::{Credentials, GitHub, GitHubSettings},
        gitlab::{GitLab, GitLabSettings, Token},
    },
    trackers::{LINEAR_API, NOTION_API, TrackerAdapters, TrackerSettings},
};
use optio_domain::{
    git_host::GitHost,
    ports::{Clock, Eventually, GitHosts, StoredToken},
    secret::SecretText,
};
use optio_store::Store;

use crate::{
    config::{Config, GitHubAccess, GitLabAccess, Secret},
    failure::Failure,
};

/// Where GitHub is, unless somebody says otherwise.
const GITHUB: &str = "https://github.com";
/// The base of its API there.
const GITHUB_API: &str = "https://api.github.com";
/// Where GitLab is, unless somebody says otherwise.
const GITLAB: &str = "https://gitlab.com";

/// Where the tokens are that the settings do not name: secrets of these names, which people may set and
/// change at any time.
const GITHUB_TOKEN: &str = "GITHUB_TOKEN";
const GITLAB_TOKEN: &str = "GITLAB_TOKEN";
/// How long a stored token is used before it is looked at again.
const TOKEN_KEPT: Duration = Duration::from_secs(5);

/// What is spoken to outside.
pub(super) struct Outside {
    /// A GitHub and a GitLab.
    pub(super) hosts: GitHosts,
    /// Where people write tickets: the issues of these two, and the trackers of others.
    pub(super) trackers: TrackerAdapters,
}

/// The git hosts and the trackers, as the settings say.
pub(super) fn configured(
    config: &Config,
    clock: &Arc<dyn Clock>,
    stored: impl Fn(&'static str) -> Arc<dyn StoredToken>,
) -> Result<Outside, Failure> {
    let github = github(&config.github, clock, || stored(GITHUB_TOKEN))?;
    let gitlab = gitlab(&config.gitlab, clock, || stored(GITLAB_TOKEN))?;
    if github.host() == gitlab.host() {
        let host = github.host();
        return Err(Failure::usage(format!(
            "github_url and gitlab_url both name {host}; set each to its own host"
        )));
    }
    let (signs, shows) = (
        signature(&*github, config.github.webhook_secret.as_ref()),
        signature(&*gitlab, config.gitlab.webhook_secret.as_ref()),
    );
    let or = |given: &Option<String>, own: &str| given.clone().unwrap_or_else(|| own.to_owned());
    let settings = TrackerSettings {
        github: Arc::clone(&github),
        gitlab: Arc::clone(&gitlab),
        linear_api_url: or(&config.trackers.linear_api_url, LINEAR_API),
        notion_api_url: or(&config.trackers.notion_api_url, NOTION_API),
    };
    let mut hosts = GitHosts::new(vec![github, gitlab]);
    if let Some((host, secret)) = signs {
        hosts = hosts.signing(&host, secret);
    }
    if let Some((host, secret)) = shows {
        hosts = hosts.showing(&host, secret);
    }
    Ok(Outside {
        hosts,
        trackers: TrackerAdapters::new(settings, Arc::clone(clock)),
    })
}

/// A host that tells things by itself, and by what it is known.
fn signature(host: &dyn GitHost, secret: Option<&Secret>) -> Option<(String, SecretText)> {
    Some((host.host().to_owned(), SecretText::new(secret?.reveal())))
}

fn github(
    access: &GitHubAccess,
    clock: &Arc<dyn Clock>,
    stored: impl FnOnce() -> Arc<dyn StoredToken>,
) -> Result<Arc<GitHub>, Failure> {
    let credentials = match (&access.app, &access.token) {
        (Some((id, file)), _) => Credentials::App {
            id: *id,
            private_key: private_key(file)?,
        },
        (None, Some(token)) => Credentials::Token(token.reveal().to_owned()),
        (None, None) => Credentials::Stored(stored()),
    };
    let url = access.url.as_deref().unwrap_or(GITHUB);
    let api_url = match &access.api_url {
        Some(api_url) => api_url.clone(),
        None if url == GITHUB => GITHUB_API.to_owned(),
        // Where GitHub Enterprise Server has it.
        None => format!("{url}/api/v3"),
    };
    let settings = GitHubSettings {
        host: host_of(url),
        api_url,
        credentials,
    };
    let host = GitHub::new(settings, Arc::clone(clock))
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Arc::new(host))
}

fn gitlab(
    access: &GitLabAccess,
    clock: &Arc<dyn Clock>,
    stored: impl FnOnce() -> Arc<dyn StoredToken>,
) -> Result<Arc<GitLab>, Failure> {
    let token = match &access.token {
        Some(token) => Token::Given(token.reveal().to_owned()),
        None => Token::Stored(stored()),
    };
    let url = access.url.as_deref().unwrap_or(GITLAB);
    let api_url = access.api_url.clone();
    let host = host_of(url);
    if host.contains('/') {
        return Err(Failure::usage(format!(
            "gitlab_url: `{url}` must name a host and nothing below it, as in https://gitlab.example.com"
        )));
    }
    let settings = GitLabSettings {
        host,
        api_url: api_url.unwrap_or_else(|| format!("{url}/api/v4")),
        token,
    };
    let host = GitLab::new(settings, Arc::clone(clock))
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Arc::new(host))
}

/// A token among the secrets of the workspace.
pub(super) struct Stored {
    store: Store,
    name: &'static str,
    kept: tokio::sync::Mutex<Option<(Instant, Option<SecretText>)>>,
}

impl Stored {
    /// The token of this name.
    pub(super) fn token(store: &Store, name: &'static str) -> Arc<dyn StoredToken> {
        Arc::new(Self {
            store: store.clone(),
            name,
            kept: tokio::sync::Mutex::default(),
        })
    }

    async fn read(&self) -> Result<Option<SecretText>, String> {
        let mut kept = self.kept.lock().await;
        if let Some((at, token)) = &*kept
            && at.elapsed() < TOKEN_KEPT
        {
            return Ok(token.clone());
        }
        let found = self
            .store
            .secret(super::plane::WORKSPACE, None, self.name)
            .await;
        let token = found.map_err(|error| format!("the secret {}: {error}", self.name))?;
        *kept = Some((Instant::now(), token.clone()));
        Ok(token)
    }
}

impl StoredToken for Stored {
    fn token(&self) -> Eventually<'_, Result<Option<SecretText>, String>> {
        Box::pin(self.read())
    }

    fn remedy(&self) -> String {
        let name = self.name;
        format!("give one with `optio secret set {name}`, or in the environment as {name}")
    }
}

fn host_of(url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    host.to_owned()
}

fn private_key(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!(
            "github_app_private_key_file: {} cannot be read: {error}",
            file.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use optio_domain::git_host::RepoUrl;

    use super::*;
    use crate::{
        config::{Found, Host, Settings},
        machine::SystemClock,
    };

    /// Nothing is stored.
    struct Nothing;

    impl StoredToken for Nothing {
        fn token(&self) -> Eventually<'_, Result<Option<SecretText>, String>> {
            Box::pin(async { Ok(None) })
        }

        fn remedy(&self) -> String {
            "give one".to_owned()
        }
    }

    fn hosts(env: &[(&str, &str)]) -> Result<GitHosts, String> {
        let mut given = BTreeMap::from([("HOME".to_owned(), "/home/ada".to_owned())]);
        given.extend(
            env.iter()
                .map(|(name, it)| ((*name).to_owned(), (*it).to_owned())),
        );
        let found = Found {
            env: given,
            host: Host {
                root: false,
                cwd: PathBuf::from("/home/ada"),
            },
            ..Found::default()
        };
        let config = Settings::load(found).unwrap().server().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let outside = configured(&config, &clock, |_| Arc::new(Nothing));
        let outside = outside.map_err(|failure| format!("{failure:?}"))?;
        Ok(outside.hosts)
    }

    // The client of a host wants a runtime to be there.
    #[tokio::test]
    async fn each_host_is_there_and_knows_its_own_webhooks() {
        let names = |env: &[_]| -> Vec<String> {
            let hosts = hosts(env).unwrap();
            hosts.names().map(str::to_owned).collect()
        };
        assert_eq!(names(&[]), ["github.com", "gitlab.com"]);
        let both = [
            ("GITLAB_TOKEN", "glpat-a"),
            ("OPTIO_GITLAB_URL", "https://git.acme.test:8443/"),
            ("GITLAB_WEBHOOK_SECRET", "hush"),
            ("GITHUB_TOKEN", "ghp_a"),
        ];
        assert_eq!(names(&both), ["git.acme.test:8443", "github.com"]);
        let both = hosts(&both).unwrap();
        assert_eq!(both.shown_by(b"hush"), Some("git.acme.test:8443"));
        assert_eq!(both.shown_by(b""), None);
        let repo: RepoUrl = "https://git.acme.test:8443/a/b/c".parse().unwrap();
        assert!(both.of(&repo).is_some());
    }

    // The client of a host wants a runtime to be there.
    #[tokio::test]
    async fn what_cannot_be_meant_is_refused_with_its_setting() {
        let refused = |more: &[(&'static str, &'static str)]| {
            let mut env = vec![("GITLAB_TOKEN", "glpat-a"), ("GITHUB_TOKEN", "ghp_a")];
            env.extend(more);
            hosts(&env).err().unwrap()
        };
        let below = refused(&[("OPTIO_GITLAB_URL", "https://acme.test/gitlab")]);
        assert!(below.contains("gitlab_url"), "{below}");
        let same = refused(&[("OPTIO_GITLAB_URL", "https://github.com")]);
        assert!(same.contains("both name github.com"), "{same}");
        assert!(hosts(&[("GITLAB_TOKEN", "glpat a")]).is_err());
    }
}
