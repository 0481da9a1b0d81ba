//! Tests that need processes: a real Postgres, the real binary, a server on a socket, and whole
//! worlds of all of them.

#[cfg(test)]
mod chaos;
#[cfg(test)]
mod client;
#[cfg(test)]
mod client_repos;
#[cfg(test)]
mod client_secrets;
mod client_trackers;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod modes;
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
