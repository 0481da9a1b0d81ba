//! Repositories: their addresses.

mod url;

pub use url::RepoUrl;
