//! A database per test. `scripts/with-postgres` starts the server and names it in
//! `OPTIO_TEST_DATABASE_URL`.

use optio_domain::id::AgentId;
use uuid::Uuid;

use crate::{Store, ownership::Registry};

mod keys;
mod overseer;

pub use keys::{Dice, MemoryKeys, with_secrets};
pub use overseer::{
    ActorSeen, AskSeen, MessageSeen, Overseer, ReportSeen, RunSeen, Snapshot, TriggerSeen, TurnSeen,
};

/// Creates an empty, migrated database on the test server and connects to it.
///
/// # Panics
/// Where there is no test server: run the tests through `make test` or `scripts/with-postgres`.
pub async fn database() -> Store {
    let url = database_url().await;
    let store = Store::connect(&url, 20)
        .await
        .expect("the new database answers");
    store.migrate().await.expect("the migrations apply");
    store
}

/// Creates an empty database without a schema and returns its URL.
///
/// # Panics
/// Where there is no test server.
pub async fn database_url() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told where their server is"
    )]
    let server = std::env::var("OPTIO_TEST_DATABASE_URL")
        .expect("no test database: run the tests through `make test` or `scripts/with-postgres`");
    #[expect(clippy::disallowed_methods, reason = "a name nobody else uses")]
    let name = format!("t{}", Uuid::new_v4().simple());
    let admin = sqlx::PgPool::connect(&server)
        .await
        .expect("the test server answers");
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&admin)
        .await
        .expect("a database can be created");
    admin.close().await;
    let (before, query) = server.split_once('?').unwrap_or((&server, ""));
    let host = before.rsplit_once('/').map_or(before, |(host, _)| host);
    format!("{host}/{name}?{query}")
}

/// Ends every connection to a store's database but the one that does it, as a failing network would.
/// Returns how many there were.
///
/// # Panics
/// Where the test server does not answer.
pub async fn disconnect(store: &Store) -> i64 {
    let (ended,): (i64,) = sqlx::query_as(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_one(&store.pool)
    .await
    .expect("the test server answers");
    ended
}

/// The replicas of a store's database, over connections of their own.
///
/// # Panics
/// Where the test server does not answer.
pub async fn registry(store: &Store) -> Registry {
    let options = store.pool.connect_options().as_ref().clone();
    let pool = sqlx::PgPool::connect_with(options)
        .await
        .expect("the test server answers");
    Registry { pool }
}

/// Does to a store's database what somebody else might do.
///
/// # Panics
/// Where the statement fails.
pub async fn sql(store: &Store, sql: &'static str) {
    sqlx::raw_sql(sql)
        .execute(&store.pool)
        .await
        .expect("the statement is accepted");
}

/// Whatever waits in an agent's inbox is given up, as if five turns had failed with it.
///
/// # Panics
/// Where the test server does not answer.
pub async fn kill_mail(store: &Store, agent: AgentId) {
    let killed = sqlx::query(
        "WITH dead AS (
           UPDATE messages SET state = 'dead', attempts = 5, dead_reason = 'killed by a test'
           WHERE receiver_kind = 'agent' AND receiver_id = $1 AND state = 'pending'
         )
         UPDATE actors SET inbox_pending = 0, inbox_waking = 0 WHERE kind = 'agent' AND id = $1",
    )
    .bind(agent.0)
    .execute(&store.pool)
    .await
    .expect("the test server answers");
    assert_eq!(killed.rows_affected(), 1, "there is no such agent");
}
