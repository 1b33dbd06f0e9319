//! TLS to the database, with the words that PostgreSQL's own clients use: `sslmode` says whether, and what
//! the server has to prove; `sslrootcert` is who may vouch for it. Names are checked where the word says so.

mod judge;

use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresError;
use judge::Judge;

/// Makes the encrypted side of every connection.
pub(super) type Connector = MakeRustlsConnect;

/// What an address says about TLS.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wish {
    mode: Option<Mode>,
    roots: Option<Roots>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Disable,
    /// If the server offers it.
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Who may vouch for a server.
#[derive(Debug, PartialEq)]
enum Roots {
    System,
    File(PathBuf),
}

/// What a server has to prove.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Proof {
    Nothing,
    /// Somebody whom we trust vouches for its certificate.
    Certificate,
    /// And the certificate is for the name that we connect to.
    Name,
}

impl Wish {
    /// Takes what is about TLS out of an address; the rest is the driver's.
    pub(super) fn take_from(url: &str) -> Result<(String, Self), PostgresError> {
        let mut wish = Self::default();
        let after_login = url.find('@').unwrap_or(0);
        let Some(mark) = url[after_login..].find('?').map(|at| after_login + at) else {
            return Ok((url.into(), wish));
        };
        let mut rest = Vec::new();
        for option in url[mark + 1..].split('&') {
            match option.split_once('=') {
                Some(("sslmode", mode)) => wish.mode = Some(Mode::read(mode)?),
                Some(("sslrootcert", roots)) => wish.roots = Some(Roots::read(roots)?),
                _ => rest.push(option),
            }
        }
        let place = &url[..mark];
        let options = if rest.is_empty() { "".into() } else { format!("?{}", rest.join("&")) };
        Ok((format!("{place}{options}"), wish))
    }

    /// Whoever names who may vouch wants to know whom they talk to.
    fn mode(&self) -> Mode {
        let otherwise = if self.roots.is_some() { Mode::VerifyFull } else { Mode::Prefer };
        self.mode.unwrap_or(otherwise)
    }

    fn proof(&self) -> Proof {
        match (self.mode(), &self.roots) {
            (Mode::Disable, _) | (Mode::Prefer | Mode::Require, None) => Proof::Nothing,
            (Mode::Prefer | Mode::Require, Some(_)) | (Mode::VerifyCa, _) => Proof::Certificate,
            (Mode::VerifyFull, _) => Proof::Name,
        }
    }

