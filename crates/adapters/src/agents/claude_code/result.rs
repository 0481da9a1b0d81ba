//! The terminal event: `result`.
//!
//! Its `subtype` stays `success` when the model API failed, `total_cost_usd` and `modelUsage`
//! cumulate over the session, and only `model_usage_since_last_result` is of this run alone.

use optio_domain::{
    ports::Reading,
    run::FailureClass,
    transcript::{End, EntryKind, Fact},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::read::{entry, text};
use crate::agents::text::clean;

/// Digits of a dollar kept; the vendor sums floating-point numbers.
const COST_DIGITS: u32 = 8;

pub(super) fn read(event: &Value) -> Reading {
    let end = end(event);
    let metadata = json!({
        "subtype": event["subtype"],
        "isError": event["is_error"],
        "terminalReason": event["terminal_reason"],
        "apiErrorStatus": event["api_error_status"],
        "numTurns": event["num_turns"],
        "durationMs": event["duration_ms"],
        "costUsd": end.cost_usd.map(|cost| cost.to_string()),
        "inputTokens": end.input_tokens,
        "outputTokens": end.output_tokens,
    });
    let words = words(event, &end);
    let unknown = session_unknown(event).then_some(Fact::SessionUnknown);
    Reading {
        entries: vec![entry(EntryKind::Info, &words, Some(metadata))],
        facts: unknown.into_iter().chain([Fact::End(end)]).collect(),
        garbage: false,
    }
}

/// What an HTTP status of the model API means.
pub(super) fn class_of_status(status: i64) -> Option<FailureClass> {
    match status {
        // 402: the account cannot pay. A person has to see to it, as with a wrong key.
        401..=403 => Some(FailureClass::Auth),
        429 => Some(FailureClass::RateLimit),
        400.. => Some(FailureClass::Api),
        _ => None,
    }
}

fn end(event: &Value) -> End {
    let success =
        !event["is_error"].as_bool().unwrap_or(false) && text(event, "subtype") == "success";
    let class = if success { None } else { class(event) };
    let (input_tokens, output_tokens) = tokens(event);
    End {
        success,
        summary: summary(event),
        cost_usd: cost(event),
        input_tokens,
        output_tokens,
        class,
    }
}

/// The class of a failed end, where this event alone tells.
fn class(event: &Value) -> Option<FailureClass> {
    match text(event, "subtype") {
        "error_max_turns" => return Some(FailureClass::MaxTurns),
        "error_max_budget_usd" => return Some(FailureClass::Budget),
        _ => {}
    }
    match text(event, "terminal_reason") {
        "prompt_too_long" | "blocking_limit" | "rapid_refill_breaker" => {
            Some(FailureClass::Context)
        }
        "max_turns" => Some(FailureClass::MaxTurns),
        "budget_exhausted" => Some(FailureClass::Budget),
        // A signal that was not ours. An earlier hiccup of the API must not be blamed for it.
        "aborted_streaming" | "aborted_tools" => Some(FailureClass::Crash),
        _ => event["api_error_status"].as_i64().and_then(class_of_status),
    }
}

fn session_unknown(event: &Value) -> bool {
    errors(event).any(|error| error.starts_with("No conversation found"))
}

fn errors(event: &Value) -> impl Iterator<Item = &str> {
    let errors = event["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    errors.iter().filter_map(Value::as_str)
}

/// The final text, or the errors, or at least the reason.
fn summary(event: &Value) -> String {
    let result = text(event, "result");
    if !result.is_empty() {
        return clean(result);
    }
    // Diagnostics for the vendor's own developers, of no use to a reader.
    let told = errors(event).filter(|error| !error.starts_with("[ede_diagnostic]"));
    let told = told.collect::<Vec<_>>().join("; ");
    if !told.is_empty() {
        return clean(&told);
    }
    clean(&text(event, "terminal_reason").replace('_', " "))
}

fn cost(event: &Value) -> Option<Decimal> {
    let of_this_run = models(event).map(|models| {
        let costs = models.filter_map(|model| dollars(&model["costUSD"]));
        costs.fold(Decimal::ZERO, Decimal::saturating_add)
    });
    of_this_run.or_else(|| dollars(&event["total_cost_usd"]))
}

fn dollars(value: &Value) -> Option<Decimal> {
    let cost = Decimal::try_from(value.as_f64()?).ok()?;
    Some(cost.max(Decimal::ZERO).round_dp(COST_DIGITS).normalize())
}

/// Tokens sent and received. The sum over the models counts what `usage` leaves out: subagents,
/// and the call that went over a budget.
fn tokens(event: &Value) -> (Option<i64>, Option<i64>) {
    const SENT: [&str; 3] = [
        "inputTokens",
        "cacheReadInputTokens",
        "cacheCreationInputTokens",
    ];
    let models: Option<Vec<_>> = models(event).map(Iterator::collect);
    if let Some(models) = models {
        let total = |fields: &[&str]| models.iter().fold(0, |sum, model| add(sum, model, fields));
        return (Some(total(&SENT)), Some(total(&["outputTokens"])));
    }
    let usage = &event["usage"];
    let sent = [
        "input_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ];
    match usage.is_object() {
        true => (
            Some(add(0, usage, &sent)),
            Some(add(0, usage, &["output_tokens"])),
        ),
        false => (None, None),
    }
}

fn add(sum: i64, counts: &Value, fields: &[&str]) -> i64 {
    let counts = fields.iter().filter_map(|field| counts[*field].as_i64());
    counts.fold(sum, |sum, count| sum.saturating_add(count.max(0)))
}

fn models(event: &Value) -> Option<impl Iterator<Item = &Value>> {
    let models = event["model_usage_since_last_result"].as_object()?;
    Some(models.values())
}

/// For a reader: `done · 2 turns · 0.3 s · 2400 tokens in, 100 out · $0.01008`.
fn words(event: &Value, end: &End) -> String {
    let aborted = text(event, "terminal_reason").starts_with("aborted_");
    let outcome = match (end.success, end.class) {
        (false, _) if aborted => "interrupted".to_owned(),
        (true, _) => "done".to_owned(),
        (false, Some(class)) => format!("failed ({})", class.name()),
        (false, None) => "failed".to_owned(),
    };
    let mut words = vec![outcome];
    if let Some(turns) = event["num_turns"].as_i64() {
        words.push(format!("{turns} turns"));
    }
    if let Some(ms) = event["duration_ms"].as_i64() {
        words.push(format!("{}.{} s", ms / 1_000, ms.rem_euclid(1_000) / 100));
    }
    if let (Some(sent), Some(received)) = (end.input_tokens, end.output_tokens) {
        words.push(format!("{sent} tokens in, {received} out"));
    }
    if let Some(cost) = end.cost_usd {
        words.push(format!("${cost}"));
    }
    if !end.success && !end.summary.is_empty() {
        words.push(end.summary.clone());
    }
    words.join(" · ")
}
