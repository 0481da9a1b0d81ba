//! Tests that need processes: a real Postgres, the real binary, a server on a socket, and whole
//! worlds of all of them.

#[cfg(test)]
mod chaos;
#[cfg(test)]
mod client;
#[cfg(test)]
mod client_apply;
#[cfg(test)]
mod client_files;
#[cfg(test)]
mod client_jobs;
#[cfg(test)]
mod client_repos;
#[cfg(test)]
mod client_secrets;
#[cfg(test)]
mod client_startables;
#[cfg(test)]
mod client_templates;
#[cfg(test)]
mod client_trackers;
#[cfg(test)]
mod client_triggers;
#[cfg(test)]
mod client_webhooks;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod mars;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod pr_reviews;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod starts;
#[cfg(test)]
mod stops;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod tasks_gitlab;
#[cfg(test)]
mod tasks_troubles;
#[cfg(test)]
mod troubles;
#[cfg(test)]
mod warm;
#[cfg(test)]
mod world;
