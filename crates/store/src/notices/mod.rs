//! Webhooks, and the outbox of what is told to them and said in Slack.
//!
//! A delivery is written by the transaction that made true what it tells: nothing is told that did not
//! happen, and nothing that happened is forgotten. Whoever sends one takes it for as long as sending may
//! last, so that several servers never make the same attempt.

mod deliveries;
mod outbox;
mod queue;
mod slack;
mod webhooks;

pub use deliveries::{AttemptRow, DeliveryRow};
pub(crate) use outbox::{Noticed, noticed};
#[cfg(test)]
pub(crate) use queue::TAKE;
pub use queue::{Claimed, Settled, Taking, Target, TestDelivery};
pub use slack::SlackWay;
pub(crate) use slack::write_address;
pub use webhooks::{NewWebhook, SecretChange, WebhookRow};
