//! Secrets: what they may be called, whose they are, which programs may be given them, and the keys
//! they are sealed with.

mod key;
mod name;
mod place;
mod text;

pub use key::{KeyId, Ring, SecretKey, WeakKey};
pub use name::{NAME_CHARS_MAX, SecretName, may_be_injected};
pub use place::{Place, Scope};
pub use text::{SecretText, VALUE_BYTES_MAX};
