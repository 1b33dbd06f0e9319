//! The commands of the README do what it says.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use client::{Agent, Target, Visitor};
use protocol::Codec;
use serde_json::{Value, json};
use system_tests::{Expect as _, SOON, binary, event, events, http, key, within};
use throwaway::{Postgres, Redis, Shell, free_port};

const README: &str = include_str!("../../README.md");
/// What is installed already where tests run: everything that the nodes need.
const INSTALL: &str = "sudo apt-get install -y postgresql redis-server";

#[tokio::test]
async fn four_commands_start_a_cluster() {
    let commands = commands_below("## Several nodes");
    assert_eq!((commands.len(), commands[0]), (4, INSTALL));
    let (postgres, redis) = tokio::join!(Postgres::start(), Redis::start());
    let [first, second] = [free_port(), free_port()];
    let stand_ins = stand_ins(postgres.port());
    let ports =
        [("5432", postgres.port()), ("6379", redis.port()), ("8081", first), ("8082", second)];
    let script = with_ports(&commands.join("\n"), &ports);

    let shell = run(&script, stand_ins.path());
    let [first, second] = [first, second].map(|port| format!("127.0.0.1:{port}"));
    for node in [&first, &second] {
        let ready = format!("frontdesk ready on http://{node}");
        shell.says(|line| line == ready).await;
        until_it_hears(node).await;
    }
    let box_line = shell.tells_people(|line| line.contains("ada@demo.example")).await;
    let password = box_line.split_whitespace().rev().nth(1).expect("a password before the frame");
    talk(&first, &second, password).await;
}

/// The lines of the first shell block below a heading.
fn commands_below(heading: &str) -> Vec<&'static str> {
    let (_, section) = README.split_once(heading).expect("the README has the section");
    let (_, block) = section.split_once("```sh\n").expect("with commands");
    let (block, _) = block.split_once("```").expect("which end");
    block.lines().filter(|line| !line.is_empty()).collect()
}

/// The same commands on ports that are free here.
fn with_ports(commands: &str, ports: &[(&str, u16)]) -> String {
    let mut script = commands.to_owned();
    for (usual, free) in ports {
        assert!(commands.contains(usual), "no port {usual} in\n{commands}");
        script = script.replace(usual, &free.to_string());
    }
    script
}

/// What stands for `sudo`, which is not everywhere, and for `cargo`, whose work is done: they take what the
/// README says to the letter, and nothing else.
fn stand_ins(postgres: u16) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let psql = format!("psql -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {postgres} -U postgres");
    let mut sudo = String::from("#!/bin/sh\ncase \"$*\" in\n");
    let _ = writeln!(sudo, "\"{}\") ;;", INSTALL.trim_start_matches("sudo "));
    let _ = writeln!(sudo, "\"-u postgres psql \"*) shift 3; exec {psql} \"$@\" ;;");
    let _ = writeln!(sudo, "*) echo \"sudo $*: not what a test expects\" >&2; exit 1 ;;\nesac");
    // A node goes with the shell that it was started from.
    let cargo = "#!/bin/sh\n[ \"$1 $2 $3\" = \"run --release --\" ] || exit 1\nshift 3\n\
                 exec setpriv --pdeathsig KILL -- \"$STAND_IN_FOR_CARGO\" \"$@\"\n";
    for (name, script) in [("sudo", &*sudo), ("cargo", cargo)] {
        let file = folder.path().join(name);
        std::fs::write(&file, script).expect("it can be written");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("it is ours");
    }
    folder
}

fn run(script: &str, stand_ins: &Path) -> Shell {
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{}:{path}", stand_ins.display());
    let server = binary::frontdesk();
    let server = server.to_str().expect("its path is text");
    let script = format!("set -e\n{script}\nwait\n");
    Shell::run(&script, &[("PATH", &path), ("STAND_IN_FOR_CARGO", server)])
}

async fn until_it_hears(node: &str) {
    let look = async {
        loop {
            let answer = http::get(node, "/readyz").await;
            let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
            if body["parts"]["other_nodes"] == "heard at once" {
                return;
            }
        }
    };
    within(SOON, "it to hear the others", look).await;
}

/// A visitor of the demo page on one node, Ada on the other.
async fn talk(visitors: &str, agents: &str, password: &str) {
    let demo = http::get(visitors, "/demo").await;
    let demo = String::from_utf8_lossy(&demo.body).into_owned();
    let (_, rest) = demo.split_once(r#"name="frontdesk-site" content=""#).expect("the mark");
    let site = rest.split('"').next().expect("a value");
    let login = json!({ "email": "ada@demo.example", "password": password }).to_string();
    let login = http::post_json(agents, "/v1/login", "", &login).await;
    let login: Value = serde_json::from_slice(&login.body).expect("JSON");
    let token = login["token"].as_str().expect("Ada is let in");

    let to = Target::visitor(&format!("ws://{visitors}"), site, visitors, Codec::Json);
    let mut visitor = Visitor::enter(&to).await.expect("a visitor gets in");
    let to = Target::agent(&format!("ws://{agents}"), Codec::Json);
    let mut agent = Agent::enter(&to, token).await.expect("Ada gets in");
    let id = visitor.start(&key(), "Is anybody there?").await.granted().conversation.id;
    events(&mut visitor, 2).await;
    assert_eq!(agent.watch(id, 0).await.granted().head, 2);
    agent.claim(id, &key()).await.granted();
    agent.say(id, &key(), "I am, elsewhere.").await.granted();
    let seen = events(&mut visitor, 2).await;
    assert_eq!([&*seen[0].ev, &*seen[1].ev], ["conversation.claimed", "message.posted"]);
    visitor.say(id, &key(), "One would not notice.").await.granted();
    events(&mut agent, 2).await;
    assert_eq!(&*event(&mut agent).await.ev, "message.posted");
}
