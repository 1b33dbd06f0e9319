//! A Redis on a network that others can listen to.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod nodes;

use nodes::{Node, hear_each_other};
use throwaway::{Certificates, Redis, RedisCluster};

const ADDRESS: &str = "127.0.0.1";

#[tokio::test]
async fn nodes_hear_each_other_through_tls_alone() {
    let certificates = Certificates::for_address(ADDRESS);
    let redis = Redis::start_with_tls(&certificates).await;
    let port = redis.tls_port().unwrap();
    let roots = certificates.authority().display().to_string();
    let url = format!("rediss://{ADDRESS}:{port}/0?sslrootcert={roots}");
    let (a, mut b) = (Node::connected(&url).await, Node::connected(&url).await);
    b.join(7).await;
    hear_each_other(&a, &mut b, 7).await;
}

#[tokio::test]
async fn a_cluster_can_be_spoken_to_with_tls() {
    let certificates = Certificates::for_address(ADDRESS);
    let cluster = RedisCluster::start_with_tls(3, &certificates).await;
    let roots = certificates.authority().display().to_string();
    let url = format!("{}?sslrootcert={roots}", cluster.tls_url());
    let (a, mut b) = (Node::connected(&url).await, Node::connected(&url).await);
    for n in 1..9 {
        b.join(n).await;
        hear_each_other(&a, &mut b, n).await;
    }
}
