//! A set of conversations: one bit for each number.

/// A conversation's short name inside a database.
pub(crate) type Number = i64;

#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    bits: Vec<u64>,
}

impl Numbers {
    pub(crate) fn insert(&mut self, number: Number) {
        let (word, bit) = place(number);
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= 1 << bit;
    }

    /// Adds a whole word of bits: the numbers from 64 times `word` on, lowest bit first.
    pub(crate) fn insert_word(&mut self, word: usize, bits: u64) {
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= bits;
    }

    /// Number n is bit n modulo 8 of byte n / 8, lowest bit first.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.bits.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    pub(crate) fn contains(&self, number: Number) -> bool {
        let (word, bit) = place(number);
        self.bits.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.bits.truncate(other.bits.len());
        self.bits.iter_mut().zip(&other.bits).for_each(|(mine, theirs)| *mine &= theirs);
        self
    }

    pub(crate) fn without(mut self, other: &Self) -> Self {
        self.bits.iter_mut().zip(&other.bits).for_each(|(mine, theirs)| *mine &= !theirs);
        self
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.bits.resize(self.bits.len().max(other.bits.len()), 0);
        self.bits.iter_mut().zip(&other.bits).for_each(|(mine, theirs)| *mine |= theirs);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bits.iter().all(|word| *word == 0)
    }

    pub(crate) fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// In ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Number> + '_ {
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
        assert!(set.contains(64) && !set.contains(65) && !set.contains(7000));
    }

    #[test]
    fn what_two_sets_share_is_what_both_have() {
        let shared = set(&[1, 64, 700]).and(&set(&[64, 65]));
        assert_eq!(shared.iter().collect::<Vec<_>>(), [64]);
        assert!(shared.and(&set(&[65])).is_empty());
    }

    #[test]
    fn sets_of_any_length_are_added_and_taken_away() {
        let (few, many) = (set(&[1, 64]), set(&[1, 700]));
        let left = |a: &Numbers, b: &Numbers| a.clone().without(b).iter().collect::<Vec<_>>();
        assert_eq!((left(&few, &many), left(&many, &few)), (vec![64], vec![700]));
        let mut all = few;
        all.add(&many);
        assert_eq!(all.iter().collect::<Vec<_>>(), [1, 64, 700]);
    }
}
