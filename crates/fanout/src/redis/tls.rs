//! TLS to Redis: who may vouch for a server, and what a person can do when nobody does.

use ::redis::{ConnectionAddr, ConnectionInfo, RedisError, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::address::{Unreadable, percent_decoded};

/// Who may vouch for the servers: those in a file, or else whom the system trusts.
pub(super) fn certificates(file: Option<&str>) -> Result<TlsCertificates, Unreadable> {
    let root_cert = match file {
        Some(path) => Some(read(&percent_decoded(path).ok_or(Unreadable::Form)?)?),
        None => None,
    };
    Ok(TlsCertificates { client_tls: None, root_cert })
}

fn read(path: &str) -> Result<Vec<u8>, Unreadable> {
    let unusable = |reason: String| Unreadable::Roots { path: path.into(), reason };
    let text = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(some) if !some.is_empty() => Ok(text),
        Ok(_) => Err(unusable("there is no certificate in it".into())),
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// The same server, spoken to with TLS.
pub(super) fn with_tls(server: &ConnectionInfo) -> ConnectionInfo {
    match server.addr().clone() {
        ConnectionAddr::Tcp(host, port) => {
            let (insecure, tls_params) = (false, None);
            let address = ConnectionAddr::TcpTls { host, port, insecure, tls_params };
            server.clone().set_addr(address)
        }
        _ => server.clone(),
    }
}

/// What went wrong, and what a person can do if it was TLS. By its words: the client library shows no more.
pub(super) fn in_words(error: &RedisError) -> String {
    let error = error.to_string();
    let remedy = REMEDIES.iter().find(|(sign, _)| error.contains(sign));
    remedy.map_or(error.clone(), |(_, remedy)| format!("{error}; {remedy}"))
}

const NAME_WHO_VOUCHES: &str = "nobody whom we trust vouches for its certificate: name a file with the \
                                certificate of whoever does, with ?sslrootcert=FILE";

const REMEDIES: [(&str, &str); 5] = [
    ("UnknownIssuer", NAME_WHO_VOUCHES),
    // Somebody of the same name, with another key.
    ("BadSignature", NAME_WHO_VOUCHES),
    ("certificate not valid for name", "connect by a name that stands in its certificate"),
    ("certificate expired", "renew its certificate"),
    (
        "CaUsedAsEndEntity",
        "a certificate that signs itself has to be made with basicConstraints=CA:FALSE",
    ),
];

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use throwaway::{Certificates, Redis};

    use super::super::address::RedisAddress;
    use super::super::connection::Connection;
    use super::*;

    const ADDRESS: &str = "127.0.0.1";

    /// What a person reads when a line to this address cannot be opened.
    async fn refusal(address: &str) -> String {
        let address: RedisAddress = address.parse().unwrap();
        let silent = |_: ::redis::PushInfo| Ok::<(), Infallible>(());
        in_words(&Connection::open(&address, silent).await.err().unwrap())
    }

    #[tokio::test]
    async fn a_server_that_cannot_prove_who_it_is_is_refused_with_a_remedy() {
        let ours = Certificates::for_address(ADDRESS);
        let others = Certificates::for_address(ADDRESS);
        let itself = Certificates::of_itself(ADDRESS, true);
        let (redis, odd) =
            (Redis::start_with_tls(&ours).await, Redis::start_with_tls(&itself).await);
        let (port, odd_port) = (redis.tls_port().unwrap(), odd.tls_port().unwrap());
        let roots = |who: &Certificates| format!("?sslrootcert={}", who.authority().display());
        for (address, remedy) in [
            (format!("rediss://{ADDRESS}:{port}"), "sslrootcert=FILE"),
            (format!("rediss://{ADDRESS}:{port}{}", roots(&others)), "sslrootcert=FILE"),
            (format!("rediss://localhost:{port}{}", roots(&ours)), "name that stands in"),
            (format!("rediss://{ADDRESS}:{odd_port}{}", roots(&itself)), "CA:FALSE"),
        ] {
            let said = refusal(&address).await;
            assert!(said.contains(remedy), "{address}: {said}");
        }
    }
}
