//! What runs, in this order. All of it takes less than 15 minutes on two cores.

/// One run of `loadtest`.
pub struct Run {
    pub name: &'static str,
    pub args: &'static [&'static str],
    /// The same, only to see that it works.
    pub quick: &'static [&'static str],
}

/// Messages a second, the same for a quick look, seconds, and rounds.
macro_rules! relay {
    ($rate:literal, $quick:literal, $seconds:literal, $rounds:literal) => {
        Run {
            name: concat!("relay-", $rate),
            args: &["relay", "--rate", $rate, "--seconds", $seconds, "--rounds", $rounds],
            quick: &[
                "relay",
                "--rate",
                $quick,
                "--seconds",
                "1",
                "--rounds",
                "1",
                "--conversations",
                "200",
            ],
        }
    };
}

pub const RUNS: &[Run] = &[
    relay!("250", "100", "5", "2"),
    relay!("500", "200", "5", "2"),
    relay!("1000", "300", "5", "2"),
    relay!("1500", "400", "5", "2"),
    relay!("2500", "600", "5", "2"),
    relay!("5000", "1000", "8", "3"),
    relay!("8000", "1500", "5", "2"),
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
