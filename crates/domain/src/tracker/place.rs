//! Where tickets are written, as far as it depends on what kind of tracker it is.

use crate::{agent::spec::Invalid, git_host::RepoName};

/// Characters of an address.
const URL_CHARS_MAX: usize = 512;

/// A kind of tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The issues of a repository on GitHub.
    GitHub,
    /// The issues of a project on GitLab.
    GitLab,
    /// Jira Cloud.
    Jira,
    /// Linear.
    Linear,
    /// A database of Notion.
    Notion,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::GitHub,
        Self::GitLab,
        Self::Jira,
        Self::Linear,
        Self::Notion,
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Jira => "jira",
            Self::Linear => "linear",
            Self::Notion => "notion",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }

    /// What the API calls the token.
    #[must_use]
    pub fn token_field(self) -> &'static str {
        match self {
            Self::GitHub | Self::GitLab => "token",
            Self::Jira => "apiToken",
            Self::Linear | Self::Notion => "apiKey",
        }
    }

    /// Whether its tickets are those of one repository, so that a ticket's number there names it.
    #[must_use]
    pub fn is_git_host(self) -> bool {
        match self {
            Self::GitHub | Self::GitLab => true,
            Self::Jira | Self::Linear | Self::Notion => false,
        }
    }
}

/// The address of a service that a person has named. Only such that may be called: over `https`, or over
/// `http` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// The rule it breaks, without a password.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        let broken = |rule: &str| Err(Invalid::new(field, rule));
        let text = text.trim().trim_end_matches('/');
        if URL_CHARS_MAX < text.len() {
            return broken("must not be longer than 512 characters");
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return broken("must be an address with https, as in https://acme.atlassian.net");
        };
        if rest.contains(['@', '?', '#', '\\']) || rest.chars().any(char::is_whitespace) {
            return broken("must name a host and nothing but a path: no user, password or query");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:[]".contains(c);
        let authority = rest.split('/').next().unwrap_or_default();
        let host = host_of(authority);
        if host.is_empty() || !rest.chars().all(plain) || !port_is_one(authority) {
            return broken("must name a host");
        }
        if rest.split('/').any(|part| part == "..") {
            return broken("must not lead out of its own path");
        }
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Ok(Self(format!("https://{rest}"))),
            "http" if is_loopback(host) => Ok(Self(format!("http://{rest}"))),
            _ => broken("must begin with https:// (http:// is for this machine alone)"),
        }
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, with its port where one is given.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

/// The host of an authority, without its port.
fn host_of(authority: &str) -> &str {
    if let Some(end) = authority.find(']') {
        return &authority[..=end];
    }
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

fn port_is_one(authority: &str) -> bool {
    let rest = &authority[host_of(authority).len()..];
    rest.is_empty()
        || rest
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Where tickets are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The issues of a repository of the GitHub that is configured.
    GitHub {
        /// Which.
        repo: RepoName,
    },
    /// The issues of a project.
    GitLab {
        /// Which GitLab.
        host: BaseUrl,
        /// Which project, with its groups.
        project: RepoName,
    },
    /// A site of Jira Cloud.
    Jira {
        /// Which.
        base_url: BaseUrl,
        /// Whose token it is.
        email: String,
        /// The only project that is looked at, where one is named.
        project_key: Option<String>,
        /// The status of a ticket that is done; any of the category "done" where none is named.
        done_status: Option<String>,
        /// The status of a ticket that waits for work; any that is not done where none is named.
        todo_status: Option<String>,
    },
    /// A workspace of Linear.
    Linear {
        /// The only team that is looked at, by its id.
        team: Option<String>,
        /// The only project that is looked at, by its id.
        project: Option<String>,
    },
    /// A database of Notion.
    Notion {
        /// Which, by its id.
        database: String,
        /// The property that says where a page stands.
        status_property: String,
        /// What it says of one that is done.
        done_value: String,
        /// The property with the title; the one of that type where none is named.
        title_property: Option<String>,
    },
}

impl Place {
    /// What kind of tracker it is.
    #[must_use]
    pub fn source(&self) -> Source {
        match self {
            Self::GitHub { .. } => Source::GitHub,
            Self::GitLab { .. } => Source::GitLab,
            Self::Jira { .. } => Source::Jira,
            Self::Linear { .. } => Source::Linear,
            Self::Notion { .. } => Source::Notion,
        }
    }

    /// What tells one place from another: the same tickets must not be looked at twice.
    #[must_use]
    pub fn key(&self) -> String {
        let any = |part: &Option<String>| part.clone().unwrap_or_else(|| "*".to_owned());
        let key = match self {
            Self::GitHub { repo } => repo.to_string(),
            Self::GitLab { host, project } => format!("{}/{project}", host.host()),
            Self::Jira {
                base_url,
                project_key,
                ..
            } => format!("{}/{}", base_url.host(), any(project_key)),
            Self::Linear { team, project } => format!("{}/{}", any(team), any(project)),
            Self::Notion { database, .. } => database.replace('-', ""),
        };
        format!("{}:{}", self.source().name(), key.to_lowercase())
    }
}
