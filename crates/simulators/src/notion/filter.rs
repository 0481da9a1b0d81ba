//! The filters of pages that are played.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::objects::{Page, minute};

/// Whether a page fits.
pub(super) fn fits(page: &Page, filter: &Value) -> Result<bool, String> {
    let unknown = || format!("body.filter: {filter} is not played");
    if let Some(all) = filter["and"].as_array() {
        let mut holds = true;
        for part in all {
            holds &= fits(page, part)?;
        }
        return Ok(holds);
    }
    if let Some(any) = filter["or"].as_array() {
        let mut holds = false;
        for part in any {
            holds |= fits(page, part)?;
        }
        return Ok(holds);
    }
    if filter["timestamp"] == "last_edited_time" {
        let since = filter["last_edited_time"]["on_or_after"].as_str();
        let since = since.and_then(|text| text.parse().ok());
        let since: DateTime<Utc> = since.ok_or_else(unknown)?;
        return Ok(minute(since) <= minute(page.edited));
    }
    match filter["property"].as_str() {
        Some("Tags") => {
            let tag = filter["multi_select"]["contains"].as_str();
            let tag = tag.ok_or_else(unknown)?;
            Ok(page.labels.iter().any(|label| label == tag))
        }
        Some("Status") => {
            let state = filter["status"]["does_not_equal"].as_str();
            Ok(page.status != state.ok_or_else(unknown)?)
        }
        Some(_) | None => Err(unknown()),
    }
}
