//! A database on a network that others can listen to, and answer on.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::sync::Arc;

use store::conformance::{SITE, begin, start};
use store::{Inbox as _, PostgresStore, Store};
use throwaway::{Certificates, Postgres};

const ADDRESS: &str = "127.0.0.1";

/// Whether the connections of one name are encrypted: `t` or `f`, or both.
async fn encryption(server: &Postgres, name: &str) -> String {
    let ours = format!(
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = '{name}'"
    );
    server.sql("postgres", &ours).await
}

fn rooted(certificates: &Certificates) -> String {
    format!("sslrootcert={}", certificates.authority().display())
}

/// What a person reads when the address gets these options.
async fn refusal(url: &str, options: &str) -> String {
    PostgresStore::open(&format!("{url}?{options}")).await.err().unwrap().to_string()
}

#[tokio::test]
async fn a_connection_is_encrypted_where_the_address_or_the_server_wants_it() {
    let ours = Certificates::for_address(ADDRESS);
    let server = Postgres::start_with_tls(&ours).await;
    let url = server.fresh_database().await;
    let full = format!("sslmode=verify-full&{}", rooted(&ours));
    let table = [("", "t"), ("sslmode=disable", "f"), ("sslmode=require", "t"), (&full, "t")];
    for (n, (options, encrypted)) in (1..).zip(table) {
        let url = format!("{url}?application_name=of_{n}&{options}");
        let store = Arc::new(PostgresStore::open(&url).await.unwrap());
        // They connect when they have something to do: who writes, who reads, who indexes.
        let stored: Arc<dyn Store> = store.clone();
        begin(&stored, start(n, 1000)).await;
        store.open_counts(SITE).await.unwrap();
        store.index_now().await.unwrap();
        assert_eq!(encryption(&server, &format!("of_{n}")).await, encrypted, "{options}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_refused_with_a_remedy() {
    let (ours, others) = (Certificates::for_address(ADDRESS), Certificates::for_address(ADDRESS));
    let server = Postgres::start_with_tls(&ours).await;
    let url = server.fresh_database().await;
    let by_name = url.replace(ADDRESS, "localhost");
    let full = |who: &Certificates| format!("sslmode=verify-full&{}", rooted(who));
    for (url, options, remedy) in [
        (&url, full(&others), "sslrootcert=FILE"),
        (&url, "sslmode=verify-full".into(), "sslrootcert=FILE"),
        (&url, format!("sslmode=require&{}", rooted(&others)), "sslrootcert=FILE"),
        (&by_name, full(&ours), "sslmode=verify-ca"),
    ] {
        let said = refusal(url, &options).await;
        assert!(said.contains("certificate") && said.contains(remedy), "{options}: {said}");
    }
    // Who it is said to be does not matter here, only who vouches for it.
    let by_name = format!("{by_name}?sslmode=verify-ca&{}", rooted(&ours));
    PostgresStore::open(&by_name).await.unwrap();
}

#[tokio::test]
async fn a_server_that_vouches_for_itself_is_trusted_when_it_is_named() {
    for (is_authority, remedy) in [(false, None), (true, Some("CA:FALSE"))] {
        let ours = Certificates::of_itself(ADDRESS, is_authority);
        let server = Postgres::start_with_tls(&ours).await;
        let url = format!("{}?{}", server.fresh_database().await, rooted(&ours));
        let said = PostgresStore::open(&url).await.err().map(|error| error.to_string());
        let as_expected = match (&said, remedy) {
            (Some(said), Some(remedy)) => said.contains(remedy),
            (said, remedy) => said.is_none() && remedy.is_none(),
        };
        assert!(as_expected, "{said:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_if_it_is_required() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let said = refusal(&url, "sslmode=require").await;
    assert!(said.contains("sslmode=disable"), "{said}");
}
