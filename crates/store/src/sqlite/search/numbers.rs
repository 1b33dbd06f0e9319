//! A set of conversations: one bit for each number.

use crate::sqlite::columns::Number;

#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    bits: Vec<u64>,
}

impl Numbers {
    pub(super) fn insert(&mut self, number: Number) {
        let (word, bit) = place(number);
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << bit;
    }

    pub(super) fn and(mut self, other: &Self) -> Self {
        self.bits.truncate(other.bits.len());
        self.bits.iter_mut().zip(&other.bits).for_each(|(mine, theirs)| *mine &= theirs);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    pub(super) fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// In ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Number> + '_ {
        let of_word = |(index, word): (usize, &u64)| {
            let (word, first) = (*word, index as i64 * 64);
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        };
        self.bits.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(of_word)
    }
}

fn place(number: Number) -> (usize, u32) {
    let number = number.cast_unsigned();
    (usize::try_from(number / 64).unwrap_or(usize::MAX), (number % 64) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[Number]) -> Numbers {
        let mut set = Numbers::default();
        numbers.iter().for_each(|number| set.insert(*number));
        set
    }

    #[test]
    fn a_set_gives_back_what_was_put_in_once_and_in_order() {
        let set = set(&[700, 1, 63, 64, 1]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 63, 64, 700]);
        assert_eq!(set.len(), 4);
    }

    #[test]
    fn what_two_sets_share_is_what_both_have() {
        let shared = set(&[1, 64, 700]).and(&set(&[64, 65]));
        assert_eq!(shared.iter().collect::<Vec<_>>(), [64]);
        assert!(shared.and(&set(&[65])).is_empty());
    }
}
