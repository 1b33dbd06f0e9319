//! The server under test: what `FRONTDESK_BIN` names, or one that is built now.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The binary.
///
/// # Panics
/// If there is none and none can be built: a test without a server is a failure, never a pass.
pub fn frontdesk() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("FRONTDESK_BIN").map_or_else(build, named)).clone()
}

fn named(path: std::ffi::OsString) -> PathBuf {
    let path = PathBuf::from(path);
    assert!(path.is_file(), "FRONTDESK_BIN={} is not a file", path.display());
    path
}

fn build() -> PathBuf {
    let folder = profile_folder();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "-j2", "--package", "frontdesk"]);
    if folder.ends_with("release") {
        command.arg("--release");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = command.current_dir(root).status().expect("cargo can be started");
    assert!(status.success(), "cargo build --package frontdesk: {status}");
    let binary = folder.join("frontdesk");
    assert!(binary.is_file(), "{} was not built", binary.display());
    binary
}

/// `target/debug` or `target/release`: the folder above the one that this test lies in.
fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let folder = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
    folder.to_owned()
}
