//! `/api/tickets`: the tickets that were seen.

use axum::{Json, extract::State};
use optio_domain::{agent::spec::Invalid, id::TrackerId};
use optio_store::tickets::WantedTickets;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::TicketView;
use crate::{
    Gateway,
    body::Params,
    caller::Person,
    error::{ApiError, Problem},
    page::{self, Page},
    routes::agents::{After, WORKSPACE},
};

/// Tickets of a page without a limit, and the most.
const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

/// Of which tracker.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfProvider {
    /// Only the tickets of this tracker.
    #[param(value_type = Option<uuid::Uuid>)]
    provider_id: Option<String>,
}

/// A page of tickets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyTickets {
    tickets: Vec<TicketView>,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the tickets that were seen with their tracker's label, and what came of each; the newest first.
#[utoipa::path(get, path = "/api/tickets", tag = "tickets", params(OfProvider, Page),
    responses((status = 200, body = ManyTickets), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(of): Params<OfProvider>,
    Params(page): Params<Page>,
) -> Result<Json<ManyTickets>, ApiError> {
    let limit = page.limit(PAGE, PAGE_MAX)?;
    let tracker = of.provider_id.as_deref().map(str::parse::<TrackerId>);
    let tracker = tracker
        .transpose()
        .map_err(|_bad| Invalid::new("providerId", "must be the id of a tracker"))?;
    let wanted = WantedTickets {
        tracker,
        after: page.cursor()?.map(|After(at, id)| (at, id)),
        limit,
    };
    let rows = gateway.world().store.tickets(WORKSPACE, wanted).await?;
    let next_cursor = page::next(&rows, limit, |row| After(row.first_at, row.id.0));
    Ok(Json(ManyTickets {
        tickets: rows.into_iter().map(TicketView::from).collect(),
        next_cursor,
    }))
}
