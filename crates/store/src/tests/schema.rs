//! The migrations: explained, repeatable, and never misread by an older program.

use super::*;

#[tokio::test]
async fn every_table_and_every_column_says_what_it_is() {
    let world = World::new().await;
    let unexplained: Vec<(String,)> = sqlx::query_as(
        "SELECT c.relname || COALESCE('.' || a.attname, '') FROM pg_class c
         JOIN LATERAL (SELECT NULL::name AS attname, 0::smallint AS attnum UNION ALL
           SELECT attname, attnum FROM pg_attribute
           WHERE attrelid = c.oid AND 0 < attnum AND NOT attisdropped) a ON true
         LEFT JOIN pg_description d
           ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           AND c.relname <> '_sqlx_migrations' AND COALESCE(trim(d.description), '') = ''",
    )
    .fetch_all(&world.store.pool)
    .await
    .unwrap();
    assert!(unexplained.is_empty(), "without a comment: {unexplained:?}");
    let explained = "SELECT count(*) FROM pg_description WHERE classoid = 'pg_class'::regclass
                     AND objoid = 'messages'::regclass";
    assert!(1 < world.number(explained).await);
}

#[tokio::test]
async fn applying_the_migrations_again_is_harmless() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    world.store.migrate().await.unwrap();
    assert_eq!(world.bodies(agent).await, ["0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_processes_may_migrate_at_once() {
    let url = crate::testing::database_url().await;
    let migrations: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::connect(&url, 2).await?.migrate().await })
        })
        .collect();
    for migration in migrations {
        migration.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_database_that_a_newer_program_has_used_is_used_on() {
    let world = World::new().await;
    world
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
              VALUES (9999, 'later', true, '', 0)",
        )
        .await;
    world.store.migrate().await.unwrap();
}
