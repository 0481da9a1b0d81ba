//! `optio files` as it is written.

use std::path::PathBuf;

use clap::Args;

/// What can be done with the files that runs have left.
#[derive(Debug, Args)]
pub struct Files {
    /// A task, or a run of a job: id, or its first eight digits or more
    #[arg(value_name = "TASK|RUN")]
    pub id: String,
    /// Write them below this directory; files that are there already are replaced
    #[arg(long, value_name = "DIR")]
    pub download: Option<PathBuf>,
    /// Only those of this attempt
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    pub attempt: Option<i32>,
}
