//! What the log has, by the numbers that people know, and what was granted, by the time it was asked and
//! answered: looked up, so that judging a long log takes as long as it is.

use protocol::{EventFrame, Role};

use super::{Ask, Deed, History, Outcome, is_for_visitors};

/// A granted deed, the event it names as agents count, and when it was answered.
#[derive(Clone, Copy)]
pub(super) struct Commit<'a> {
    pub deed: &'a Deed,
    pub seq: u64,
    answered: u64,
}

pub(super) struct Commits<'a> {
    log: &'a [EventFrame],
    for_visitors: Vec<&'a EventFrame>,
    /// By the time of the answer; each with the highest of those up to it.
    answered: Vec<(u64, Commit<'a>)>,
    /// By the time of the question, those that never repeat what is so already; each with the lowest event
    /// of those from it on.
    asked: Vec<(u64, u64)>,
}

impl<'a> Commits<'a> {
    pub fn of(history: &'a History) -> Self {
        let log = history.log.as_slice();
        let for_visitors = log.iter().filter(|event| is_for_visitors(event)).collect();
        let mut commits = Self { log, for_visitors, answered: Vec::new(), asked: Vec::new() };
        let mut all: Vec<_> = history.deeds.iter().filter_map(|deed| commits.by(deed)).collect();
        all.sort_unstable_by_key(|commit| commit.answered);
        for commit in &all {
            let highest = commits.answered.last().map(|(_, highest)| *highest);
            let highest = highest.filter(|highest| highest.seq > commit.seq).unwrap_or(*commit);
            commits.answered.push((commit.answered, highest));
        }
        all.retain(|commit| always_commits(&commit.deed.ask));
        all.sort_unstable_by_key(|commit| commit.deed.sent);
        for commit in all.iter().rev() {
            let lowest = commits.asked.last().map_or(commit.seq, |(_, seq)| commit.seq.min(*seq));
            commits.asked.push((commit.deed.sent, lowest));
        }
        commits.asked.reverse();
        commits
    }

    /// The event that the audience of `role` knows under this number.
    pub fn event(&self, role: Role, seq: u64) -> Option<&'a EventFrame> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        match role {
            Role::Visitor => self.for_visitors.get(index).copied(),
            Role::Agent | Role::System => self.log.get(index),
        }
    }

    /// The number of the last event.
    pub fn head(&self) -> u64 {
        self.log.len() as u64
    }

    /// What a deed committed, if it was granted.
    pub fn by(&self, deed: &'a Deed) -> Option<Commit<'a>> {
        let Outcome::Granted { seq, answered, .. } = deed.outcome else { return None };
        Some(Commit { deed, seq: self.event(deed.role, seq)?.seq, answered })
    }

    /// The highest of those answered before this time.
    pub fn highest_before(&self, time: u64) -> Option<Commit<'a>> {
        let before = self.answered.partition_point(|(answered, _)| *answered < time);
        before.checked_sub(1).map(|last| self.answered[last].1)
    }

    /// The lowest event of those that were only asked for after this time.
    pub fn lowest_asked_after(&self, time: u64) -> Option<u64> {
        let after = self.asked.partition_point(|(sent, _)| *sent <= time);
        self.asked.get(after).map(|(_, seq)| *seq)
    }
}

/// A claim or a close may be granted for what is so already.
pub(super) fn always_commits(ask: &Ask) -> bool {
    !matches!(ask, Ask::Claim | Ask::Close { .. })
}
