//! `optio webhook` as it is written.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const ADD: &str = "\
Deliveries are signed where there is a secret: by Standard Webhooks (webhook-signature) and, with the same
secret, by X-Optio-Signature. A Slack address gets Slack's own form and needs none.

Examples:
  optio webhook add https://example.com/in --event task.failed --event task.completed --new-secret
  pass show hook | optio webhook add https://example.com/in --event task.failed --secret";

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Have an address told what happens
    #[command(after_help = ADD)]
    Add(AddWebhook),
    /// List the webhooks
    List,
    /// Show a webhook
    Show {
        /// Id, the beginning of one, or address
        webhook: String,
    },
    /// Send a made-up event to a webhook and say how it went
    Test {
        /// Id, the beginning of one, or address
        webhook: String,
        /// Which event [default: the first one that it is told of]
        #[arg(long)]
        event: Option<String>,
    },
    /// List what a webhook was told, the newest first
    Deliveries {
        /// Id, the beginning of one, or address
        webhook: String,
        /// How many at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Send a delivery once more
    Replay {
        /// Id, the beginning of one, or address
        webhook: String,
        /// The id of the delivery
        delivery: String,
    },
    /// Tell a webhook what happens again, after it was turned off
    On {
        /// Id, the beginning of one, or address
        webhook: String,
    },
    /// Tell a webhook nothing for now
    Off {
        /// Id, the beginning of one, or address
        webhook: String,
    },
    /// Remove a webhook with its history
    Rm {
        /// Id, the beginning of one, or address
        webhook: String,
    },
}

/// A webhook to be added.
#[derive(Debug, Args)]
pub struct AddWebhook {
    /// Where it is told
    pub url: String,
    /// What it is told of; may be given several times
    #[arg(long = "event", value_name = "EVENT", required = true)]
    pub events: Vec<String>,
    /// What it is for
    #[arg(long)]
    pub description: Option<String>,
    /// Sign deliveries with a secret that is read from the input, or typed unseen
    #[arg(long, conflicts_with_all = ["new_secret", "secret_file"])]
    pub secret: bool,
    /// Sign deliveries with the secret in this file
    #[arg(long, value_name = "FILE", conflicts_with = "new_secret")]
    pub secret_file: Option<PathBuf>,
    /// Sign deliveries with a new secret, which is printed once
    #[arg(long)]
    pub new_secret: bool,
}
