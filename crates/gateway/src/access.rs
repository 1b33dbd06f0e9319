//! Who may use which operation: one table, and a new operation does not compile without its row.
//!
//! What somebody may do to a particular conversation is decided where it is known: by the hub
//! (`not_found`) and by the rules (`not_owner` and the like).

use conversation::Subject;
use protocol::Operation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Everyones,
    Visitors,
    Agents,
}

/// Whether this subject's role has the operation at all.
pub(crate) fn allows(subject: &Subject, operation: &Operation) -> bool {
    match whose(operation) {
        Whose::Everyones => true,
        Whose::Visitors => matches!(subject, Subject::Visitor { .. }),
        Whose::Agents => matches!(subject, Subject::Agent { .. }),
    }
}

fn whose(operation: &Operation) -> Whose {
    match operation {
        Operation::Hello(_) => Whose::Everyones,
        Operation::Ping(_) => Whose::Everyones,
        Operation::Watch(_) => Whose::Everyones,
        Operation::Unwatch(_) => Whose::Everyones,
        Operation::History(_) => Whose::Everyones,
        Operation::Send(send) if send.then.is_some() => Whose::Agents,
        Operation::Send(_) => Whose::Everyones,
        Operation::Typing(_) => Whose::Everyones,
        Operation::Start(_) => Whose::Visitors,
        Operation::Claim(_) => Whose::Agents,
        Operation::Unclaim(_) => Whose::Agents,
        Operation::Close(_) => Whose::Agents,
        Operation::Note(_) => Whose::Agents,
        Operation::InboxList(_) => Whose::Agents,
        Operation::InboxWatch(_) => Whose::Agents,
        Operation::Bulk(_) => Whose::Agents,
    }
}
