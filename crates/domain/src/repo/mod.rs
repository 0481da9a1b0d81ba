//! Repositories: their addresses, and what people decide about them.

mod external;
mod slack;
mod spec;
mod url;

pub use external::{ExternalReviewFilters, ExternalReviewMode, ExternalReviews};
pub use slack::{SlackAddress, SlackNotice, SlackSettings, read_slack_notices};
pub use spec::{GitPlatform, NOT_CARRIED_OUT, RepoSpec, ReviewTrigger};
pub use url::RepoUrl;
