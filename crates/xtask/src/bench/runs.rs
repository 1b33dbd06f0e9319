//! What runs, in this order. All of it takes less than 15 minutes on two cores.

/// One run of `loadtest`.
pub struct Run {
    pub name: &'static str,
    pub args: &'static [&'static str],
    /// The same, only to see that it works.
    pub quick: &'static [&'static str],
}

pub const RUNS: &[Run] = &[
    Run {
        name: "relay-5000",
        args: &["relay", "--rate", "5000", "--seconds", "8", "--rounds", "3"],
        quick: &[
            "relay",
            "--rate",
            "1000",
            "--seconds",
            "2",
            "--rounds",
            "1",
            "--conversations",
            "200",
        ],
    },
    Run {
        name: "relay-1000",
        args: &["relay", "--rate", "1000", "--seconds", "5", "--rounds", "2"],
        quick: &[
            "relay",
            "--rate",
            "300",
            "--seconds",
            "1",
            "--rounds",
            "1",
            "--conversations",
            "200",
        ],
    },
    Run {
        name: "relay-2500",
        args: &["relay", "--rate", "2500", "--seconds", "5", "--rounds", "2"],
        quick: &[
            "relay",
            "--rate",
            "600",
            "--seconds",
            "1",
            "--rounds",
            "1",
            "--conversations",
            "200",
        ],
    },
    Run {
        name: "relay-8000",
        args: &["relay", "--rate", "8000", "--seconds", "5", "--rounds", "2"],
        quick: &[
            "relay",
            "--rate",
            "1500",
            "--seconds",
            "1",
            "--rounds",
            "1",
            "--conversations",
            "200",
        ],
    },
    Run {
        name: "capacity",
        args: &["capacity", "--seconds", "4"],
        quick: &[
            "capacity",
            "--rest",
            "1",
            "--seconds",
            "1",
            "--rounds",
            "1",
            "--conversations",
            "300",
        ],
    },
    Run {
        name: "commit",
        args: &["commit", "--no-pin", "--seconds", "4"],
        quick: &["commit", "--no-pin", "--seconds", "1", "--rounds", "1", "--conversations", "300"],
    },
    Run {
        name: "idle",
        args: &["idle", "--connections", "10000", "--settle", "15"],
        quick: &["idle", "--connections", "1000", "--settle", "1", "--seconds", "2"],
    },
    Run {
        name: "accept",
        args: &["accept"],
        quick: &["accept", "--connections", "500", "--rounds", "1"],
    },
    Run { name: "storm", args: &["storm"], quick: &["storm", "--connections", "1000"] },
    Run {
        name: "close",
        args: &["close", "--receivers", "2,10,100,1000", "--closes", "150"],
        quick: &["close", "--receivers", "10", "--closes", "10", "--sweep", "200"],
    },
    Run {
        name: "inbox",
        args: &["inbox"],
        quick: &["inbox", "--agents", "10", "--rate", "500", "--seconds", "1", "--rounds", "1"],
    },
    Run {
        name: "growth",
        args: &["growth"],
        quick: &["growth", "--connections", "500,1000", "--settle", "1", "--seconds", "1"],
    },
    Run {
        name: "slow",
        args: &["slow"],
        quick: &["slow", "--readers", "100", "--seconds", "2", "--rounds", "1"],
    },
    Run {
        name: "mixed",
        args: &["mixed", "--minutes", "1.5"],
        quick: &["mixed", "--minutes", "0.15", "--conversations", "100"],
    },
    Run {
        name: "chaos",
        args: &["mixed", "--minutes", "1", "--chaos"],
        quick: &[
            "mixed",
            "--minutes",
            "0.15",
            "--conversations",
            "100",
            "--chaos",
            "--kill-every",
            "2",
        ],
    },
];
