//! Somebody who sees the whole database at once and takes no part in anything.

use chrono::{DateTime, Utc};
use optio_domain::id::ReplicaId;
use serde::Deserialize;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, types::Json};
use uuid::Uuid;

/// Sees everything, over a connection of its own.
#[derive(Debug)]
pub struct Overseer {
    connection: PgConnection,
    tables: Vec<String>,
}

/// Everything that is committed, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Actors with what is known of their kind, by slug.
    pub actors: Vec<ActorSeen>,
    /// Turns, by agent and number.
    pub turns: Vec<TurnSeen>,
    /// Messages in the order of their acceptance.
    pub messages: Vec<MessageSeen>,
    /// Runs, by identity.
    pub runs: Vec<RunSeen>,
    /// Lines of transcripts, by run and number.
    pub reports: Vec<ReportSeen>,
    /// Questions, by identity.
    pub asks: Vec<AskSeen>,
    /// Triggers, by identity.
    pub triggers: Vec<TriggerSeen>,
    /// The database's own name for the moment; `None` before the first look.
    at: Option<String>,
}

/// An agent and its actor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ActorSeen {
    /// Which.
    pub id: Uuid,
    /// Its name.
    pub slug: String,
    /// Its incarnation.
    pub epoch: i64,
    /// Grows with every step.
    pub version: i64,
    /// Messages that wait, as it counts them.
    pub inbox_pending: i64,
    /// Messages that wait and would wake it, as it counts them.
    pub inbox_waking: i64,
    /// When it looks again by itself.
    pub wake_at: Option<DateTime<Utc>>,
    /// What it waits for.
    pub wait_reason: String,
    /// Whether it is left alone.
    pub quarantined: bool,
    /// Where it stands.
    pub state: String,
    /// Whether it takes turns.
    pub enabled: bool,
    /// What a person asked for.
    pub intent: Option<String>,
    /// No turn before this.
    pub hold_until: Option<DateTime<Utc>>,
    /// Turns opened so far.
    pub turns_taken: i64,
    /// Until when its sandbox is kept; `None` also where it has none.
    pub keep_until: Option<DateTime<Utc>>,
}

