//! Everything over real sockets and a real database; every answer is compared with the description
//! of the API.

mod admission;
mod api;
mod asks;
mod classes;
mod dead;
mod hooks;
mod host;
mod issues;
mod jobs;
mod live;
mod notices;
mod notifier;
mod overview;
mod peers;
mod pr_reviews;
mod refusals;
mod refused_mail;
mod repeats;
mod repos;
mod routes;
mod run_files;
mod sandboxes;
mod schema;
mod secrets;
mod slack;
mod task_rows;
mod tasks;
mod templates;
mod tickets;
mod topics;
mod trackers;
mod triggers;
mod webhooks;
