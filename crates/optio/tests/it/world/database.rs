//! A database of a world's own, in the Postgres that the tests were given.

use std::process::Command;

use super::unique;

/// A database that goes with its world.
pub(super) struct Database {
    admin: String,
    name: String,
    pub(super) url: String,
}

impl Database {
    pub(super) fn create() -> Self {
        let admin = std::env::var_os("OPTIO_TEST_DATABASE_URL")
            .expect("these tests need a Postgres: run them with scripts/with-postgres");
        let admin = admin.into_string().unwrap();
        let name = format!("world_{}", unique());
        let (before, after) = admin
            .rsplit_once("/postgres?")
            .expect("OPTIO_TEST_DATABASE_URL must name the database `postgres`");
        let url = format!("{before}/{name}?{after}");
        let database = Self { admin, name, url };
        database.sql(&format!("CREATE DATABASE {}", database.name));
        database
    }

    fn sql(&self, text: &str) {
        query(&self.admin, text);
    }
}

/// What a statement answers.
pub(crate) fn query(url: &str, text: &str) -> String {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text])
        .arg(url);
    let output = psql.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.sql(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}
