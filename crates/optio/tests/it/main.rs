//! Tests that need processes: a real Postgres, the real binary, a server on a socket.

#[cfg(test)]
mod client;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod postgres;
