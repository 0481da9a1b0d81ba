//! Whose a secret is.

use crate::{
    agent::spec::Invalid,
    id::{RepoId, TrackerId, TriggerId, WebhookId},
    repo::RepoUrl,
};

/// What the scope of something of ours begins with: no scope that a person can name does.
const OURS: &str = "of:";

/// For what a secret is, as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// For every workspace.
    Global,
    /// For one workspace.
    Workspace,
    /// For one person.
    User,
    /// For one repository.
    Repo(RepoUrl),
}

impl Scope {
    /// Reads a scope: `global`, `workspace`, `user`, or the URL of a repository.
    ///
    /// # Errors
    /// The rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "global" => Ok(Self::Global),
            "workspace" => Ok(Self::Workspace),
            "user" => Ok(Self::User),
            url => RepoUrl::parse(url).map(Self::Repo).map_err(|invalid| {
                let rule = format!(
                    "must be global, workspace, user or the URL of a repository; that {}",
                    invalid.rule
                );
                Invalid::new("scope", rule)
            }),
        }
    }

    /// The place of this scope, for whoever asks.
    #[must_use]
    pub fn of(self, workspace: &str, user: &str) -> Place {
        let workspace = workspace.to_owned();
        match self {
            Self::Global => Place::Global,
            Self::Workspace => Place::Workspace { workspace },
            Self::User => Place::User {
                workspace,
                user: user.to_owned(),
            },
            Self::Repo(repo) => Place::Repo { workspace, repo },
        }
    }
}

/// Whose a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Every workspace's.
    Global,
    /// A workspace's.
    Workspace {
        /// Its slug.
        workspace: String,
    },
    /// A person's in a workspace.
    User {
        /// Its slug.
        workspace: String,
        /// Who.
        user: String,
    },
    /// A repository's in a workspace.
    Repo {
        /// Its slug.
        workspace: String,
        /// Which.
        repo: RepoUrl,
    },
    /// One thing's in a workspace: it belongs to that thing, goes with it, and is listed nowhere.
    Thing {
        /// Its slug.
        workspace: String,
        /// Which, as a scope.
        scope: String,
    },
}

impl Place {
    /// Where the token of a tracker is.
    #[must_use]
    pub fn of_tracker(workspace: &str, tracker: TrackerId) -> Self {
        Self::Thing {
            workspace: workspace.to_owned(),
            scope: format!("{OURS}tracker:{tracker}"),
        }
    }

    /// A trigger's.
    #[must_use]
    pub fn of_trigger(workspace: &str, trigger: TriggerId) -> Self {
        Self::Thing {
            workspace: workspace.to_owned(),
            scope: format!("{OURS}trigger:{trigger}"),
        }
    }

    /// A webhook's.
    #[must_use]
    pub fn of_webhook(workspace: &str, webhook: WebhookId) -> Self {
        Self::Thing {
            workspace: workspace.to_owned(),
            scope: format!("{OURS}webhook:{webhook}"),
        }
    }

    /// That of a repository's way to Slack.
    #[must_use]
    pub fn of_slack(workspace: &str, repo: RepoId) -> Self {
        Self::Thing {
            workspace: workspace.to_owned(),
            scope: format!("{OURS}slack:{repo}"),
        }
    }

    /// The scope in words: `global`, `workspace`, `user`, or the repository's URL.
    #[must_use]
    pub fn scope(&self) -> &str {
        match self {
            Self::Global => "global",
            Self::Workspace { .. } => "workspace",
            Self::User { .. } => "user",
            Self::Repo { repo, .. } => repo.as_str(),
            Self::Thing { scope, .. } => scope,
        }
    }

    /// The workspace, where it is not every one's.
    #[must_use]
    pub fn workspace(&self) -> Option<&str> {
        match self {
            Self::Global => None,
            Self::Workspace { workspace }
            | Self::User { workspace, .. }
            | Self::Repo { workspace, .. }
            | Self::Thing { workspace, .. } => Some(workspace),
        }
    }

    /// The person, where it is one's own.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::User { user, .. } => Some(user),
            Self::Global | Self::Workspace { .. } | Self::Repo { .. } | Self::Thing { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(scope: &str) -> Result<Place, Invalid> {
        Scope::parse(scope).map(|scope| scope.of("w", "ada"))
    }

    #[test]
    fn a_scope_says_whose_a_secret_is() {
        let parts = |scope: &str| {
            let place = place(scope).unwrap();
            let owned = |text: Option<&str>| text.map(str::to_owned);
            (
                place.scope().to_owned(),
                owned(place.workspace()),
                owned(place.user()),
            )
        };
        let (w, ada) = (Some("w".to_owned()), Some("ada".to_owned()));
        assert_eq!(parts("global"), ("global".to_owned(), None, None));
        assert_eq!(
            parts("workspace"),
            ("workspace".to_owned(), w.clone(), None)
        );
        assert_eq!(parts("user"), ("user".to_owned(), w.clone(), ada));
        let url = "https://github.com/a/b".to_owned();
        assert_eq!(parts("git@GitHub.com:a/b.git"), (url, w, None));
    }

    #[test]
    fn nobody_can_name_what_belongs_to_a_thing() {
        let webhook = WebhookId(uuid::Uuid::from_u128(7));
        let repo = RepoId(uuid::Uuid::from_u128(7));
        for place in [Place::of_webhook("w", webhook), Place::of_slack("w", repo)] {
            assert_eq!((place.workspace(), place.user()), (Some("w"), None));
            assert!(Scope::parse(place.scope()).is_err(), "{place:?}");
        }
        assert_ne!(
            Place::of_webhook("w", webhook).scope(),
            Place::of_slack("w", repo).scope()
        );
    }

    #[test]
    fn what_is_no_scope_is_refused_with_the_scopes_there_are() {
        let tracker = Place::of_tracker("w", TrackerId(uuid::Uuid::nil()));
        for bad in [
            "",
            "Global",
            "nonsense",
            "https://github.com",
            tracker.scope(),
        ] {
            let refused = place(bad).unwrap_err();
            assert_eq!(refused.field, "scope");
            assert!(
                refused.rule.starts_with("must be global, workspace, user"),
                "{refused}"
            );
        }
    }
}
