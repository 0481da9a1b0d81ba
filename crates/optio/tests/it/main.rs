//! Tests that need processes: a real Postgres, the real binary, a server on a socket, and whole
//! worlds of all of them.

#[cfg(test)]
mod client;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod story;
#[cfg(test)]
mod world;
