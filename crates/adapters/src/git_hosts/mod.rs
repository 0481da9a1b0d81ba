//! Git hosts: where repositories, pull requests and issues are.

pub mod github;
pub mod gitlab;
pub(crate) mod rest;
