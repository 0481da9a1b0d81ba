//! Replies to people: they have no inbox, so a reply lies at their question.

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
};
use optio_domain::{
    agent::spec::Invalid,
    id::MessageId,
    mail::{Sender, ask::Reply},
};

use super::{
    directory::Sent,
    posting::{self, Letter},
};
use crate::{Gateway, caller::Caller, error::ApiError};

/// Replies to somebody without an inbox, where it waits for that.
pub(crate) async fn outside(
    gateway: &Gateway,
    caller: &Caller,
    letter: Letter,
    parent: MessageId,
    asker: Sender,
    headers: &HeaderMap,
) -> Result<(StatusCode, Json<Sent>), ApiError> {
    let world = gateway.world();
    let Caller::Agent(me) = caller else {
        return Err(ApiError::Forbidden(
            "only agents reply to questions".to_owned(),
        ));
    };
    let ask = world.store.asked(parent).await?;
    let Some(ask) = ask.filter(|ask| ask.asked_id == me.claims.agent.0) else {
        let rule = format!(
            "{asker} has no inbox and has not asked; say it in your last words, or name a peer in `to`"
        );
        return Err(Invalid::new("inReplyTo", rule).into());
    };
    let own = me.claims.agent.into();
    let reply = posting::compose(gateway, caller, me.sender(), own, letter, headers)?;
    let id = MessageId(ask.id);
    let (receipt, meaning) = world.store.reply_outside(&reply, id).await?;
    world.stream.hint();
    let sent = Sent {
        ok: true,
        to: asker.to_string(),
        message_id: receipt.id.0,
        late: Some(meaning == Reply::Late),
        delivery: None,
    };
    Ok((StatusCode::ACCEPTED, Json(sent)))
}
