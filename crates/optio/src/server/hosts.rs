//! The git hosts that are configured.

use std::{path::Path, sync::Arc};

use optio_adapters::git_hosts::{
    github::{Credentials, GitHub, GitHubSettings},
    gitlab::{GitLab, GitLabSettings},
};
use optio_domain::{
    git_host::GitHost,
    ports::{Clock, GitHosts},
    secret::SecretText,
};

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

/// The git hosts that the settings name. Without credentials there is none: tasks then run, and nobody
/// sees their pull requests.
pub(super) fn configured(config: &Config, clock: &Arc<dyn Clock>) -> Result<GitHosts, Failure> {
    let github = github(&config.github, clock)?;
    let gitlab = gitlab(&config.gitlab, clock)?;
    if let (Some(github), Some(gitlab)) = (&github, &gitlab)
        && github.host() == gitlab.host()
    {
        let host = github.host();
        return Err(Failure::usage(format!(
            "github_url and gitlab_url both name {host}; set each to its own host"
        )));
    }
    let (signs, shows) = (
        signature(github.as_ref(), config.github.webhook_secret.as_ref()),
        signature(gitlab.as_ref(), config.gitlab.webhook_secret.as_ref()),
    );
    let mut hosts = GitHosts::new(github.into_iter().chain(gitlab).collect());
    if let Some((host, secret)) = signs {
        hosts = hosts.signing(&host, secret);
    }
    if let Some((host, secret)) = shows {
        hosts = hosts.showing(&host, secret);
    }
    Ok(hosts)
}

/// A host that tells things by itself, and by what it is known.
fn signature(
    host: Option<&Arc<dyn GitHost>>,
    secret: Option<&Secret>,
) -> Option<(String, SecretText)> {
    Some((host?.host().to_owned(), SecretText::new(secret?.reveal())))
}

fn github(
    access: &GitHubAccess,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn GitHost>>, Failure> {
    let credentials = match (&access.app, &access.token) {
        (Some((id, file)), _) => Credentials::App {
            id: *id,
            private_key: private_key(file)?,
        },
        (None, Some(token)) => Credentials::Token(token.reveal().to_owned()),
        (None, None) => return Ok(None),
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
    Ok(Some(Arc::new(host)))
}

fn gitlab(
    access: &GitLabAccess,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn GitHost>>, Failure> {
    let Some(token) = &access.token else {
        return Ok(None);
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
        token: token.reveal().to_owned(),
    };
    let host = GitLab::new(settings, Arc::clone(clock))
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Some(Arc::new(host)))
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
        configured(&config, &clock).map_err(|failure| format!("{failure:?}"))
    }

    // The client of a host wants a runtime to be there.
    #[tokio::test]
    async fn each_host_with_credentials_is_there_and_knows_its_own_webhooks() {
        let names = |env: &[_]| -> Vec<String> {
            let hosts = hosts(env).unwrap();
            hosts.names().map(str::to_owned).collect()
        };
        assert_eq!(names(&[]), [""; 0]);
        assert_eq!(names(&[("GITLAB_TOKEN", "glpat-a")]), ["gitlab.com"]);
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
