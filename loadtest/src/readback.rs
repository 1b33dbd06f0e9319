//! What was acknowledged is there: another client, which has seen nothing, reads it all back.

use anyhow::{Context as _, Result, bail};
use client::Visitor;
use protocol::{ConversationId, EventFrame};
use serde_json::json;

use crate::host::Host;
use crate::people::{Pair, Pairs};
use crate::verify::{Seen, View};
use crate::wire;

/// Compares some of the conversations, evenly spread, with what their visitors saw.
pub fn compare(host: &Host, pairs: &Pairs, some: usize) -> Result<()> {
    let step = (pairs.list.len() / some.max(1)).max(1);
    for (nth, pair) in pairs.list.iter().enumerate().step_by(step) {
        let events = host.runtime.block_on(read(host, pair));
        let events =
            events.with_context(|| format!("read conversation {} back", pair.conversation))?;
        judge(&events, pair).map_err(|words| pairs.unexpected(nth, words))?;
    }
    Ok(())
}

async fn read(host: &Host, pair: &Pair) -> Result<Vec<EventFrame>> {
    let mut visitor = Visitor::return_with(&host.visitor(), &pair.token).await?;
    let id = ConversationId::parse(&pair.conversation).context("an id")?;
    let watched = visitor.watch(id, 0).await?;
    let (mut events, head) = (watched.events, watched.head);
    while (events.len() as u64) < head {
        let bounds = json!({ "after": events.len(), "limit": 200 });
        let page = visitor.history(id, bounds).await?;
        if page.events.is_empty() {
            bail!("history ends at {}, and the head is {head}", events.len());
        }
        events.extend(page.events);
    }
    visitor.connection.leave().await;
    Ok(events)
}

/// Numbered without gaps, up to the last that was acknowledged, with our messages in our order.
fn judge(events: &[EventFrame], pair: &Pair) -> Result<(), String> {
    let (mut view, mut due) = (View::default(), 1);
    for event in events {
        let closes = &*event.ev == "conversation.closed";
        let seen = Seen { seq: event.seq, at: event.at, closes };
        view.take(seen).map_err(|fault| format!("read back: {fault}"))?;
        let number = match &event.data {
            protocol::EventData::MessagePosted(posted) => wire::number(&posted.text),
            _ => None,
        };
        if let Some(number) = number {
            if number != due {
                return Err(format!("read back: message {number} where {due} was due"));
            }
            due += 1;
        }
    }
    let seen = pair.seen_by_visitor.last.max(pair.seen_by_agent.last);
    view.stands_at(seen).map_err(|fault| format!("read back: {fault}"))
}
