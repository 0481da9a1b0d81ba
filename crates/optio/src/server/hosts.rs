//! The git hosts that are configured.

use std::{path::Path, sync::Arc};

use optio_adapters::git_hosts::github::{Credentials, GitHub, GitHubSettings};
use optio_domain::{
    git_host::GitHost,
    ports::{Clock, GitHosts},
    secret::SecretText,
};

use crate::{config::Config, failure::Failure};

/// Where GitHub is, unless somebody says otherwise.
const PUBLIC: &str = "https://github.com";
/// The base of its API there.
const PUBLIC_API: &str = "https://api.github.com";

/// The git hosts that the settings name. Without credentials there is none: tasks then run, and nobody
/// sees their pull requests.
pub(super) fn configured(config: &Config, clock: &Arc<dyn Clock>) -> Result<GitHosts, Failure> {
    let access = &config.github;
    let credentials = match (&access.app, &access.token) {
        (Some((id, file)), _) => Credentials::App {
            id: *id,
            private_key: private_key(file)?,
        },
        (None, Some(token)) => Credentials::Token(token.reveal().to_owned()),
        (None, None) => return Ok(GitHosts::default()),
    };
    let url = access.url.as_deref().unwrap_or(PUBLIC);
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let api_url = match &access.api_url {
        Some(api_url) => api_url.clone(),
        None if url == PUBLIC => PUBLIC_API.to_owned(),
        // Where GitHub Enterprise Server has it.
        None => format!("{url}/api/v3"),
    };
    let settings = GitHubSettings {
        host: host.to_owned(),
        api_url,
        credentials,
    };
    let github = GitHub::new(settings, Arc::clone(clock))
        .map_err(|error| Failure::usage(error.to_string()))?;
    let github: Arc<dyn GitHost> = Arc::new(github);
    let hosts = GitHosts::new(vec![github]);
    Ok(match &access.webhook_secret {
        Some(secret) => hosts.signing(host, SecretText::new(secret.reveal())),
        None => hosts,
    })
}

fn private_key(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!(
            "github_app_private_key_file: {} cannot be read: {error}",
            file.display()
        ))
    })
}
