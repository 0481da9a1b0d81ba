//! Tests that need processes: a real Postgres, the real binary, a server on a socket.

mod postgres;
