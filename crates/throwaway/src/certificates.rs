//! Certificates for one test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A server's certificate and key, made by `openssl` in a folder of their own, and who vouches for them.
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// For a server at this address; an authority that nobody knows vouches for it.
    pub fn for_address(address: &str) -> Self {
        let certificates = Self::nothing();
        let folder = certificates.folder.path();
        let authority = ["-subj", "/CN=Nobody knows us", "-keyout", "ca.key", "-out", "ca.pem"];
        make(folder, &authority, "CA:TRUE");
        let address = format!("subjectAltName=IP:{address}");
        let server = ["-subj", "/CN=server", "-CA", "ca.pem", "-CAkey", "ca.key"];
        let files = ["-keyout", "server.key", "-out", "server.pem", "-addext", &address];
        make(folder, &[&server[..], &files].concat(), "CA:FALSE");
        certificates
    }

    /// For a server at this address that vouches for itself, as the simplest command makes it; or so that
    /// everybody takes it.
    pub fn of_itself(address: &str, is_authority: bool) -> Self {
        let certificates = Self::nothing();
        let address = format!("subjectAltName=IP:{address}");
        let server = ["-subj", "/CN=server", "-addext", &address];
        let files = ["-keyout", "server.key", "-out", "server.pem"];
        let kind = if is_authority { "CA:TRUE" } else { "CA:FALSE" };
        let folder = certificates.folder.path();
        make(folder, &[&server[..], &files].concat(), kind);
        std::fs::copy(folder.join("server.pem"), folder.join("ca.pem")).expect("room for a copy");
        certificates
    }

    fn nothing() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Who vouches for the server.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What the server shows.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// What only the server has.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }
}

fn make(folder: &Path, what: &[&str], kind: &str) {
    let kind = format!("basicConstraints=critical,{kind}");
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-days", "2"]).args(curve).args(what).args(["-addext", &kind]);
    let output = command.current_dir(folder).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("openssl cannot be started: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl: {}\n{said}", output.status);
}
