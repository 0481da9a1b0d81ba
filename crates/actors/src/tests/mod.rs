//! The actors in a world that is real where it can be and played by hand where it cannot.

mod control;
mod credentials;
mod driver;
mod engine;
mod fakes;
mod host;
mod mail;
mod notices;
mod notifier;
mod pools;
mod reviews;
mod run_files;
mod runners;
mod sandboxes;
mod task_mail;
mod tasks;
mod tickets;
mod trackers;
mod turns;
mod warm;
mod words;
mod world;