/// A turn.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TurnSeen {
    /// Which.
    pub id: Uuid,
    /// Whose.
    pub agent_id: Uuid,
    /// From 1.
    pub turn_number: i64,
    /// The agent's epoch during it.
    pub epoch: i64,
    /// Why it halted.
    pub halt_reason: Option<String>,
    /// When it was closed.
    pub finished_at: Option<DateTime<Utc>>,
    /// What the agent was told.
    pub prompt: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MessageSeen {
    /// Which.
    pub id: Uuid,
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// Whose inbox.
    pub receiver_id: Uuid,
    /// Who sent it.
    pub sender_id: String,
    /// What kind of waking it is.
    pub source: String,
    /// The sender's key.
    pub key: Option<String>,
    /// Its text.
    pub body: String,
    /// What it does to its receiver.
    pub class: String,
    /// Where it stands.
    pub state: String,
    /// Failed deliveries.
    pub attempts: i64,
    /// The turn it feeds or fed.
    pub turn_id: Option<Uuid>,
    /// Whether it answers a question whose time was over.
    pub late: bool,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunSeen {
    /// Which.
    pub id: Uuid,
    /// Whose.
    pub actor_id: Uuid,
    /// Its epoch.
    pub epoch: i64,
    /// Where it stands.
    pub state: String,
    /// Whether somebody wants it.
    pub open: bool,
    /// The last event that is stored.
    pub acked_seq: i64,
    /// Lines of output that were understood.
    pub lines: i64,
}

/// A line of a transcript.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ReportSeen {
    /// Which row it is: the same line may be stored twice by mistake.
    pub id: i64,
    /// The run it belongs to.
    pub run: Uuid,
    /// Its number in the run's stream.
    pub seq: i64,
    /// What it says.
    pub content: String,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AskSeen {
    /// Which: the question's message.
    pub id: Uuid,
    /// Which agent asks.
    pub asker_id: Option<Uuid>,
    /// Who is to reply.
    pub asked_id: Uuid,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// When the wait is over.
    pub deadline: DateTime<Utc>,
    /// What became of it.
    pub state: String,
    /// The reply.
    pub reply_id: Option<Uuid>,
    /// Whether that came after the deadline.
    pub late: bool,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TriggerSeen {
    /// Which.
    pub id: Uuid,
    /// Whom it wakes.
    pub target_id: Uuid,
    /// When it fires next.
    pub next_fire_at: Option<DateTime<Utc>>,
}

/// What has changed since the moment `$1`, and how many rows there are: a row that is visible now and
/// whose version was not visible then. Who is there is few and joined from three tables, and is told
/// whole.
const CHANGES: &str = "SELECT json_build_object(
  'at', pg_current_snapshot()::text,
  'actors', (SELECT json_agg(json_build_object(
      'id', a.id, 'slug', g.slug, 'epoch', a.epoch, 'version', a.version, 'inbox_pending', a.inbox_pending,
      'inbox_waking', a.inbox_waking,
      'wake_at', a.wake_at, 'wait_reason', a.wait_reason,
      'quarantined', a.quarantined_at IS NOT NULL, 'state', g.state, 'enabled', g.enabled,
      'intent', g.intent, 'hold_until', g.hold_until, 'turns_taken', g.turns_taken,
      'keep_until', s.keep_until) ORDER BY g.slug)
    FROM actors a JOIN agents g ON g.id = a.id LEFT JOIN sandboxes s ON s.id = a.id),
  'turns', (SELECT json_build_object('count', count(*), 'rows', json_agg(json_build_object(
      'id', id, 'agent_id', agent_id, 'turn_number', turn_number, 'epoch', epoch,
      'halt_reason', halt_reason, 'finished_at', finished_at, 'prompt', prompt_used))
      FILTER (WHERE NOT pg_visible_in_snapshot(xmin::text::xid8, $1::text::pg_snapshot)))
    FROM turns),
  'messages', (SELECT json_build_object('count', count(*), 'rows', json_agg(json_build_object(
      'id', id, 'seq', seq, 'receiver_id', receiver_id, 'sender_id', sender_id, 'source', source,
      'key', key, 'body', body, 'class', class, 'state', state, 'attempts', attempts,
      'turn_id', turn_id, 'late', late))
      FILTER (WHERE NOT pg_visible_in_snapshot(xmin::text::xid8, $1::text::pg_snapshot)))
    FROM messages),
  'runs', (SELECT json_build_object('count', count(*), 'rows', json_agg(json_build_object(
      'id', id, 'actor_id', actor_id, 'epoch', epoch, 'state', state, 'open', open,
      'acked_seq', acked_seq, 'lines', COALESCE((facts->>'lines')::bigint, 0)))
      FILTER (WHERE NOT pg_visible_in_snapshot(xmin::text::xid8, $1::text::pg_snapshot)))
    FROM runs),
  'reports', (SELECT json_build_object('count', count(*), 'rows', json_agg(json_build_object(
      'id', id, 'run', turn_id, 'seq', (data->>'seq')::bigint, 'content', data->>'content'))
      FILTER (WHERE NOT pg_visible_in_snapshot(xmin::text::xid8, $1::text::pg_snapshot)))
    FROM events WHERE type = 'persistent_agent:log'),
  'asks', (SELECT json_agg(json_build_object(
      'id', id, 'asker_id', asker_id, 'asked_id', asked_id, 'asked_at', asked_at,
      'deadline', deadline, 'state', state, 'reply_id', reply_id, 'late', late) ORDER BY id)
    FROM asks),
  'triggers', (SELECT json_agg(json_build_object(
      'id', id, 'target_id', target_id, 'next_fire_at', next_fire_at) ORDER BY id)
    FROM triggers))";

/// A moment at which nothing was visible.
const NEVER: &str = "1:1:";

impl Overseer {
    /// Connects, and sees to it that nothing but its callers touches the tables. Connections made
    /// later plan each statement once.
    ///
    /// # Panics
    /// Where the test server does not answer.
    pub async fn connect(url: &str) -> Self {
        let connection = PgConnection::connect(url).await;
        let mut overseer = Self {
            connection: connection.expect("the test server answers"),
            tables: Vec::new(),
        };
        overseer.tables = overseer.all_tables().await;
        for table in overseer.tables.clone() {
            overseer
                .run(&format!(
                    "ALTER TABLE {table} SET (autovacuum_enabled = false)"
                ))
                .await;
        }
        let (name,): (String,) = sqlx::query_as("SELECT current_database()")
            .fetch_one(&mut overseer.connection)
            .await
            .expect("the test server answers");
        // Two transactions that wait for each other are told apart soon, yet not before both wait:
        // whichever began is the one that is ended.
        // Tables are tiny, so that planning costs more than any plan saves.
        for setting in [
            "deadlock_timeout = '100ms'",
            "plan_cache_mode = force_generic_plan",
        ] {
            overseer
                .run(&format!("ALTER DATABASE {name} SET {setting}"))
                .await;
        }
        overseer
    }

    async fn all_tables(&mut self) -> Vec<String> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT tablename::text FROM pg_tables
             WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations' ORDER BY 1",
        )
        .fetch_all(&mut self.connection)
        .await
        .expect("the test server answers");
        rows.into_iter().map(|(name,)| name).collect()
    }

    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.connection)
            .await
            .expect("the test server does as it is told");
    }

    /// Empties every table. `thoroughly` also gives back the room of what was deleted, which takes
    /// longer.
    ///
    /// # Panics
    /// Where the test server does not answer.
    pub async fn empty(&mut self, thoroughly: bool) {
        let sql = if thoroughly {
            format!("TRUNCATE {}", self.tables.join(", "))
        } else {
            // In one transaction, so that the order of the tables does not matter.
            let deletes = self.tables.iter().map(|it| format!("DELETE FROM {it};"));
            format!("BEGIN; {} COMMIT;", deletes.collect::<String>())
        };
        self.run(&sql).await;
    }

    /// Brings what was seen up to what is committed. Only what has changed is asked for, except where
    /// something is gone.
    ///
    /// # Panics
    /// Where the test server does not answer.
    pub async fn look(&mut self, seen: &mut Snapshot) {
        let since = seen.at.take();
        let changes = self.changes(since.as_deref().unwrap_or(NEVER)).await;
        if !seen.learn(changes) {
            *seen = Snapshot::default();
            let whole = self.changes(NEVER).await;
            assert!(seen.learn(whole), "a whole look sees every row");
        }
    }

    async fn changes(&mut self, since: &str) -> Changes {
        let (changes,): (Json<Changes>,) = sqlx::query_as(CHANGES)
            .bind(since)
            .fetch_one(&mut self.connection)
            .await
            .expect("the schema is the one this program knows");
        changes.0
    }

    /// Gives an actor's shard to a control plane, as a registry does when a lease is over, and returns
    /// the shard's epoch.
    ///
    /// # Panics
    /// Where the test server does not answer.
    pub async fn give(&mut self, actor: Uuid, to: ReplicaId) -> i64 {
        let (epoch,): (i64,) = sqlx::query_as(
            "INSERT INTO shards (shard, owner, epoch, since) VALUES (shard_of($1), $2, 1, now())
             ON CONFLICT (shard) DO UPDATE SET owner = $2, epoch = shards.epoch + 1
             RETURNING epoch",
        )
        .bind(actor)
        .bind(to.0)
        .fetch_one(&mut self.connection)
        .await
        .expect("the test server answers");
        epoch
    }

    /// Whether a process of the server waits for a lock that another holds.
    ///
    /// # Panics
    /// Where the test server does not answer.
    pub async fn waits_for_a_lock(&mut self, process: i32) -> bool {
        let (waits,): (bool,) =
            sqlx::query_as("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted)")
                .bind(process)
                .fetch_one(&mut self.connection)
                .await
                .expect("the test server answers");
        waits
    }
}

