//! What a repository wants of reviews of pull requests that its tasks have not opened.

use serde::{Deserialize, Serialize};

use crate::agent::spec::Invalid;

/// Names in one filter.
const NAMES_MAX: usize = 100;
/// Characters of one name.
const NAME_CHARS_MAX: usize = 255;

/// Which pull requests are reviewed by themselves, and what becomes of the draft.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExternalReviewMode {
    /// None.
    #[default]
    Off,
    /// Those in which a review of our account is asked for; the draft waits for a person.
    OnRequest,
    /// All that the filters let through; the draft waits for a person.
    OnPullHold,
    /// All that the filters let through; the draft is handed in by itself.
    OnPullPost,
}

impl ExternalReviewMode {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Off,
        Self::OnRequest,
        Self::OnPullHold,
        Self::OnPullPost,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::OnRequest => "on_request",
            Self::OnPullHold => "on_pr_hold",
            Self::OnPullPost => "on_pr_post",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// Which pull requests are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ExternalReviewFilters {
    /// Whether those are left out that their author calls unfinished.
    pub skip_drafts: bool,
    /// Whether those are left out that a task or our account has opened.
    pub skip_optio_authored: bool,
    /// Where it names anybody, only theirs are reviewed.
    pub include_authors: Vec<String>,
    /// Whose are left out.
    pub exclude_authors: Vec<String>,
    /// Where it names any, only those with one of these labels are reviewed.
    pub include_labels: Vec<String>,
    /// Those with one of these labels are left out.
    pub exclude_labels: Vec<String>,
}

impl Default for ExternalReviewFilters {
    fn default() -> Self {
        Self {
            skip_drafts: true,
            skip_optio_authored: true,
            include_authors: Vec::new(),
            exclude_authors: Vec::new(),
            include_labels: Vec::new(),
            exclude_labels: Vec::new(),
        }
    }
}

/// What a repository wants of such reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalReviews {
    /// Which, and what becomes of them.
    pub mode: ExternalReviewMode,
    /// Whether they wait until the checks of the pull request are over.
    pub wait_for_ci: bool,
    /// Which are left out.
    pub filters: ExternalReviewFilters,
}

impl Default for ExternalReviews {
    fn default() -> Self {
        Self {
            mode: ExternalReviewMode::Off,
            wait_for_ci: true,
            filters: ExternalReviewFilters::default(),
        }
    }
}

impl ExternalReviews {
    /// The rules that are broken.
    pub(super) fn broken(&self) -> Option<Invalid> {
        let filters = &self.filters;
        let lists = [
            &filters.include_authors,
            &filters.exclude_authors,
            &filters.include_labels,
            &filters.exclude_labels,
        ];
        let fits = |name: &String| {
            let chars = name.chars().count();
            !name.trim().is_empty() && chars <= NAME_CHARS_MAX
        };
        let fine = lists
            .iter()
            .all(|list| list.len() <= NAMES_MAX && list.iter().all(fits));
        (!fine).then(|| {
            let rule = format!(
                "must have lists of at most {NAMES_MAX} names of 1 to {NAME_CHARS_MAX} characters"
            );
            Invalid::new("externalReviewFilters", rule)
        })
    }
}
