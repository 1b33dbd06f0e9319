//! What is written for operators is so: documents and examples name only what is there.

use std::collections::BTreeSet;
use std::process::Command;

use client::{Agent, Target, Visitor};
use protocol::Codec;
use system_tests::cluster::Cluster;
use system_tests::{Site, binary, http};

const OPERATING: &str = include_str!("../../docs/operating.md");
const EXAMPLES: [&str; 5] = [
    OPERATING,
    include_str!("../../deploy/compose.yaml"),
    include_str!("../../deploy/Dockerfile"),
    include_str!("../../deploy/frontdesk.service"),
    include_str!("../../deploy/frontdesk@.service"),
];

#[tokio::test]
async fn every_metric_that_is_named_is_there() {
    let cluster = Cluster::of(1).await;
    let _people = some_of_everything(&cluster.site().await).await;
    let shown = http::get(cluster.nodes[0].server.address(), "/metrics").await;
    let there = names(&String::from_utf8_lossy(&shown.body));
    let named = words(OPERATING, |letter| letter.is_ascii_lowercase() || letter == '_');
    let ours = |word: &&str| word.starts_with("frontdesk_") || word.starts_with("process_");
    let named: BTreeSet<&str> = named.into_iter().filter(ours).collect();
    assert!(named.len() > 15, "these are not all that one should look at: {named:?}");
    let wrong: Vec<&&str> = named.iter().filter(|name| !there.contains(**name)).collect();
    assert!(wrong.is_empty(), "not in /metrics: {wrong:?}; there are {there:?}");
}

#[tokio::test]
async fn every_part_of_readiness_is_explained() {
    let cluster = Cluster::of(1).await;
    let (status, parts) = cluster.nodes[0].readiness().await;
    assert_eq!(status, 200);
    for part in parts.as_object().expect("its parts").keys() {
        assert!(OPERATING.contains(&format!("`{part}`")), "nothing is said of {part}");
    }
    let words = parts["other_nodes"].as_str().expect("in words");
    assert!(OPERATING.contains(words), "nothing is said of \"{words}\"");
}

#[test]
fn every_setting_of_the_examples_is_one() {
    let help = Command::new(binary::frontdesk()).args(["serve", "--help"]).output();
    let help = help.expect("it can be started").stdout;
    let help = String::from_utf8_lossy(&help);
    for example in EXAMPLES {
        let named = words(example, |letter| letter.is_ascii_uppercase() || letter == '_');
        for name in named.iter().filter(|word| word.starts_with("FRONTDESK_")) {
            let known = [format!("[env: {name}="), format!("[env: {name}]")];
            assert!(
                known.iter().any(|known| help.contains(known)),
                "{name} is no setting:\n{help}"
            );
        }
    }
}

/// What has labels is shown once it has happened.
async fn some_of_everything(site: &Site) -> (Visitor, Agent) {
    let stranger = Target::visitor(&site.ws_url, &site.id, "elsewhere.example", Codec::Json);
    assert!(Visitor::enter(&stranger).await.is_err(), "its page is not one of the site's");
    let (visitor, agent, _) = site.talking(Codec::Json).await;
    (visitor, agent)
}

/// The longest runs of such letters.
fn words(text: &str, is_of_it: impl Fn(char) -> bool) -> BTreeSet<&str> {
    text.split(|letter| !is_of_it(letter)).filter(|word| !word.is_empty()).collect()
}

/// Every name under which something can be asked for, as `# TYPE` says.
fn names(metrics: &str) -> BTreeSet<String> {
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .flat_map(|(name, kind)| {
            let endings: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["", "_bucket", "_sum", "_count"],
                "info" => &["_info"],
                _ => &[""],
            };
            endings.iter().map(move |ending| format!("{name}{ending}"))
        })
        .collect()
}