/// What has changed, as SQL words it: no rows are null.
#[derive(Deserialize)]
struct Changes {
    at: String,
    actors: Option<Vec<ActorSeen>>,
    turns: Changed<TurnSeen>,
    messages: Changed<MessageSeen>,
    runs: Changed<RunSeen>,
    reports: Changed<ReportSeen>,
    asks: Option<Vec<AskSeen>>,
    triggers: Option<Vec<TriggerSeen>>,
}

/// What has changed in a table, and how many rows it has.
#[derive(Deserialize)]
struct Changed<T> {
    count: usize,
    rows: Option<Vec<T>>,
}

impl Snapshot {
    /// Whether another look saw the same.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.actors == other.actors
            && self.turns == other.turns
            && self.messages == other.messages
            && self.runs == other.runs
            && self.reports == other.reports
            && self.asks == other.asks
            && self.triggers == other.triggers
    }

    /// Takes in what has changed. Returns whether that is all: if not, something is gone.
    fn learn(&mut self, changes: Changes) -> bool {
        self.at = Some(changes.at);
        self.actors = changes.actors.unwrap_or_default();
        self.asks = changes.asks.unwrap_or_default();
        self.triggers = changes.triggers.unwrap_or_default();
        let turns = changes.turns.merge(&mut self.turns, |it| it.id);
        let messages = changes.messages.merge(&mut self.messages, |it| it.id);
        let runs = changes.runs.merge(&mut self.runs, |it| it.id);
        let reports = changes.reports.merge(&mut self.reports, |it| it.id);
        self.turns
            .sort_by_key(|it| (it.agent_id, it.turn_number, it.id));
        self.messages.sort_by_key(|it| it.seq);
        self.runs.sort_by_key(|it| it.id);
        self.reports.sort_by_key(|it| (it.run, it.seq, it.id));
        turns && messages && runs && reports
    }
}

impl<T> Changed<T> {
    /// Puts rows in the place of their former versions; returns whether all rows are known then.
    fn merge<I: PartialEq>(self, known: &mut Vec<T>, id: impl Fn(&T) -> I) -> bool {
        for row in self.rows.unwrap_or_default() {
            match known.iter_mut().find(|it| id(it) == id(&row)) {
                Some(former) => *former = row,
                None => known.push(row),
            }
        }
        known.len() == self.count
    }
}
