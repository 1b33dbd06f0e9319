//! Wrong passwords, counted so that guessing stays slow and nobody can keep somebody else out.
//!
//! One count for an e-mail from one address, which is where people mistype; one for the e-mail from
//! everywhere, against many machines that guess together; one for the address with every e-mail, against
//! one machine that tries many. The last two allow more. Who has the right password is never counted.
//!
//! The address is the peer's: `X-Forwarded-For` is not looked at. Behind a proxy everybody has the
//! proxy's, so there the first count is the same as one by e-mail, and the third is everybody's.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Settings;
use crate::throttle::{Bucket, Rate};
use crate::ticker::Millis;

/// Counts kept at once; three for each attempt.
const COUNTS_MAX: usize = 3 * 65_536;

/// Who has guessed how often.
pub(super) struct Guesses {
    /// In the order of [`Guesses::counts`].
    rates: [Rate; 3],
    secret: RandomState,
    known: Mutex<HashMap<Count, Tally>>,
}

/// Whose guesses are counted.
#[derive(Hash)]
enum Whose<'a> {
    Pair(&'a str, IpAddr),
    Email(&'a str),
    Address(IpAddr),
}

/// The same as a hash that nobody outside can aim at: an e-mail may be long.
type Count = u64;

#[derive(Clone, Copy, Default)]
struct Tally {
    wrong: Bucket,
    /// Being checked now. They count as wrong until it is known, or a thousand at once would pass.
    checking: u32,
}

/// One password while it is checked. Dropped: it was wrong, also if nobody waited for the answer.
pub(super) struct Attempt<'a> {
    guesses: &'a Guesses,
    counts: [Count; 3],
    at: Millis,
    was_wrong: bool,
}

impl Guesses {
    pub fn new(settings: &Settings) -> Self {
        let one = Rate::within(settings.sign_ins_max, settings.sign_in_window);
        let many = Rate::within(settings.sign_ins_together_max, settings.sign_in_window);
        Self { rates: [one, many, many], secret: RandomState::new(), known: Mutex::default() }
    }

    /// Lets somebody try, whether or not there is anybody with this e-mail; or says after how many
    /// milliseconds to come back.
    pub fn begin(&self, email: &str, from: IpAddr, now: Millis) -> Result<Attempt<'_>, u64> {
        let counts = self.counts(email, from);
        let mut known = self.lock();
        make_room(&mut known, now);
        for (count, rate) in counts.iter().zip(&self.rates) {
            known.get(count).copied().unwrap_or_default().admits(rate, now)?;
        }
        for count in counts {
            known.entry(count).or_default().checking += 1;
        }
        Ok(Attempt { guesses: self, counts, at: now, was_wrong: true })
    }

    fn counts(&self, email: &str, from: IpAddr) -> [Count; 3] {
        let from = machine(from);
        let each = [Whose::Pair(email, from), Whose::Email(email), Whose::Address(from)];
        each.map(|whose| self.secret.hash_one(whose))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Count, Tally>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It was no wrong guess: the password was right, or could not be looked at.
    pub fn forgive(mut self) {
        self.was_wrong = false;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut known = self.guesses.lock();
        for (count, rate) in self.counts.iter().zip(&self.guesses.rates) {
            let Some(tally) = known.get_mut(count) else { continue };
            tally.checking = tally.checking.saturating_sub(1);
            if self.was_wrong {
                // There is room: it has been kept since the beginning.
                let _ = tally.wrong.take(rate, self.at);
            } else if tally.is_idle(self.at) {
                known.remove(count);
            }
        }
    }
}

impl Tally {
    /// Whether there is room for one more, those being checked counted as wrong.
    fn admits(mut self, rate: &Rate, now: Millis) -> Result<(), u64> {
        (0..=self.checking).try_for_each(|_| self.wrong.take(rate, now))
    }

    fn is_idle(&self, now: Millis) -> bool {
        self.checking == 0 && self.wrong.is_full(now)
    }
}

fn make_room(known: &mut HashMap<Count, Tally>, now: Millis) {
    if known.len() + 3 > COUNTS_MAX {
        known.retain(|_, tally| !tally.is_idle(now));
    }
    if known.len() + 3 > COUNTS_MAX {
        // Forgetting is the lesser evil: to get here takes far more guesses than it gives back.
        known.clear();
    }
}