    /// How the driver is to ask for it.
    pub(super) fn driver_mode(&self) -> SslMode {
        match self.mode() {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    /// Reads the certificates, now and not when it connects.
    pub(super) fn connector(&self) -> Result<Connector, PostgresError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let judge = match self.proof() {
            Proof::Nothing => Judge::of_nothing(&provider),
            proof => {
                let roots = self.roots.as_ref().unwrap_or(&Roots::System).load()?;
                Judge::by(roots, proof, &provider)?
            }
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| PostgresError::Other(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(judge))
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

impl Mode {
    fn read(word: &str) -> Result<Self, PostgresError> {
        match word {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(PostgresError::Address(
                "sslmode is one of disable, prefer, require, verify-ca, verify-full".into(),
            )),
        }
    }
}

impl Roots {
    fn read(text: &str) -> Result<Self, PostgresError> {
        let path = percent_decode_str(text).decode_utf8();
        let path = path.map_err(|_| PostgresError::Address("sslrootcert is no text".into()))?;
        Ok(if path == "system" { Self::System } else { Self::File(path.as_ref().into()) })
    }

    fn load(&self) -> Result<RootCertStore, PostgresError> {
        let mut store = RootCertStore::empty();
        match self {
            Self::System => {
                let found = rustls_native_certs::load_native_certs();
                store.add_parsable_certificates(found.certs);
            }
            Self::File(_) => {
                let unusable = |reason: String| self.unusable(&reason);
                for certificate in self.certificates()? {
                    store.add(certificate).map_err(|error| unusable(error.to_string()))?;
                }
            }
        }
        if store.is_empty() {
            Err(self.unusable("there is no certificate in it"))
        } else {
            Ok(store)
        }
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, PostgresError> {
        let Self::File(path) = self else { return Ok(vec![]) };
        let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        all.map_err(|error| self.unusable(&error.to_string()))
    }

    fn unusable(&self, reason: &str) -> PostgresError {
        let place = match self {
            Self::System => "the system's certificates (ca-certificates)".into(),
            Self::File(path) => path.display().to_string(),
        };
        PostgresError::Roots { place, reason: reason.into() }
    }
}

/// What a person can do about a failure of TLS, if it was one.
pub(super) fn remedy(error: &tokio_postgres::Error) -> Option<&'static str> {
    let source = std::error::Error::source(error)?;
    if source.to_string() == "server does not support TLS" {
        return Some("turn TLS on in the server (ssl = on), or say sslmode=disable");
    }
    let inside = source.downcast_ref::<std::io::Error>()?.get_ref()?;
    match inside.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(wrong) => Some(remedy_of_certificate(wrong)),
        _ => Some("check that the server speaks TLS 1.2 or 1.3, or say sslmode=disable"),
    }
}

fn remedy_of_certificate(wrong: &CertificateError) -> &'static str {
    use CertificateError as E;
    match wrong {
        E::UnknownIssuer | E::BadSignature => {
            "nobody whom we trust vouches for its certificate: name a file with the certificate of \
             whoever does, with sslrootcert=FILE"
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            "its certificate is for another name: connect by a name that stands in it, or say \
             sslmode=verify-ca"
        }
        E::Expired | E::ExpiredContext { .. } => "its certificate has expired: renew it",
        E::NotValidYet | E::NotValidYetContext { .. } => "check the clocks of both machines",
        _ => {
            "its certificate cannot be used: one that signs itself has to be made with \
             basicConstraints=CA:FALSE"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(options: &str) -> (String, Mode, Proof) {
        let (url, wish) = Wish::take_from(&format!("postgres://me:x@db/y{options}")).unwrap();
        (url.replace("postgres://me:x@db/y", ""), wish.mode(), wish.proof())
    }

    #[test]
    fn what_an_address_says_about_tls_means_what_it_means_to_others() {
        use {Mode::*, Proof::*};
        for (options, rest, mode, proof) in [
            ("", "", Prefer, Nothing),
            ("?sslmode=disable", "", Disable, Nothing),
            ("?sslmode=require", "", Require, Nothing),
            ("?sslmode=require&sslrootcert=a", "", Require, Certificate),
            ("?sslmode=verify-ca", "", VerifyCa, Certificate),
            ("?sslmode=verify-full", "", VerifyFull, Name),
            ("?sslrootcert=system", "", VerifyFull, Name),
            ("?a=b&sslmode=prefer&c=d", "?a=b&c=d", Prefer, Nothing),
        ] {
            assert_eq!(wish(options), (rest.into(), mode, proof), "{options}");
        }
    }

    #[test]
    fn a_file_is_named_as_addresses_write_it() {
        let url = "postgres://me:a?sslmode=x@db/y?sslrootcert=%2Fetc%2Fa%20b.pem";
        let (url, wish) = Wish::take_from(url).unwrap();
        assert_eq!(url, "postgres://me:a?sslmode=x@db/y");
        assert_eq!(wish.roots, Some(Roots::File("/etc/a b.pem".into())));
    }

    #[test]
    fn what_cannot_be_used_is_told_before_anybody_connects() {
        let said = |options: &str| {
            let wish = Wish::take_from(&format!("postgres://db/y?{options}"));
            wish.and_then(|(_, wish)| wish.connector()).err().unwrap().to_string()
        };
        assert!(said("sslmode=allow").contains("verify-full"));
        assert!(said("sslrootcert=/none/such").contains("/none/such"));
        assert!(said("sslrootcert=/dev/null").contains("no certificate"));
    }
}
