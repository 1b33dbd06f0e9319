//! One file for each scenario; each begins with what it measures and how.

pub mod accept;
pub mod capacity;
pub mod close;
pub mod commit;
pub mod growth;
pub mod idle;
pub mod inbox;
pub mod mixed;
pub mod relay;
pub mod slow;
pub mod storm;
