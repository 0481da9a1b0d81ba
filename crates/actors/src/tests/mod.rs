//! The actors in a world that is real where it can be and played by hand where it cannot.

mod fakes;
mod runners;
mod turns;
mod world;
