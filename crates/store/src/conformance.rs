//! What every store promises, each promise once.
//!
//! `desk.rs` tells stories (a visitor asks, an agent answers) to any store; the other files are the
//! promises. A home runs them all with [`store_conformance!`](crate::store_conformance).

mod desk;
mod directory;
mod inbox;
mod journal;
mod model;
mod pages;
mod search;
mod starts;
mod transfer;

pub use desk::*;
pub use directory::*;
pub use inbox::*;
pub use journal::*;
pub use pages::*;
pub use search::*;
pub use starts::*;
pub use transfer::*;

/// One `#[tokio::test]` for each promise. `$fresh` makes an empty store, as `Arc<dyn Store>`, and beside
/// it whatever must live as long (a directory, a server).
#[macro_export]
macro_rules! store_conformance {
    ($fresh:expr) => {
        $crate::store_conformance!(@each $fresh;
            of_two_racing_appends_exactly_one_wins
            an_append_at_another_head_is_stale
            an_append_to_no_conversation_is_stale
            a_used_key_answers_first_even_if_the_head_has_moved
            an_answer_without_events_is_remembered
            a_key_counts_only_in_its_scope
            a_key_may_hold_any_character
            a_conversation_is_found_as_of_its_last_append
            events_come_back_as_they_were_committed
            heads_are_of_those_that_exist
            the_first_bulk_under_a_key_counts
            appends_side_by_side_all_count
            one_stale_append_among_many_fails_alone
            a_start_brings_conversation_key_and_visitor_together
            a_start_adds_to_what_is_known_of_its_visitor
            a_start_is_judged_by_key_then_open_conversation_then_rate
            of_many_racing_starts_one_opens
            starts_per_minute_are_counted_and_the_wait_is_told
            a_visitors_conversations_come_open_first_then_latest
            agents_page_by_their_numbers
            visitors_page_by_their_numbers
            a_page_ends_early_but_never_empty
            counts_follow_every_change
            every_list_equals_the_model
            pages_neither_repeat_nor_miss
            rows_that_change_between_two_pages_leave_the_others_in_place
            sites_never_see_each_other
            a_change_is_told_to_whoever_asks_with_a_mark_from_before
            each_word_may_match_elsewhere
            case_does_not_matter_in_any_script
            what_patterns_use_is_plain_text
            words_of_one_or_two_characters_are_found
            every_search_equals_the_model
            a_search_is_given_up_when_its_time_is_over
            the_secret_is_made_once
            sites_come_oldest_first
            a_site_is_added_once
            an_email_is_one_agents_on_its_site
            an_agent_needs_a_site
            agents_are_found_by_id_and_email
            a_sign_in_code_is_taken_once
            a_sign_in_code_expires
            a_visitor_is_replaced
        );
    };
    (@each $fresh:expr; $($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            let (store, _kept) = $fresh;
            $crate::conformance::$promise(store).await;
        })*
    };
}

/// One `#[tokio::test]` for each promise about moving sites. `$fresh` makes an empty store, and beside it
/// whatever must live as long; each promise takes two of them.
#[macro_export]
macro_rules! transfer_conformance {
    ($fresh:expr) => {
        $crate::transfer_conformance!(@each $fresh;
            a_site_arrives_as_it_was
            a_site_goes_on_where_it_arrived
            a_site_comes_beside_others_once
            a_site_that_does_not_end_has_never_been
            what_is_there_is_not_brought_in_again
            tokens_stay_good_or_are_forgotten_on_purpose
            no_site_is_no_file
        );
    };
    (@each $fresh:expr; $($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            let ((from, _kept), (to, _kept_too)) = ($fresh, $fresh);
            $crate::conformance::$promise(from, to).await;
        })*
    };
}
