//! Everything over real sockets and a real database; every answer is compared with the description
//! of the API.

mod api;
mod classes;
mod live;
mod peers;
mod refusals;
mod refused_mail;
mod repeats;
mod routes;
mod schema;
