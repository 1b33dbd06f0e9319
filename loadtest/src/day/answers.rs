//! Judges answers: each is due once, comes true in the log, and a refusal has its reason.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::case::who;
use super::log::{Author, Kind, Promise};
use super::person::{Errand, Whose, Wish};
use super::returns::Page;
use super::{Day, Due, Sabotage};
use crate::crowd::Crowd;
use crate::verify::{Deed, Fault};
use crate::wire::{Answer, Refusal, Told};

/// `conversation.start` commits itself as 1 and its text as 2.
const FIRST_MESSAGE: u64 = 2;

impl Day<'_> {
    pub(super) fn answer(
        &mut self,
        crowd: &mut Crowd,
        whose: Whose,
        re: u32,
        frame: &Told<'_>,
    ) -> Result<()> {
        let errand = self.person(whose).and_then(|person| person.errands.remove(&re));
        let Some(errand) = errand else {
            bail!(
                "A PROMISE IS BROKEN: {whose:?} got an answer to {re}, which was answered or never asked"
            );
        };
        let conversation = errand.conversation;
        match (&frame.ok, &frame.err) {
            (Some(ok), _) => {
                self.note_answer(crowd, whose, &errand, ok);
                self.granted(crowd, whose, &errand, frame, ok)?;
            }
            (_, Some(refusal)) => self.refused(whose, (re, errand), refusal)?,
            _ => bail!("{whose:?} got neither ok nor err: {frame:?}"),
        }
        self.see_off(crowd, conversation)
    }

    fn note_answer(&mut self, crowd: &Crowd, whose: Whose, errand: &Errand, ok: &Answer<'_>) {
        self.tally.answers += 1;
        if !errand.wish.is_keyed() {
            return;
        }
        if let Some(case) = self.cases.get_mut(&errand.conversation) {
            case.unanswered -= 1;
            let deed = Deed::IsTold { wish: errand.wish.op(), seq: ok.seq };
            case.story.add(crowd.now, who(whose), deed);
        }
        self.times.acknowledged.record(crowd.now.saturating_duration_since(errand.intended));
    }

    fn granted(
        &mut self,
        crowd: &mut Crowd,
        whose: Whose,
        errand: &Errand,
        frame: &Told<'_>,
        ok: &Answer<'_>,
    ) -> Result<()> {
        let Errand { wish, conversation, number, .. } = *errand;
        match (wish, whose) {
            (Wish::Hello, Whose::Visitor(_)) => self.visitor_is_in(crowd, conversation, frame),
            (Wish::Hello, Whose::Agent(agent)) => self.agent_is_in(crowd, agent, frame),
            (Wish::InboxWatch, Whose::Agent(agent)) => {
                self.agents[agent as usize].since = Some(crowd.now);
                Ok(())
            }
            // Seen off meanwhile: this agent had seen the close before its connection went.
            (Wish::Watch, _) if !self.cases.contains_key(&conversation) => Ok(()),
            (Wish::Watch, _) => {
                let is_whole = !ok.more && !ok.reset;
                let page = Page { events: &ok.events, head: ok.head, is_whole };
                self.snapshot(crowd, whose, conversation, &page)
            }
            (Wish::InboxWatch | Wish::Unwatch | Wish::Typing, _) => Ok(()),
            (Wish::SayTooLate, _) => {
                let closed = self.case(conversation)?.told_visitor.head();
                self.judge(conversation, Err(Fault::AfterClose { closed, came: ok.seq }))
            }
            (Wish::Start, _) => {
                let id = ok.conversation.as_ref().map(|row| row.id.clone()).unwrap_or_default();
                self.named(conversation, &id)?;
                self.promise(whose, conversation, FIRST_MESSAGE, (Kind::Message, number))
            }
            (Wish::Say, _) => self.promise(whose, conversation, ok.seq, (Kind::Message, number)),
            (Wish::Note, _) => self.promise(whose, conversation, ok.seq, (Kind::Note, number)),
            (Wish::Claim, _) => self.promise(whose, conversation, ok.seq, (Kind::Claimed, None)),
            (Wish::Close, _) => self.promise(whose, conversation, ok.seq, (Kind::Closed, None)),
            (Wish::SayAndClose, _) => {
                self.promise(whose, conversation, ok.seq, (Kind::Message, number))?;
                self.promise(whose, conversation, ok.closed_seq, (Kind::Closed, None))?;
                let together = ok.closed_seq == ok.seq + 1;
                let apart = || Fault::Unexpected("a reply and its close are apart".into());
                self.judge(conversation, together.then_some(()).ok_or_else(apart))
            }
            (Wish::Unclaim, _) => {
                self.wait_to_be_claimed(conversation);
                self.promise(whose, conversation, ok.seq, (Kind::Unclaimed, None))
            }
        }
    }

    fn promise(
        &mut self,
        whose: Whose,
        conversation: u32,
        seq: u64,
        (kind, number): (Kind, Option<u32>),
    ) -> Result<()> {
        let author = match whose {
            Whose::Visitor(_) => Author::Visitor,
            Whose::Agent(agent) => Author::Agent(agent),
        };
        let seq = seq + u64::from(self.strikes(Sabotage::Misnumber));
        let log = self.case(conversation)?.log(whose);
        let kept = log.promise(seq, Promise { kind, author, number });
        self.judge(conversation, kept)
    }

    fn refused(
        &mut self,
        whose: Whose,
        (re, errand): (u32, Errand),
        refusal: &Refusal<'_>,
    ) -> Result<()> {
        let Errand { wish, conversation, number, .. } = errand;
        if matches!(&*refusal.code, "unavailable" | "rate_limited") {
            return self.put_off(whose, (re, errand), refusal.retry_after_ms);
        }
        let Some(case) = self.cases.get_mut(&conversation).filter(|_| wish.is_keyed()) else {
            bail!("{whose:?} was refused {wish:?}: {} ({})", refusal.code, refusal.message);
        };
        self.tally.refusals += 1;
        case.unanswered -= 1;
        case.refused.extend(number);
        case.story.add(Instant::now(), who(whose), Deed::IsRefused { wish: wish.op(), number });
        let has_a_reason = match &*refusal.code {
            "conversation_closed" => case.is_close_asked,
            "not_owner" => case.was_let_go,
            "already_claimed" => wish == Wish::Claim,
            _ => false,
        };
        if !has_a_reason {
            let words =
                format!("{whose:?} was refused {wish:?} without a reason: {}", refusal.code);
            return self.judge(conversation, Err(Fault::Unexpected(words)));
        }
        // Somebody else's by now: it goes on.
        if matches!(wish, Wish::Close | Wish::SayAndClose) && refusal.code == "not_owner" {
            case.is_close_asked = false;
        }
        Ok(())
    }

    /// The same again, a little later, and after whatever was asked in between.
    fn put_off(&mut self, whose: Whose, (re, errand): (u32, Errand), after_ms: u64) -> Result<()> {
        self.tally.put_off += 1;
        if let Some(case) = self.cases.get_mut(&errand.conversation) {
            case.told_visitor.may_overtake = true;
            case.told_agents.may_overtake = true;
        }
        if let Some(person) = self.person(whose) {
            person.errands.insert(re, errand);
            self.at(
                Instant::now() + Duration::from_millis(after_ms.max(20)),
                Due::AskAgain(whose, re),
            );
        }
        Ok(())
    }
}
