//! `/api/analytics/costs`: what runs have cost, by day, kind, repository and model.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use chrono::{Datelike as _, NaiveDate, TimeDelta, Utc};
use optio_domain::agent::spec::Invalid;
use optio_store::ledger::{CostRow, CostlyRow};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::WORKSPACE;
use crate::{
    Gateway,
    body::Params,
    caller::Person,
    error::{ApiError, Problem},
};

/// Days that may be looked back on, and where nobody says.
const DAYS: std::ops::RangeInclusive<i64> = 1..=365;
const DAYS_DEFAULT: i64 = 30;
/// How many of the costliest are told.
const TOP: i64 = 10;

/// What of it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct OfCosts {
    /// How far back; today is the last of them.
    #[param(minimum = 1, maximum = 365)]
    days: Option<String>,
    /// Only of this repository.
    repo_url: Option<String>,
}

/// What some runs have cost together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CostView {
    /// What they have in common: a day, a kind (agent, coding, review, job, pr_review), a repository or a model. Null is none.
    key: Option<String>,
    /// Dollars, as a decimal string.
    #[schema(value_type = String)]
    cost_usd: Decimal,
    runs: i64,
    /// Those that ended well.
    succeeded: i64,
    /// As a decimal string.
    #[schema(value_type = String)]
    input_tokens: Decimal,
    /// As a decimal string.
    #[schema(value_type = String)]
    output_tokens: Decimal,
}

impl CostView {
    fn add(&mut self, row: &CostRow) {
        self.cost_usd += row.cost;
        self.runs += row.runs;
        self.succeeded += row.well;
        self.input_tokens += row.input_tokens;
        self.output_tokens += row.output_tokens;
    }
}

/// What one agent, task, run of a job or review has cost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CostlyView {
    kind: String,
    id: Uuid,
    name: String,
    runs: i64,
    /// Dollars, as a decimal string.
    cost_usd: String,
}

impl From<CostlyRow> for CostlyView {
    fn from(row: CostlyRow) -> Self {
        Self {
            kind: row.kind,
            id: row.subject,
            name: row.name,
            runs: row.runs,
            cost_usd: row.cost.to_string(),
        }
    }
}

/// What runs have cost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Costs {
    days: i64,
    summary: CostView,
    /// The same of as many days before.
    previous: CostView,
    forecast: Forecast,
    /// One for each day, the earliest first, also where nothing ran.
    daily_costs: Vec<CostView>,
    cost_by_type: Vec<CostView>,
    cost_by_repo: Vec<CostView>,
    cost_by_model: Vec<CostView>,
    /// What has cost most.
    top_tasks: Vec<CostlyView>,
}

/// What this month comes to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Forecast {
    /// Dollars a day in the mean of the days looked back on, as a decimal string.
    daily_usd: String,
    /// This month so far, as far as the days reach, and the rest of it at that rate.
    month_usd: String,
}

/// What runs that ended in the last days have cost; days are those of UTC.
#[utoipa::path(get, path = "/api/analytics/costs", tag = "overview", params(OfCosts),
    responses((status = 200, body = Costs), (status = 400, body = Problem)))]
pub(crate) async fn costs(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(of): Params<OfCosts>,
) -> Result<Json<Costs>, ApiError> {
    let days = match of.days.as_deref() {
        None => DAYS_DEFAULT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|days| DAYS.contains(days))
            .ok_or_else(|| Invalid::new("days", "must be a whole number from 1 to 365"))?,
    };
    let world = gateway.world();
    let (store, repo) = (&world.store, of.repo_url.as_deref());
    let today = world.clock.now().date_naive();
    let first = today - TimeDelta::days(days - 1);
    let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    let before: chrono::DateTime<Utc> = midnight(first - TimeDelta::days(days));
    let rows = store.costs(WORKSPACE, before, repo).await?;
    let top = store
        .costliest(WORKSPACE, midnight(first), repo, TOP)
        .await?;
    let mut costs = told(&rows, first, today);
    costs.top_tasks = top.into_iter().map(CostlyView::from).collect();
    Ok(Json(costs))
}

