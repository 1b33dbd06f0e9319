//! Whether a server is the one that it says it is.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::Proof;
use crate::PostgresError;

/// Asks for as much proof as the address does, where libraries know all or nothing. That the server has
/// the key of the certificate that it shows is always proved.
#[derive(Debug)]
pub(super) struct Judge {
    /// Who judges certificates, if anybody does.
    certificates: Option<Arc<WebPkiServerVerifier>>,
    proof: Proof,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Judge {
    /// Against whoever only listens; not against whoever answers in the server's place.
    pub(super) fn of_nothing(provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { certificates: None, proof: Proof::Nothing, algorithms }
    }

    pub(super) fn by(
        roots: RootCertStore,
        proof: Proof,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, PostgresError> {
        let judge =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        let judge = judge.map_err(|error| PostgresError::Other(error.to_string()))?;
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { certificates: Some(judge), proof, algorithms })
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(judge) = &self.certificates else { return Ok(ServerCertVerified::assertion()) };
        match judge.verify_server_cert(certificate, between, name, ocsp, now) {
            // The name is looked at last, so all the rest is in order.
            Err(error) if self.proof == Proof::Certificate && is_about_the_name(&error) => {
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn is_about_the_name(error: &Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    matches!(error, Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
}
