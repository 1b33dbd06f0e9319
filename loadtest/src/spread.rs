//! Which of several nodes a client comes to.

use std::cell::{Cell, RefCell};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// How people are spread over nodes.
pub enum Spread {
    /// One after another.
    InTurn(Cell<usize>),
    /// Whoever comes, to any.
    Anywhere(Box<RefCell<StdRng>>),
    /// Who acts to the first, who looks on to the others in turn.
    Apart(Cell<usize>),
}

/// What somebody comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comes {
    ToAct,
    ToLookOn,
}

impl Spread {
    pub fn in_turn() -> Self {
        Self::InTurn(Cell::new(0))
    }

    /// Always the same disorder.
    pub fn anywhere() -> Self {
        Self::Anywhere(Box::new(RefCell::new(StdRng::seed_from_u64(1))))
    }

    pub fn apart() -> Self {
        Self::Apart(Cell::new(0))
    }

    /// The node of the next client, of so many.
    pub fn next(&self, nodes: usize, comes: Comes) -> usize {
        match (self, comes) {
            (Self::InTurn(turn), _) => turn.replace(turn.get() + 1) % nodes,
            (Self::Anywhere(chance), _) => chance.borrow_mut().random_range(0..nodes),
            (Self::Apart(_), Comes::ToAct) => 0,
            (Self::Apart(_), Comes::ToLookOn) if nodes == 1 => 0,
            (Self::Apart(turn), Comes::ToLookOn) => 1 + turn.replace(turn.get() + 1) % (nodes - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eight(spread: &Spread, nodes: usize, comes: Comes) -> Vec<usize> {
        (0..8).map(|_| spread.next(nodes, comes)).collect()
    }

    #[test]
    fn who_acts_and_who_looks_on_are_never_on_one_node_if_there_are_two() {
        let apart = Spread::apart();
        assert_eq!(eight(&apart, 3, Comes::ToAct), [0; 8]);
        assert_eq!(eight(&apart, 3, Comes::ToLookOn), [1, 2, 1, 2, 1, 2, 1, 2]);
        assert_eq!(eight(&apart, 1, Comes::ToLookOn), [0; 8]);
    }

    #[test]
    fn chance_leaves_no_node_out() {
        let anywhere = Spread::anywhere();
        let nodes: Vec<usize> = (0..100).map(|_| anywhere.next(3, Comes::ToAct)).collect();
        assert!((0..3).all(|node| nodes.contains(&node)), "{nodes:?}");
        assert_ne!(nodes[..6], [0, 1, 2, 0, 1, 2], "this is in turn");
    }
}
