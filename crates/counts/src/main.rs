//! What a message costs in instructions, before any socket or disk: every case does its work a hundred
//! times inside [`counted`], which valgrind counts by name (`cargo xtask counts`).
//!
//! `wire.rs` decodes and encodes, `rules.rs` judges and moves, `telling.rs` is the hub with listeners.
//! `budgets.txt` is what each may cost.
//!
//! Never here: clocks, randomness, threads: a case takes the same path each time it runs.

mod rules;
mod telling;
mod wire;

/// How often a case does its work while it is counted.
const TIMES: u32 = 100;
/// And before: tables are made, and rooms found, once.
const WARM_UP: u32 = 10;

/// Something to count.
struct Case {
    name: &'static str,
    work: Box<dyn FnMut()>,
}

impl Case {
    fn new<T>(name: &'static str, mut work: impl FnMut() -> T + 'static) -> Self {
        let work = Box::new(move || drop(std::hint::black_box(work())));
        Self { name, work }
    }
}

/// The only thing that is counted.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    for _ in 0..TIMES {
        work();
    }
}

/// Says the names in the order in which they were counted, and how often the work was done.
fn main() {
    println!("{TIMES} times");
    for Case { name, mut work } in
        wire::cases().into_iter().chain(rules::cases()).chain(telling::cases())
    {
        (0..WARM_UP).for_each(|_| work());
        counted(&mut *work);
        println!("{name}");
    }
}
