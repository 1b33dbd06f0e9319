//! What a text is indexed under, and what a word is looked up by.

use std::collections::HashSet;

use protocol::SiteId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// What words are cut at: what comes before it, as in an address, is often another for everybody, what
/// comes after it the same for many.
const CUTS: [char; 2] = ['@', '/'];
/// A term that is longer stands as its digest in the index of terms.
const TERM_BYTES_MAX: usize = 32;
/// Of what stands before an `@`, so much is looked up.
const TELLING_CHARS_MAX: usize = 8;

/// As in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::postgres) enum Kind {
    Short = 0,
    Piece = 1,
    Whole = 2,
}

/// How to find the terms that contain a word.
pub(in crate::postgres) struct Wanted {
    pub(in crate::postgres) kind: Kind,
    pub(in crate::postgres) grams: Vec<i64>,
}

impl Wanted {
    pub(in crate::postgres) fn of(site: SiteId, word: &str) -> Self {
        let kind = match word {
            _ if word.chars().nth(3).is_none() => Kind::Short,
            _ if has_cut_inside(word) => Kind::Whole,
            _ => Kind::Piece,
        };
        Self { kind, grams: grams(site.0, kind, telling(word)) }
    }
}

/// What of a word tells it from others. Behind an `@` stands what millions may share, far before it what many
/// do, and going through all of them to find one takes longer than all the rest.
fn telling(word: &str) -> &str {
    match word.find('@').map(|at| &word[..=at]) {
        Some(before) if before.chars().nth(2).is_some() => {
            let first = before.char_indices().rev().nth(TELLING_CHARS_MAX - 1);
            &before[first.map_or(0, |(at, _)| at)..]
        }
        _ => word,
    }
}

/// Every term of a folded text.
pub(in crate::postgres) fn terms_of(text: &str) -> HashSet<(Kind, &str)> {
    let mut terms = HashSet::new();
    for word in text.split_whitespace() {
        let ends: Vec<usize> =
            word.char_indices().map(|(at, _)| at).skip(1).chain([word.len()]).collect();
        for (n, (start, _)) in word.char_indices().enumerate() {
            for end in ends[n..].iter().take(3) {
                terms.insert((Kind::Short, &word[start..*end]));
            }
        }
        if has_cut_inside(word) {
            terms.insert((Kind::Whole, word));
        }
        terms.extend(pieces(word).map(|piece| (Kind::Piece, piece)));
    }
    // A word that is looked up in pieces has four characters or more.
    terms.retain(|(kind, term)| *kind == Kind::Short || term.chars().nth(3).is_some());
    terms
}

fn has_cut_inside(word: &str) -> bool {
    let last = word.chars().next_back().map_or(0, |last| word.len() - last.len_utf8());
    word.char_indices().any(|(at, c)| 0 < at && at < last && CUTS.contains(&c))
}

/// Cut where there is a cut; the cut belongs to both sides.
fn pieces(word: &str) -> impl Iterator<Item = &str> {
    let cuts: Vec<usize> =
        word.char_indices().filter(|(_, c)| CUTS.contains(c)).map(|(at, _)| at).collect();
    let starts = std::iter::once(0).chain(cuts.clone());
    // Every cut is one byte long.
    let ends = cuts.into_iter().map(|at| at + 1).chain([word.len()]);
    starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| &word[start..end])
}

/// One hash for every three characters in a row. Two that have the same by chance are told apart later.
pub(in crate::postgres) fn grams(site: Uuid, kind: Kind, term: &str) -> Vec<i64> {
    let seed = Sha256::new().chain_update(site.as_bytes()).chain_update([kind as u8]).finalize();
    let seed = seed.iter().take(8).fold(0_u64, |seed, byte| seed << 8 | u64::from(*byte));
    let chars: Vec<u64> = term.chars().map(|c| u64::from(u32::from(c))).collect();
    let mut grams: Vec<i64> = chars
        .windows(3)
        .map(|three| mixed(seed ^ (three[0] << 42 | three[1] << 21 | three[2])).cast_signed())
        .collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// Spreads bits that are close together; different numbers stay different.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What a term is found by, of bounded length.
pub(in crate::postgres) fn digest_of(term: &str) -> Vec<u8> {
    match term.len() {
        ..=TERM_BYTES_MAX => term.as_bytes().to_vec(),
        _ => Sha256::digest(term.as_bytes()).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_cut_at_signs_that_both_sides_keep() {
        let pieces = |word| pieces(word).collect::<Vec<_>>();
        assert_eq!(pieces("ann@example.com"), ["ann@", "@example.com"]);
        assert_eq!(pieces("@@/"), ["@", "@@", "@/", "/"]);
        assert_eq!(pieces("plain"), ["plain"]);
    }

    #[test]
    fn an_address_is_looked_up_by_what_is_its_own() {
        for (word, own) in [
            ("ann@example.com", "ann@"),
            ("an@example.com", "an@"),
            ("größe.johansdóttir@example.com", "sdóttir@"),
            ("a@example.com", "a@example.com"),
            ("@example.com", "@example.com"),
            ("shop.example/basket", "shop.example/basket"),
        ] {
            assert_eq!(telling(word), own);
        }
    }

    proptest! {
        /// Any part of any word is found by the one kind of terms that it is looked up in, and nothing else is.
        #[test]
        fn a_word_is_in_a_text_exactly_if_it_is_in_one_of_its_terms(
            text in "[ab@/é ]{0,12}",
            word in "[ab@/é]{1,6}",
        ) {
            let wanted = Wanted::of(SiteId::NOWHERE, &word);
            let found = terms_of(&text).into_iter().any(|(kind, term)| match kind {
                Kind::Short => wanted.kind == Kind::Short && term == word,
                kind => {
                    let grams = grams(SiteId::NOWHERE.0, kind, term);
                    kind == wanted.kind
                        && term.contains(&word)
                        && wanted.grams.iter().all(|gram| grams.contains(gram))
                }
            });
            prop_assert_eq!(found, text.contains(&word));
        }
    }
}
