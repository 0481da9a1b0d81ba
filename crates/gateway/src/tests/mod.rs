//! Everything over real sockets and a real database; every answer is compared with the description
//! of the API.

mod api;
mod asks;
mod classes;
mod dead;
mod host;
mod live;
mod peers;
mod pr_reviews;
mod refusals;
mod refused_mail;
mod repeats;
mod repos;
mod routes;
mod schema;
mod secrets;
mod task_rows;
mod tasks;
mod templates;
mod topics;
mod webhooks;