fn told(rows: &[CostRow], first: NaiveDate, today: NaiveDate) -> Costs {
    let (mut summary, mut previous) = (CostView::default(), CostView::default());
    let mut daily: BTreeMap<NaiveDate, CostView> = first
        .iter_days()
        .take_while(|day| *day <= today)
        .map(|day| (day, keyed(Some(day.to_string()))))
        .collect();
    let (mut kinds, mut repos, mut models) = <(Sums, Sums, Sums)>::default();
    for row in rows {
        if row.day < first {
            previous.add(row);
            continue;
        }
        summary.add(row);
        if let Some(day) = daily.get_mut(&row.day) {
            day.add(row);
        }
        for (sums, key) in [
            (&mut kinds, Some(row.kind.clone())),
            (&mut repos, row.repo.clone()),
            (&mut models, row.model.clone()),
        ] {
            sums.entry(key.clone())
                .or_insert_with(|| keyed(key))
                .add(row);
        }
    }
    let days = Decimal::from(daily.len().max(1));
    let rate = summary.cost_usd / days;
    let this_month = |day: &NaiveDate| (day.year(), day.month()) == (today.year(), today.month());
    let so_far: Decimal = daily
        .iter()
        .filter(|(day, _)| this_month(day))
        .map(|(_, cost)| cost.cost_usd)
        .sum();
    let left = today.iter_days().skip(1).take_while(this_month).count();
    Costs {
        days: i64::try_from(daily.len()).unwrap_or(i64::MAX),
        forecast: Forecast {
            daily_usd: rate.round_dp(4).to_string(),
            month_usd: (so_far + rate * Decimal::from(left))
                .round_dp(4)
                .to_string(),
        },
        summary,
        previous,
        daily_costs: daily.into_values().collect(),
        cost_by_type: sorted(kinds),
        cost_by_repo: sorted(repos),
        cost_by_model: sorted(models),
        top_tasks: Vec::new(),
    }
}

type Sums = BTreeMap<Option<String>, CostView>;

fn keyed(key: Option<String>) -> CostView {
    CostView {
        key,
        ..CostView::default()
    }
}

/// The costliest first.
fn sorted(sums: Sums) -> Vec<CostView> {
    let mut all: Vec<CostView> = sums.into_values().collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.cost_usd));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(day: &str, kind: &str, cost: i64) -> CostRow {
        CostRow {
            day: day.parse().unwrap(),
            kind: kind.to_owned(),
            model: None,
            repo: None,
            runs: 2,
            well: 1,
            cost: cost.into(),
            input_tokens: 10.into(),
            output_tokens: 1.into(),
        }
    }

    #[test]
    fn days_without_runs_are_told_and_what_was_before_is_apart() {
        let rows = [
            row("2026-02-26", "agent", 5),
            row("2026-02-28", "agent", 1),
            row("2026-03-02", "coding", 3),
        ];
        let costs = told(
            &rows,
            "2026-02-28".parse().unwrap(),
            "2026-03-02".parse().unwrap(),
        );
        assert_eq!((costs.summary.cost_usd, costs.summary.runs), (4.into(), 4));
        assert_eq!(costs.previous.cost_usd, 5.into());
        let days: Vec<_> = costs.daily_costs.iter().map(|it| it.cost_usd).collect();
        assert_eq!(days, [1.into(), 0.into(), 3.into()]);
        let kinds: Vec<_> = costs
            .cost_by_type
            .iter()
            .map(|it| it.key.as_deref())
            .collect();
        assert_eq!(kinds, [Some("coding"), Some("agent")]);
        // Three dollars in March so far, 29 days to come at 4/3 a day.
        assert_eq!(costs.forecast.month_usd, "41.6667");
    }
}
