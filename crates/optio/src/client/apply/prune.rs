//! What is on the server and in no file: listed, and removed when a person says so.

use std::io::IsTerminal as _;

use reqwest::Method;

use super::{
    super::{api::Api, typed},
    plan::Removal,
};
use crate::{
    cli::Apply,
    console::{Console, Tone},
    failure::{Exit, Failure},
};

/// Asks before anything is removed, unless it was said already.
pub(super) async fn ask(
    removals: &[Removal],
    apply: &Apply,
    console: &mut Console,
) -> Result<(), Failure> {
    if removals.is_empty() || apply.dry_run {
        return Ok(());
    }
    if !console.is_json() {
        for removal in removals {
            console.note(&format!("to remove  {}", removal.label));
        }
    }
    if apply.yes {
        return Ok(());
    }
    if console.is_json() || !std::io::stdin().is_terminal() {
        let words = "nobody can be asked whether these are to be removed; nothing was changed";
        let labels = removals.iter().map(|it| it.label.clone());
        let remedy = "--yes removes them, --dry-run says what would be done".to_owned();
        return Err(Failure::usage(words).with(labels).with([remedy]));
    }
    console.note(&format!("Remove these {}? [y/N]", removals.len()));
    let answer = typed::line().await?;
    if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    Err(Failure::general("nothing was changed"))
}

/// Removes one. What is gone already is no failure: with what it started, a trigger goes too.
pub(super) async fn remove(
    api: &Api,
    removal: &Removal,
    apply: &Apply,
    console: &mut Console,
) -> Result<(), Failure> {
    if !apply.dry_run {
        match api.change(Method::DELETE, &removal.path, None).await {
            Err(failure) if failure.exit != Exit::NotFound => {
                let message = format!("{}: {}", removal.label, failure.message);
                return Err(Failure { message, ..failure });
            }
            Ok(_) | Err(_) => {}
        }
    }
    if !console.is_json() {
        let line = console.paint(Tone::Bad, &format!("{:<9}  {}", "removed", removal.label));
        console.line(&line)?;
    }
    Ok(())
}
