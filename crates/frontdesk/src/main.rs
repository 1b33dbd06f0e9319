//! The binary: reads its configuration, wires store, hub and gateway together, and stops cleanly.
//!
//! Start with `serve.rs`, which runs in the order it is written. `arguments.rs` is what can be said,
//! `config.rs` and `check.rs` what is accepted; `admin.rs` are the commands beside a running server, `moving.rs` those
//! that move a site to another database;
//! `routes.rs` is everything over HTTP that is not a socket; `welcome.rs` is what people read first.
//!
//! Never here: rules about conversations, wire frames, SQL.
//! Exit codes: 0 for a clean end, 1 for a failure, 2 for something that was asked wrongly.

mod accounts;
mod admin;
mod arguments;
mod check;
mod config;
mod embedded;
mod folder;
mod health;
mod home;
mod limits;
mod logs;
mod memory;
mod moving;
mod observe;
mod open_files;
mod others;
mod routes;
mod serve;
mod signals;
mod welcome;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};
use config::{Config, Unusable};

fn main() -> ExitCode {
    memory::keep_heaps_few();
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in format!("{error:#}").lines() {
                eprintln!("error: {line}");
            }
            ExitCode::from(if error.is::<Unusable>() { 2 } else { 1 })
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        None => serve::run(Config::from_arguments(arguments.serve)?),
        Some(Command::Serve(serve)) => serve::run(Config::from_arguments(serve)?),
        Some(Command::Site(command)) => admin::site(command),
        Some(Command::Agent(command)) => admin::agent(command),
        Some(Command::Token(command)) => admin::token(command),
        Some(Command::Export(command)) => moving::export(command),
        Some(Command::Import(command)) => moving::import(command),
    }
}
