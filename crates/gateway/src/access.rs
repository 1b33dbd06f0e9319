//! Who may use which operation. The table itself stands in the contract ([`Operation::who`]), where a
//! new operation does not compile without its row; this is the one place where it is enforced.
//!
//! What somebody may do to a particular conversation is decided where it is known: by the hub
//! (`not_found`) and by the rules (`not_owner` and the like).

use conversation::Subject;
use protocol::{Operation, Who};

/// Whether this subject's role has the operation at all.
pub(crate) fn allows(subject: &Subject, operation: &Operation) -> bool {
    match (who(operation), subject) {
        (Who::Everyone, _)
        | (Who::Visitor, Subject::Visitor { .. })
        | (Who::Agent, Subject::Agent { .. }) => true,
        (Who::Visitor, Subject::Agent { .. }) | (Who::Agent, Subject::Visitor { .. }) => false,
    }
}

/// As the contract says; and closing is the agents' even as a part of something else.
fn who(operation: &Operation) -> Who {
    match operation {
        Operation::Send(send) if send.then.is_some() => Who::Agent,
        operation => operation.who(),
    }
}
