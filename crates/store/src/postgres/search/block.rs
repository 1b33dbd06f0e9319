//! The members of one block of conversations, as they stand in a row.

use crate::numbers::{Number, Numbers};

/// Conversations in a block.
const SIZE: Number = 16_384;
/// Bytes with a bit for each.
const BITS: usize = SIZE as usize / 8;

/// Where a conversation stands: its block, and its place in there.
pub(in crate::postgres) fn place_of(number: Number) -> (i32, u16) {
    let block = i32::try_from(number / SIZE).unwrap_or(i32::MAX);
    (block, (number % SIZE) as u16)
}

/// Adds the members of a block to a set.
pub(in crate::postgres) fn add_to(numbers: &mut Numbers, block: i32, members: &[u8]) {
    let first = Number::from(block) * SIZE;
    if members.len() == BITS {
        let first_word = usize::try_from(first / 64).unwrap_or(usize::MAX);
        for (word, bytes) in members.chunks_exact(8).enumerate() {
            let bits = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
            if bits != 0 {
                numbers.insert_word(first_word + word, bits);
            }
        }
    } else {
        places(members).for_each(|place| numbers.insert(first + Number::from(place)));
    }
}

/// The members of a block with some more of them; `None` if all were there.
pub(in crate::postgres) fn with(members: &[u8], more: &[u16]) -> Option<Vec<u8>> {
    if members.len() == BITS {
        let mut bits = members.to_vec();
        let mut changed = false;
        for place in more {
            let (byte, bit) = (usize::from(place / 8), 1 << (place % 8));
            changed |= bits[byte] & bit == 0;
            bits[byte] |= bit;
        }
        return changed.then_some(bits);
    }
    let mut all: Vec<u16> = places(members).collect();
    let before = all.len();
    all.extend(more);
    all.sort_unstable();
    all.dedup();
    if all.len() == before {
        return None;
    }
    if all.len() * 2 >= BITS {
        let empty = vec![0; BITS];
        return with(&empty, &all);
    }
    Some(all.into_iter().flat_map(u16::to_le_bytes).collect())
}

fn places(members: &[u8]) -> impl Iterator<Item = u16> + '_ {
    members.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_gives_back_what_was_put_in_however_full_it_is() {
        for step in [1, 2, 17, 1000, 16_000] {
            let (mut members, mut expected) = (Vec::new(), Vec::new());
            for number in (0..SIZE).step_by(step) {
                let (block, place) = place_of(number + 3 * SIZE);
                assert_eq!(block, 3);
                members = with(&members, &[place]).unwrap();
                assert_eq!(with(&members, &[place]), None);
                expected.push(number + 3 * SIZE);
            }
            let mut numbers = Numbers::default();
            add_to(&mut numbers, 3, &members);
            assert_eq!(numbers.iter().collect::<Vec<_>>(), expected, "every {step}th");
            assert!(members.len() <= BITS);
        }
    }
}
