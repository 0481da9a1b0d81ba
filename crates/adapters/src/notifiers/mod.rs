//! Ways in which others are told what happens here.

pub mod http;