/// What one machine cannot easily have more of: an IPv6 network has as many addresses as it likes.
fn machine(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn at(last: u8) -> IpAddr {
        [10, 0, 1, last].into()
    }

    /// Three wrong ones for an e-mail from an address, nine for each of the two alone.
    fn guesses() -> Guesses {
        let (sign_ins_max, sign_ins_together_max) = (3, 9);
        Guesses::new(&Settings { sign_ins_max, sign_ins_together_max, ..Settings::default() })
    }

    /// How many of so many wrong ones in a row are let through.
    fn wrong(guesses: &Guesses, email: &str, from: IpAddr, tries: usize) -> usize {
        (0..tries).filter(|_| guesses.begin(email, from, 0).is_ok()).count()
    }

    #[test]
    fn wrong_ones_are_counted_for_an_e_mail_from_an_address_and_forgotten_one_by_one() {
        let guesses = guesses();
        assert_eq!(wrong(&guesses, "ann", HOME, 5), 3);
        assert_eq!(guesses.begin("ann", HOME, 0).err(), Some(100_000), "a third of five minutes");
        assert!(guesses.begin("ann", HOME, 99_999).is_err());
        assert!(guesses.begin("ann", HOME, 100_000).is_ok());
        assert!(guesses.begin("ann", HOME, 100_000).is_err());
    }

    #[test]
    fn nobody_elsewhere_is_kept_out_and_no_other_e_mail() {
        let guesses = guesses();
        wrong(&guesses, "ann", HOME, 100);
        assert!(guesses.begin("ann", at(2), 0).is_ok());
        assert!(guesses.begin("bob", HOME, 0).is_ok());
    }

    #[test]
    fn many_addresses_together_have_a_wider_bound_for_one_e_mail() {
        let guesses = guesses();
        let through: usize = (0..20).map(|last| wrong(&guesses, "ann", at(last), 1)).sum();
        assert_eq!(through, 9);
        assert!(guesses.begin("bob", at(1), 0).is_ok());
    }

    #[test]
    fn one_address_has_a_wider_bound_for_all_e_mails_together() {
        let guesses = guesses();
        let through: usize =
            (0..20).map(|person| wrong(&guesses, &format!("person {person}"), HOME, 1)).sum();
        assert_eq!(through, 9);
        assert!(guesses.begin("person 1", at(2), 0).is_ok());
    }

    #[test]
    fn right_ones_are_never_counted() {
        let guesses = guesses();
        for _ in 0..100 {
            guesses.begin("ann", HOME, 0).expect("room").forgive();
        }
        assert!(guesses.lock().is_empty(), "nor remembered");
        assert_eq!(wrong(&guesses, "ann", HOME, 2), 2);
        for _ in 0..100 {
            guesses.begin("ann", HOME, 0).expect("room for the last").forgive();
        }
        assert_eq!(wrong(&guesses, "ann", HOME, 2), 1, "nor do they take wrong ones back");
    }

    #[test]
    fn those_being_checked_count_until_it_is_known() {
        let guesses = guesses();
        let mut checking: Vec<_> =
            (0..100).filter_map(|_| guesses.begin("ann", HOME, 0).ok()).collect();
        assert_eq!(checking.len(), 3);
        checking.pop().expect("three").forgive();
        // Whoever hangs up has guessed all the same.
        drop(checking);
        assert_eq!(wrong(&guesses, "ann", HOME, 5), 1);
    }

    #[test]
    fn a_refused_one_costs_nothing_anywhere() {
        let guesses = guesses();
        wrong(&guesses, "ann", HOME, 100);
        assert_eq!(wrong(&guesses, "bob", HOME, 3) + wrong(&guesses, "eve", HOME, 3), 6);
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_mapped_one_is_what_it_maps() {
        let guesses = guesses();
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        let elsewhere: IpAddr = "2001:db8:1:3::1".parse().unwrap();
        assert_eq!(wrong(&guesses, "ann", one, 3), 3);
        assert_eq!(wrong(&guesses, "ann", neighbour, 1), 0);
        assert_eq!(wrong(&guesses, "ann", elsewhere, 1), 1);
        assert_eq!(machine("::ffff:10.0.0.1".parse().unwrap()), HOME);
    }

    #[test]
    fn memory_is_bounded() {
        let guesses = guesses();
        let checking = Tally { checking: 1, ..Tally::default() };
        guesses.lock().extend((0..COUNTS_MAX as Count).map(|count| (count, checking)));
        assert_eq!(wrong(&guesses, "ann", HOME, 5), 3);
        assert!(guesses.lock().len() <= COUNTS_MAX);
    }

    #[test]
    fn room_is_made_of_what_is_over() {
        let guesses = guesses();
        wrong(&guesses, "ann", HOME, 5);
        guesses.lock().extend((0..COUNTS_MAX as Count).map(|count| (count, Tally::default())));
        assert_eq!(wrong(&guesses, "bob", at(1), 1), 1);
        assert!(guesses.lock().len() <= COUNTS_MAX);
        assert_eq!(wrong(&guesses, "ann", HOME, 1), 0, "what still counts has been kept");
    }
}
