//! `optio template` as it is written.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const SET: &str = "\
Prompts of tasks begin with the template override of their repository, else with the default template of
the kind prompt, else with built-in words; reviews likewise, with the kind review. A text may ask for
{{name}}, {{default name \"text\"}} and {{#if name}} … {{else}} … {{/if}}; names that there will not be are refused.

Examples:
  optio template set ours --file prompt.md --default
  optio template set weekly --kind job --file weekly.md --params-schema weekly.json
  pbpaste | optio template set careful --kind review --file -";

const PREVIEW: &str = "\
What tasks and reviews are given stands there as an example, unless a value is given.

Examples:
  optio template preview weekly repo=acme/shop
  optio template preview @prompt.md --kind prompt TASK_TITLE=\"Add /healthz\"";

/// What can be done with prompt templates.
#[derive(Debug, Subcommand)]
pub enum Template {
    /// List the templates
    List {
        /// Only those of this kind: prompt, review, job or task
        #[arg(long)]
        kind: Option<String>,
    },
    /// Show a template
    Show(WhichTemplate),
    /// Keep a template, or change the one of that name
    #[command(after_help = SET)]
    Set(Box<SetTemplate>),
    /// Remove a template
    Rm(WhichTemplate),
    /// Print a template as an agent would be given it, and what is wrong with it
    #[command(after_help = PREVIEW)]
    Preview {
        /// Name or id, or @FILE with a text that is not kept
        template: String,
        /// Values, by name
        #[arg(value_name = "NAME=VALUE")]
        params: Vec<String>,
        /// What it is for: prompt, review, job or task
        #[arg(long)]
        kind: Option<String>,
    },
}

/// Which template.
#[derive(Debug, Args)]
pub struct WhichTemplate {
    /// Name or id
    pub template: String,
    /// What it is for, where several have the name: prompt, review, job or task
    #[arg(long)]
    pub kind: Option<String>,
}

/// A template to be kept.
#[derive(Debug, Args)]
pub struct SetTemplate {
    /// Its name
    pub name: String,
    /// A file with the text; - reads the input
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What it is for: prompt, review, job or task [default: that of the one there is, else prompt]
    #[arg(long)]
    pub kind: Option<String>,
    /// What people have to know of it
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// A file with the JSON Schema of the parameters of a job or a task
    #[arg(long, value_name = "FILE")]
    pub params_schema: Option<PathBuf>,
    /// Which agent program a job or a task is given it with, where nobody says
    #[arg(long)]
    pub agent: Option<String>,
    /// Let prompts or reviews begin with it where their repository has no words of its own
    #[arg(long)]
    pub default: bool,
    /// Let them begin with it no more
    #[arg(long, conflicts_with = "default")]
    pub no_default: bool,
}
