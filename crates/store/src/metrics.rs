//! Numbers for whoever watches: what is now, counted by partial indexes that hold no history, and
//! what this process has done, counted in memory.

use std::sync::atomic::{AtomicU64, Ordering};

use optio_domain::mail::Class;

use crate::{
    Store, StoreError,
    mail::{NewMessage, Stored},
};

/// What this process has done since its start. Other processes count for themselves, as scrapers
/// expect.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: [AtomicU64; Class::ALL.len()],
    consumed: AtomicU64,
    given_up: AtomicU64,
    replayed: AtomicU64,
    discarded: AtomicU64,
    breaker_trips: AtomicU64,
    delivered: AtomicU64,
    deliveries_failed: AtomicU64,
    deliveries_given_up: AtomicU64,
}

/// What one transaction has done, to be counted once it is committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) consumed: u64,
    pub(crate) given_up: u64,
    pub(crate) breaker_trips: u64,
}

impl Counters {
    pub(crate) fn accepted(&self, batch: &[NewMessage], stored: &[Stored]) {
        for (message, stored) in batch.iter().zip(stored) {
            if matches!(stored, Stored::Done(receipt) if !receipt.repeated) {
                self.accepted_all(message.marks.class, 1);
            }
        }
    }

    pub(crate) fn accepted_all(&self, class: Class, count: i64) {
        let place = Class::ALL.iter().position(|it| *it == class);
        if let Some(counter) = place.and_then(|place| self.accepted.get(place)) {
            add(counter, count);
        }
    }

    pub(crate) fn replayed(&self, count: i64) {
        add(&self.replayed, count);
    }

    pub(crate) fn discarded(&self, count: i64) {
        add(&self.discarded, count);
    }

    /// An attempt at a delivery is over.
    pub(crate) fn delivery(&self, success: bool, again: bool) {
        let counter = match (success, again) {
            (true, _) => &self.delivered,
            (false, true) => &self.deliveries_failed,
            (false, false) => &self.deliveries_given_up,
        };
        add(counter, 1);
    }

    pub(crate) fn tally(&self, tally: Tally) {
        self.consumed.fetch_add(tally.consumed, Ordering::Relaxed);
        self.given_up.fetch_add(tally.given_up, Ordering::Relaxed);
        self.breaker_trips
            .fetch_add(tally.breaker_trips, Ordering::Relaxed);
    }
}

fn add(counter: &AtomicU64, count: i64) {
    counter.fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
}

/// One measured number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Which metric.
    pub metric: &'static str,
    /// Its labels with their values.
    pub labels: Vec<(&'static str, String)>,
    /// The number.
    pub value: i64,
}

impl Store {
    /// What is now: messages that wait, feed a turn or are dead by class, agents by state, open
    /// turns and questions; and how many events and refused reports were ever written, as their
    /// identities tell.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn samples(&self) -> Result<Vec<Sample>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT 'pending', class, count(*) FROM messages WHERE state = 'pending' GROUP BY 2
             UNION ALL
             SELECT 'assigned', class, count(*) FROM messages WHERE state = 'assigned' GROUP BY 2
             UNION ALL
             SELECT 'dead', class, count(*) FROM messages WHERE state = 'dead' GROUP BY 2
             UNION ALL
             SELECT 'agents', state, count(*) FROM agents WHERE NOT deleting GROUP BY 2
             UNION ALL
             SELECT 'turns', '', count(*) FROM turns WHERE finished_at IS NULL
             UNION ALL
             SELECT 'asks', '', count(*) FROM asks WHERE state = 'open'
             UNION ALL
             SELECT 'deliveries', '', count(*) FROM webhook_deliveries WHERE next_at IS NOT NULL
             UNION ALL
             SELECT 'events', '',
                    COALESCE(pg_sequence_last_value(pg_get_serial_sequence('events', 'id')), 0)
             UNION ALL
             SELECT 'refused', '',
                    COALESCE(pg_sequence_last_value(
                      pg_get_serial_sequence('refused_reports', 'id')), 0)",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(what, label, value)| now(&what, label, value))
            .chain(self.counters.samples())
            .collect())
    }
}

fn now(what: &str, label: String, value: i64) -> Sample {
    let (metric, labels) = match what {
        "agents" => ("optio_agents", vec![("state", label)]),
        "turns" => ("optio_turns_open", Vec::new()),
        "asks" => ("optio_asks_open", Vec::new()),
        "deliveries" => ("optio_webhook_deliveries_waiting", Vec::new()),
        "events" => ("optio_events_total", Vec::new()),
        "refused" => ("optio_refused_reports_total", Vec::new()),
        state => (
            "optio_messages",
            vec![("state", state.to_owned()), ("class", label)],
        ),
    };
    Sample {
        metric,
        labels,
        value,
    }
}

impl Counters {
    fn samples(&self) -> Vec<Sample> {
        let read = |counter: &AtomicU64| {
            i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
        };
        let accepted = Class::ALL
            .iter()
            .zip(&self.accepted)
            .map(|(class, count)| Sample {
                metric: "optio_messages_accepted_total",
                labels: vec![("class", class.name().to_owned())],
                value: read(count),
            });
        let others = [
            ("optio_messages_consumed_total", &self.consumed),
            ("optio_dead_letters_total", &self.given_up),
            ("optio_dead_letters_replayed_total", &self.replayed),
            ("optio_dead_letters_discarded_total", &self.discarded),
            ("optio_breaker_trips_total", &self.breaker_trips),
        ];
        let others = others.into_iter().map(|(metric, count)| Sample {
            metric,
            labels: Vec::new(),
            value: read(count),
        });
        let deliveries = [
            ("delivered", &self.delivered),
            ("failed", &self.deliveries_failed),
            ("given_up", &self.deliveries_given_up),
        ];
        let deliveries = deliveries.into_iter().map(|(result, count)| Sample {
            metric: "optio_webhook_deliveries_total",
            labels: vec![("result", result.to_owned())],
            value: read(count),
        });
        accepted.chain(others).chain(deliveries).collect()
    }
}
