//! A turn that was just opened starts: what its runner said and the step it leads to, in one statement.

use optio_domain::agent::AgentState;

use crate::{
    Store, StoreError,
    agents::changed,
    clean::storable,
    runs::Intake,
    step::{NewEvent, Write, moved, written},
};

/// The run is taken only on the sequence number that was read, after the actor. Where the actor moved and
/// the run did not, the statement fails as a whole by dividing by zero: it has no other way to undo itself.
const START: &str = concat!(
    "WITH ",
    moved!("0", "0", "true"),
    ", told AS (
  INSERT INTO events (actor_id, turn_id, type, data, at)
  SELECT $2, e.turn_id, e.type, e.data, e.at
  FROM moved, UNNEST($13::uuid[], $14::text[], $15::jsonb[], $16::timestamptz[])
       WITH ORDINALITY AS e (turn_id, type, data, at, ord)
  ORDER BY e.ord
), agent AS (
  UPDATE agents SET state = $17, state_since = $18, updated_at = $18 FROM moved WHERE agents.id = $2
), taken AS (
  UPDATE runs SET acked_seq = $22, facts = $23, started_at = $24, process_id = COALESCE($25, process_id),
         cpu_ms = COALESCE($26, cpu_ms), rss_bytes_max = GREATEST($27, rss_bytes_max), state = 'started'
  FROM moved WHERE id = $19 AND runs.epoch = $20 AND acked_seq = $21 AND open AND ended_at IS NULL
  RETURNING id
)
SELECT waking / (SELECT count(*)::int FROM taken) FROM moved"
);

impl Store {
    /// A step that lets the agent run because the first report of its run says that the process started,
    /// and takes that report in. Answers with the number of messages in its inbox that wake; `None` where
    /// either is not as it was read: then nothing was written.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn start_turn(
        &self,
        write: &Write<'_>,
        (from, to): (AgentState, AgentState),
        intake: &Intake,
    ) -> Result<Option<i32>, StoreError> {
        let fence = self.fence(write.key)?;
        let now = write.decision.at;
        let change = changed(write.key.id, from, to, "started", now);
        let events: Vec<&NewEvent> = change.iter().chain(&intake.events).collect();
        let data = events
            .iter()
            .map(|event| storable(&event.data))
            .collect::<Result<Vec<_>, _>>()?;
        let row: Result<Option<(i32,)>, _> = written(START, write, fence)
            .bind(events.iter().map(|event| event.turn_id).collect::<Vec<_>>())
            .bind(
                events
                    .iter()
                    .map(|event| event.type_name)
                    .collect::<Vec<_>>(),
            )
            .bind(data)
            .bind(events.iter().map(|event| event.at).collect::<Vec<_>>())
            .bind(to.name())
            .bind(now)
            .bind(intake.run.0)
            .bind(intake.epoch)
            .bind(intake.after_seq)
            .bind(intake.up_to_seq)
            .bind(storable(&intake.facts)?)
            .bind(intake.started_at)
            .bind(intake.process.map(|process| process.0))
            .bind(intake.sample.map(|(cpu_ms, _)| cpu_ms))
            .bind(intake.sample.map(|(_, rss)| rss))
            .fetch_optional(&self.pool)
            .await;
        match row {
            Ok(row) => Ok(row.map(|(waking,)| waking)),
            Err(error) if is_division_by_zero(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_division_by_zero(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "22012")
}
