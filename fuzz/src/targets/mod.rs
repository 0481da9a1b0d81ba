//! The targets, by who sends the bytes.

mod agent;
mod client;
mod host;
mod operator;
mod runner;

/// A reader and its promises.
#[derive(Debug)]
pub struct Target {
    /// Its name, and that of the directory of its inputs.
    pub name: &'static str,
    /// Reads the bytes.
    ///
    /// # Panics
    /// Where a promise is broken.
    pub play: fn(&[u8]),
}

/// Every target. Keep the list in alphabetical order.
pub const TARGETS: [Target; 16] = [
    Target {
        name: "agent-line",
        play: agent::line,
    },
    Target {
        name: "agent-output",
        play: agent::output,
    },
    Target {
        name: "body",
        play: client::body,
    },
    Target {
        name: "draft",
        play: agent::draft,
    },
    Target {
        name: "envelope",
        play: client::envelope,
    },
    Target {
        name: "files",
        play: runner::files,
    },
    Target {
        name: "frame",
        play: runner::frame,
    },
    Target {
        name: "header",
        play: client::header,
    },
    Target {
        name: "journal",
        play: runner::journal,
    },
    Target {
        name: "page",
        play: client::page,
    },
    Target {
        name: "scenario",
        play: operator::scenario,
    },
    Target {
        name: "schedule",
        play: operator::schedule,
    },
    Target {
        name: "settings",
        play: operator::settings,
    },
    Target {
        name: "template",
        play: operator::template,
    },
    Target {
        name: "token",
        play: client::token,
    },
    Target {
        name: "webhook",
        play: host::webhook,
    },
];
