//! Who is at another node. True for a while only: a node that is not heard of any more is forgotten.

use protocol::{SiteId, VisitorId};

use crate::{NodeId, Topic};

/// What a node says of the people of one site who have a socket there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    pub node: NodeId,
    pub site: SiteId,
    /// Some agent of the site is there.
    pub team: bool,
    pub visitors: Visitors,
}

/// Which visitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visitors {
    /// So many, and the sum of their ids ([`Visitors::sum_of`]): whoever counts others asks. Said again
    /// and again, so that everybody comes to know who is there, and that the node lives.
    Sum { count: u64, sum: u64 },
    /// These came or went just now.
    Changed { came: Vec<VisitorId>, went: Vec<VisitorId> },
    /// All of one part: of those in this part exactly these are there. There are `parts` of them.
    Exactly { part: u32, parts: u32, here: Vec<VisitorId> },
}

impl Presence {
    pub(crate) fn topics(&self) -> [Option<Topic>; 2] {
        let team = match self.visitors {
            Visitors::Sum { .. } => Some(Topic::Team(self.site)),
            // Visitors do not hear of each other.
            Visitors::Changed { .. } | Visitors::Exactly { .. } => None,
        };
        [Some(Topic::Site(self.site)), team]
    }
}

impl Visitors {
    /// The same for the same visitors in any order; for others almost surely another.
    pub fn sum_of<'a>(visitors: impl IntoIterator<Item = &'a VisitorId>) -> Self {
        let (mut count, mut sum) = (0, 0_u64);
        for VisitorId(id) in visitors {
            let (high, low) = id.as_u64_pair();
            count += 1;
            sum = sum.wrapping_add(high ^ low.rotate_left(32));
        }
        Self::Sum { count, sum }
    }

    /// All `visitors` in parts of about `part_max`. Nobody there is one part with nobody in it.
    pub fn in_parts(visitors: &[VisitorId], part_max: usize) -> Vec<Self> {
        let parts = u32::try_from(visitors.len().div_ceil(part_max.max(1))).unwrap_or(u32::MAX);
        let parts = parts.max(1);
        let mut here = vec![Vec::new(); parts as usize];
        for visitor in visitors {
            here[Self::part_of(visitor, parts) as usize].push(*visitor);
        }
        (0..).zip(here).map(|(part, here)| Self::Exactly { part, parts, here }).collect()
    }

    /// Which of `parts` a visitor is in.
    pub fn part_of(visitor: &VisitorId, parts: u32) -> u32 {
        let part = visitor.0.as_u128() % u128::from(parts.max(1));
        u32::try_from(part).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn visitors(numbers: impl IntoIterator<Item = u128>) -> Vec<VisitorId> {
        numbers.into_iter().map(|n| VisitorId(Uuid::from_u128(n))).collect()
    }

    #[test]
    fn the_sum_is_of_who_is_there_and_not_of_their_order() {
        let (some, others) = (visitors(1..100), visitors((1..100).rev()));
        assert_eq!(Visitors::sum_of(&some), Visitors::sum_of(&others));
        assert_ne!(Visitors::sum_of(&some), Visitors::sum_of(&visitors(2..101)));
        assert_ne!(Visitors::sum_of(&some), Visitors::sum_of(&some[1..]));
    }

    #[test]
    fn every_visitor_is_in_the_part_that_it_belongs_to() {
        let all = visitors(0..1000);
        let mut found = 0;
        for told in Visitors::in_parts(&all, 100) {
            let Visitors::Exactly { part, parts, here } = told else { panic!("{told:?}") };
            assert_eq!(parts, 10);
            assert!(here.iter().all(|visitor| Visitors::part_of(visitor, parts) == part));
            found += here.len();
        }
        assert_eq!(found, 1000);
        assert_eq!(Visitors::in_parts(&[], 100).len(), 1, "nobody is said, too");
        assert_eq!(Visitors::part_of(&all[7], 0), 0);
    }
}
