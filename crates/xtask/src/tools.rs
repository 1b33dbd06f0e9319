//! What the checks need beside Rust: looked for, installed if missing, and said so.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::run::run;

/// Debian packages, each with a file that shows it is there.
const PACKAGES: &[(&str, &[&str])] = &[
    ("chromium", &["/usr/bin/chromium"]),
    ("redis-server", &["/usr/bin/redis-server"]),
    ("postgresql", &["/usr/lib/postgresql/15/bin/initdb", "/usr/lib/postgresql/17/bin/initdb"]),
    ("nodejs", &["/usr/bin/node", "/usr/local/bin/node"]),
    ("npm", &["/usr/bin/npm", "/usr/local/bin/npm"]),
    ("openssl", &["/usr/bin/openssl"]),
    ("valgrind", &["/usr/bin/valgrind"]),
];

/// Installs what is missing; fails with the remedy where it cannot.
pub fn install() -> Result<()> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(name, files)| !is_there(name, files))
        .map(|(name, _)| *name)
        .collect();
    if !missing.is_empty() {
        println!("installing by apt-get: {}", missing.join(" "));
        if !is_root() {
            bail!("run once as root: apt-get install -y {}", missing.join(" "));
        }
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        run(Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    println!("installing by npm: what package-lock.json names");
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--loglevel=error"]))
}

fn is_there(name: &str, files: &[&str]) -> bool {
    let on_path = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|dir| dir.join(program(name)).exists())
    });
    on_path || files.iter().any(|file| Path::new(file).exists())
}

fn program(package: &str) -> &str {
    match package {
        "nodejs" => "node",
        // Its programs stand outside the path.
        "postgresql" => "postgresql-is-not-a-program",
        other => other,
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
