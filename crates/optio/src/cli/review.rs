//! `optio review` as it is written.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What can be done with reviews of pull requests.
#[derive(Debug, Subcommand)]
pub enum Review {
    /// Have the review agent look at a pull request and write a draft
    #[command(after_help = "Example:\n  optio review start https://github.com/acme/shop/pull/7")]
    Start {
        /// Its address
        url: String,
    },
    /// List the reviews, newest first
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show one review: its draft, its state, its history
    Show(WhichReview),
    /// Change a draft before it is handed in
    #[command(
        after_help = "Example:\n  optio review edit 01a22798 --verdict comment --summary @summary.md --comments comments.json"
    )]
    Edit {
        /// Id, or its first eight digits or more
        review: String,
        /// What it says to everybody; @FILE for what a file says
        #[arg(long, value_name = "TEXT")]
        summary: Option<String>,
        /// What it decides
        #[arg(long, value_enum)]
        verdict: Option<Verdict>,
        /// A JSON file with all comments: [{"path", "line", "side", "body"}]; - reads the input
        #[arg(long, value_name = "FILE")]
        comments: Option<PathBuf>,
    },
    /// Hand the draft in as a review on the pull request
    Submit(WhichReview),
    /// Have the agent look once more, at the head as it is now
    ReReview(WhichReview),
    /// Stop a review for good; its process is gone within seconds
    Cancel(WhichReview),
    /// Write to the agent about its draft, or print what was said
    Chat {
        /// Id, or its first eight digits or more
        review: String,
        /// The message; - reads it from the input
        text: Option<String>,
    },
    /// Print what the agent said and did in its last run
    Logs {
        /// Id, or its first eight digits or more
        review: String,
        /// Go on with what happens now, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
    },
}

/// Which review.
#[derive(Debug, Args)]
pub struct WhichReview {
    /// Id, or its first eight digits or more
    pub review: String,
}

/// What a draft decides.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Verdict {
    /// It may be merged
    Approve,
    /// Something has to change first
    RequestChanges,
    /// Words without a decision
    Comment,
}

impl Verdict {
    /// The word of the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::RequestChanges => "request_changes",
            Self::Comment => "comment",
        }
    }
}
