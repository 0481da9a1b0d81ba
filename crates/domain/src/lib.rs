//! What things are and what should happen next. Pure: no async, no I/O, no clock, no chance.
