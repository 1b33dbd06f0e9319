//! What `serve` is told, and how it refuses what it cannot do.

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use common::{ask, command, get, options, run, stderr, stdout, text};
use throwaway::Server;

#[tokio::test]
async fn it_prints_exactly_one_line_and_that_tells_the_port() {
    let mut server = Server::start(options()).await;
    assert_eq!(get(&server, "/livez").await.status, 200);
    let lines = server.stdout();
    assert_eq!(lines, [format!("frontdesk ready on {}", server.base_url)]);
    assert!(!server.base_url.ends_with(":0"));
    server.term().await;
    assert_eq!(server.stdout().len(), 1);
}

#[test]
fn bad_configuration_is_refused_before_anything_is_made() {
    let table: [(&[&str], &[&str]); 14] = [
        (&["--listen", "8080"], &["--listen", "127.0.0.1:8080"]),
        (&["--listen", "127.0.0.1:99999"], &["--listen", "127.0.0.1:8080"]),
        (&["--database-url", "mysql://db/x"], &["--database-url", "postgres://HOST"]),
        (
            &["--database-url", "postgres://me:hunter2@db/x?sslrootcert=/none/such"],
            &["--database-url", "/none/such", "PEM"],
        ),
        (&["--redis-url", "cache:6379"], &["--redis-url", "redis[s]://HOST"]),
        (&["--redis-url", "redis://:hunter2@cache:6379"], &["--redis-url", "needs no Redis"]),
        (&["--redis-url", ":hunter2@cache:6379"], &["--redis-url", "redis[s]://HOST"]),
        (&["--redis-url", "redis://me:hunter2@cache:port"], &["--redis-url", "redis[s]://HOST"]),
        (
            &["--redis-url", "rediss://me:hunter2@cache?sslrootcert=/none/such"],
            &["--redis-url", "/none/such"],
        ),
        (&["--node", "a b"], &["--node", "letters, digits"]),
        (&["--console-origin", "desk.example"], &["--console-origin", "https://desk.example.com"]),
        (&["--log", "xml"], &["--log", "json"]),
        (&["--log-filter", "gateway=loud"], &["--log-filter", "info,gateway=debug"]),
        (&["--listne", "127.0.0.1:0"], &["--listne", "--listen"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    for (args, said) in table {
        for word in [&["serve"][..], &[]] {
            let output = run(&[word, args, &["--data", &data]].concat(), &[]);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
            let errors = stderr(&output);
            assert!(said.iter().all(|said| errors.contains(said)), "{args:?}: {errors}");
            assert!(!errors.contains("hunter2"), "{errors}");
            assert_eq!(stdout(&output), "", "{args:?}");
        }
    }
    assert!(!folder.path().join("data").exists());
}

/// The flags of all limits.
const LIMITS: [&str; 5] = [
    "commands-per-second",
    "commands-burst",
    "connections-per-second",
    "connections-unfinished",
    "starts-per-minute",
];

/// `FRONTDESK_COMMANDS_BURST` for `commands-burst`.
fn variable(flag: &str) -> String {
    format!("FRONTDESK_{}", flag.to_uppercase().replace('-', "_"))
}

#[test]
fn a_limit_that_is_none_stops_it_before_anything_is_made_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    let here = ["--listen", "127.0.0.1:0", "--data", &data];
    for flag in LIMITS {
        let variable = variable(flag);
        for value in ["0", "-1", "many", "1.5", "1000001", "99999999999999999999"] {
            let by_flag = run(&[&here[..], &[&format!("--{flag}"), value]].concat(), &[]);
            let by_variable = run(&here, &[(&variable, value)]);
            for output in [by_flag, by_variable] {
                let errors = stderr(&output);
                assert_eq!(output.status.code(), Some(2), "{flag} {value}: {errors}");
                let said = format!(
                    "error: --{flag} ({variable}): \"{value}\" is no limit; write a whole number from 1 to 1000000\n"
                );
                assert_eq!(errors, said);
                assert_eq!(stdout(&output), "", "{flag} {value}");
            }
        }
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn all_wrong_limits_are_said_at_once() {
    let variables = LIMITS.map(variable);
    let env: Vec<(&str, &str)> = variables.iter().map(|name| (&**name, "0")).collect();
    let errors = stderr(&run(&["--listen", "8080"], &env));
    assert_eq!(errors.matches("error: ").count(), 1 + LIMITS.len(), "{errors}");
}

#[test]
fn everything_wrong_is_said_at_once_wherever_it_came_from() {
    let env =
        [("FRONTDESK_LISTEN", "8080"), ("FRONTDESK_NODE", "a b"), ("FRONTDESK_REDIS_URL", "x")];
    let output = run(&["--console-origin", "x"], &env);
    for name in ["FRONTDESK_LISTEN", "FRONTDESK_NODE", "FRONTDESK_REDIS_URL", "--console-origin"] {
        assert!(stderr(&output).contains(name), "{name}: {}", stderr(&output));
    }
    assert_eq!(stderr(&output).matches("error: ").count(), 4);
}

#[test]
fn a_port_that_is_taken_is_a_failure_that_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["--listen", &address, "--data", &text(folder.path())], &[]);
    assert_eq!(output.status.code(), Some(1));
    let errors = stderr(&output);
    assert!(errors.contains("--listen") && errors.contains(&address), "{errors}");
}

#[tokio::test]
async fn every_flag_also_comes_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("from env"));
    let env = [
        ("FRONTDESK_LISTEN", "127.0.0.1:0"),
        ("FRONTDESK_DATA", &data),
        ("FRONTDESK_NODE", "frankfurt-1"),
        ("FRONTDESK_DATABASE_URL", ""),
        ("FRONTDESK_REDIS_URL", ""),
        ("FRONTDESK_CONSOLE_ORIGIN", "https://desk.example,http://localhost:5173"),
        ("FRONTDESK_LOG_FORMAT", "json"),
        ("FRONTDESK_LOG", "info"),
        ("FRONTDESK_COMMANDS_PER_SECOND", "101"),
        ("FRONTDESK_COMMANDS_BURST", ""),
        ("FRONTDESK_CONNECTIONS_PER_SECOND", "103"),
        ("FRONTDESK_CONNECTIONS_UNFINISHED", "104"),
        ("FRONTDESK_STARTS_PER_MINUTE", "105"),
    ];
    let mut child = command(&env)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let address =
        ready.trim_end().strip_prefix("frontdesk ready on http://").expect("a ready line");
    let metrics = ask(address, "GET /metrics HTTP/1.1\r\n", "").await.body;
    // While it runs, so that FRONTDESK_DATA is seen to count for these as well.
    let site = run(&["site", "add", "Shop", "--domain", "shop.example"], &env);
    child.kill().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    child.wait().unwrap();

    assert!(metrics.contains(r#"node="frankfurt-1""#), "{metrics}");
    assert!(site.status.success(), "{}", stderr(&site));
    assert!(folder.path().join("from env/frontdesk.db").is_file());
    let log: serde_json::Value = serde_json::from_str(&log).expect("the log is JSON");
    assert_eq!(log["console_origins"], "https://desk.example,http://localhost:5173", "{log}");
    for (name, number) in [
        ("commands_per_second", 101),
        ("commands_burst", 300),
        ("connections_per_second", 103),
        ("connections_unfinished", 104),
        ("starts_per_minute", 105),
    ] {
        assert_eq!(log[name], number, "{log}");
    }
}
