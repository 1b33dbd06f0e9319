//! Pages of events that stay under the size of a frame, whatever their texts are made of.

use conversation::{Committed, Event, Subject};
use protocol::{ConversationId, EventFrame, HistoryPage, Watched};

use crate::translate;

/// A page ends at about this many bytes on the wire. The store ends it by text alone; control
/// characters take six bytes each in JSON.
pub(crate) const PAGE_WIRE_BYTES_MAX: usize = 512 * 1024;
/// What an event is beside its text.
const FRAME_BYTES: usize = 400;

/// From which end a page is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    First,
    Last,
}

/// The wire's events for `subject`, as many as fit into `budget` (which shrinks by them) but at least
/// one if there is any and the budget is not used up; and whether some were left out.
pub(crate) fn events(
    conversation: ConversationId,
    committed: &[Committed],
    subject: &Subject,
    keep: Keep,
    budget: &mut usize,
) -> (Vec<EventFrame>, bool) {
    let fitting = match keep {
        Keep::First => fitting(committed.iter(), budget),
        Keep::Last => fitting(committed.iter().rev(), budget),
    };
    let kept = match keep {
        Keep::First => &committed[..fitting],
        Keep::Last => &committed[committed.len() - fitting..],
    };
    let audience = subject.audience();
    let event = |committed: &Committed| {
        let to_author = translate::is_author(committed, subject);
        translate::event(conversation, committed, audience, to_author)
    };
    (kept.iter().filter_map(event).collect(), fitting < committed.len())
}

fn fitting<'a>(committed: impl Iterator<Item = &'a Committed>, budget: &mut usize) -> usize {
    let mut count = 0;
    for committed in committed {
        let bytes = FRAME_BYTES + text_bytes(&committed.event);
        let first_of_all = count == 0 && *budget == PAGE_WIRE_BYTES_MAX;
        if bytes > *budget && !first_of_all {
            *budget = 0;
            break;
        }
        *budget = budget.saturating_sub(bytes);
        count += 1;
    }
    count
}

/// Bytes of its text in the longer of the two codecs, JSON.
fn text_bytes(event: &Event) -> usize {
    let (Event::Posted { text } | Event::Noted { text }) = event else { return 0 };
    let bytes = text.as_str().bytes();
    bytes
        .map(|byte| match byte {
            b'"' | b'\\' => 2,
            0..=0x1f => 6,
            _ => 1,
        })
        .sum()
}

/// A snapshot for `subject`.
pub(crate) fn watched(snapshot: &hub::Snapshot, subject: &Subject, budget: &mut usize) -> Watched {
    let hub::Snapshot { conversation, online, events: committed, head, more, reset } = snapshot;
    let (events, cut) = events(conversation.id, committed, subject, Keep::First, budget);
    let conversation = translate::summary(conversation, subject.audience(), *online);
    Watched { conversation, events, head: *head, more: *more || cut, reset: *reset }
}

/// A page of history for `subject`.
pub(crate) fn history(
    conversation: ConversationId,
    page: &hub::Page,
    subject: &Subject,
    keep: Keep,
) -> HistoryPage {
    let mut budget = PAGE_WIRE_BYTES_MAX;
    let (events, cut) = events(conversation, &page.events, subject, keep, &mut budget);
    HistoryPage { events, head: page.head, more: page.more || cut }
}
