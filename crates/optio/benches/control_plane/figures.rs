//! What is measured, and how it is shown: one table, and the same as JSON.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use serde_json::{Value, json};

/// Times of single events.
#[derive(Default)]
pub(crate) struct Latencies {
    micros: Vec<u64>,
}

impl Latencies {
    pub(crate) fn add(&mut self, took: Duration) {
        self.micros
            .push(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.micros.extend(other.micros);
    }

    pub(crate) fn count(&self) -> usize {
        self.micros.len()
    }

    /// Milliseconds that so much of a hundred stayed below.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        let micros = sorted.get(place).copied().unwrap_or(0);
        Duration::from_micros(micros).as_secs_f64() * 1_000.0
    }
}

/// A whole number as what figures are made of.
#[expect(
    clippy::cast_precision_loss,
    reason = "figures are rounded to three digits anyway"
)]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}

/// A count as it is read.
pub(crate) fn whole(count: usize) -> String {
    short(number(count))
}

/// What is to be reached.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// So many times the reference, or more.
    RatioAtLeast(f64),
    /// So many times the reference, or less.
    RatioAtMost(f64),
    /// So much, or more.
    AtLeast(f64),
    /// So much, or less.
    AtMost(f64),
    /// Nothing was promised.
    Open,
}

/// One line of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) reference: (&'static str, f64),
    pub(crate) target: Target,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.value / self.reference.1
    }

    fn reached(&self) -> Option<bool> {
        Some(match self.target {
            Target::RatioAtLeast(ratio) => ratio <= self.ratio(),
            Target::RatioAtMost(ratio) => self.ratio() <= ratio,
            Target::AtLeast(value) => value <= self.value,
            Target::AtMost(value) => self.value <= value,
            Target::Open => return None,
        })
    }

    fn target(&self) -> String {
        match self.target {
            Target::RatioAtLeast(ratio) => format!("≥ {}×", short(ratio)),
            Target::RatioAtMost(ratio) => format!("≤ {}×", short(ratio)),
            Target::AtLeast(value) => format!("≥ {}", short(value)),
            Target::AtMost(value) => format!("≤ {}", short(value)),
            Target::Open => String::new(),
        }
    }

    /// As it is read.
    fn cells(&self) -> [String; 6] {
        let (name, value) = self.reference;
        [
            self.what.clone(),
            format!("{} {}", short(self.value), self.unit),
            format!("{name}: {}", short(value)),
            format!("{}×", short(self.ratio())),
            self.target(),
            self.verdict().to_owned(),
        ]
    }

    fn verdict(&self) -> &'static str {
        match self.reached() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        }
    }
}

/// Three digits that mean something.
fn short(value: f64) -> String {
    let size = value.abs();
    if 1_000.0 <= size {
        let whole = format!("{value:.0}");
        let digits: Vec<char> = whole.chars().collect();
        let groups: Vec<String> = digits
            .rchunks(3)
            .rev()
            .map(|it| it.iter().collect())
            .collect();
        groups.join(",")
    } else if 100.0 <= size || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if 10.0 <= size {
        format!("{value:.1}")
    } else if 1.0 <= size {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// The table, as Markdown.
pub(crate) fn table(sections: &[(&'static str, Found)]) -> String {
    let head = [
        "what",
        "measured",
        "reference of the same run",
        "ratio",
        "target",
        "reached",
    ];
    let mut lines: Vec<[String; 6]> = vec![head.map(str::to_owned)];
    for row in sections.iter().flat_map(|(_, found)| &found.rows) {
        lines.push(row.cells());
    }
    let mut widths = [0; 6];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (width, cell) in widths.iter().zip(line) {
            let _never = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            let rules = widths.map(|width| "-".repeat(width + 2));
            let _never = writeln!(text, "|{}|", rules.join("|"));
        }
    }
    text
}

/// What a section has found.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) rows: Vec<Row>,
    /// What is drawn rather than read: points by the name of their picture.
    pub(crate) points: Vec<(&'static str, Value)>,
}

impl Found {
    /// Keeps a point of a picture.
    pub(crate) fn point(&mut self, picture: &'static str, point: Value) {
        self.points.push((picture, point));
    }
}

/// The table and the points, for programs.
pub(crate) fn as_json(
    sections: &[(&'static str, Found)],
    facts: &[(&'static str, String)],
    quick: bool,
) -> Value {
    let mut points: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (picture, point) in sections.iter().flat_map(|(_, found)| &found.points) {
        points.entry(picture).or_default().push(point);
    }
    let rows: Vec<Value> = sections
        .iter()
        .flat_map(|(section, found)| found.rows.iter().map(move |row| (section, row)))
        .map(|(section, row)| {
            json!({
                "section": section, "what": row.what, "value": row.value, "unit": row.unit,
                "reference": row.reference.0, "referenceValue": row.reference.1,
                "ratio": row.ratio(), "target": row.target(), "reached": row.reached(),
                "cells": row.cells(),
            })
        })
        .collect();
    let facts: serde_json::Map<String, Value> = facts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
        .collect();
    json!({ "quick": quick, "run": facts, "rows": rows, "points": points })
}
