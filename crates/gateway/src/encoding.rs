//! Frames as bytes, encoded once for everybody who gets the same.

use bytes::Bytes;
use conversation::{Audience, Subject};
use hub::{Answer, BulkResult, News, Row, Told};
use protocol::{BulkItem, Codec, ConversationId, Presence, SeqAnswer, SignalData, Started};

use crate::{refusal, translate};

/// The frame by which `subject` is told of it, if it is told at all. Answers belong to questions and are
/// not told here.
pub fn frame_of(news: News, codec: Codec, subject: &Subject) -> Option<Bytes> {
    let audience = subject.audience();
    let signal = match news {
        News::Answer { .. } => return None,
        News::Event(told) => return event(&told, codec, subject),
        News::Row(row) => return Some(inbox_row(&row, codec)),
        News::Typing { conversation, by, active } => {
            translate::typing(conversation, &by, audience, active)
        }
        News::Presence { online } => {
            translate::signal(None, SignalData::Presence(Presence { online }))
        }
        News::Counts(counts) => translate::signal(None, SignalData::InboxCounts(counts)),
    };
    Some(codec.encode(&signal))
}

/// Encoded once per codec for agents, for the visitor, and for the author, who alone sees the key.
fn event(told: &Told, codec: Codec, subject: &Subject) -> Option<Bytes> {
    let audience = subject.audience();
    let to_author = translate::is_author(&told.committed, subject);
    let who = match (to_author, audience) {
        (true, _) => 2,
        (false, Audience::Visitor) => 1,
        (false, Audience::Agents) => 0,
    };
    told.committed.number_for(audience)?;
    Some(told.encodings.get_or_make(who * 2 + slot(codec), || {
        let event = translate::event(told.conversation, &told.committed, audience, to_author);
        event.map(|event| codec.encode(&event)).unwrap_or_default()
    }))
}

fn inbox_row(row: &Row, codec: Codec) -> Bytes {
    row.encodings.get_or_make(slot(codec), || {
        let summary = translate::summary(&row.conversation, Audience::Agents, row.online);
        let data = SignalData::InboxRow(Box::new(summary));
        codec.encode(&translate::signal(Some(row.conversation.id), data))
    })
}

fn slot(codec: Codec) -> usize {
    match codec {
        Codec::Json => 0,
        Codec::Msgpack => 1,
    }
}

/// A conversation that its visitor has begun.
pub(crate) fn begun(started: &hub::Started, subject: &Subject) -> Started {
    let hub::Started { conversation, seq, at } = started;
    let conversation = translate::summary(conversation, subject.audience(), true);
    Started { conversation, seq: *seq, at: *at }
}

/// One of many.
pub(crate) fn bulk_item(result: BulkResult, subject: &Subject) -> BulkItem {
    let BulkResult { conversation, outcome } = result;
    let (ok, err) = match outcome {
        Ok(Answer::Committed { seq, at, .. }) => (Some(SeqAnswer { seq, at }), None),
        Ok(_) => (None, Some(refusal::unavailable(500))),
        Err(refused) => {
            let id = ConversationId::parse(&conversation).unwrap_or(ConversationId::NOWHERE);
            (None, Some(refusal::body(&refused, id, subject)))
        }
    };
    BulkItem { conversation, ok, err }
}
