//! HTTP: who may ask what; nothing is decided here.
