//! The real runner, as a process, against a control plane in the test.

mod isolation;
mod journal;
mod lifecycle;
mod output;
mod plane;
mod pure;
mod stop;
mod stream;
mod world;
