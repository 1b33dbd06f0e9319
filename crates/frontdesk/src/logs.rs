//! The log: to standard error, as text or JSON. Secrets never reach it: tokens, codes and passwords are
//! in no type that can be printed.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;

use tracing_subscriber::fmt::layer;
use tracing_subscriber::prelude::*;

use crate::arguments::LogFormat;
use crate::config::Config;

/// From here on everything is logged, panics included.
pub fn start(config: &Config) {
    let registry = tracing_subscriber::registry().with(config.log_filter.clone());
    match config.log {
        LogFormat::Text => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            registry.with(layer().with_ansi(colour).with_writer(std::io::stderr)).init();
        }
        LogFormat::Json => {
            registry.with(layer().json().flatten_event(true).with_writer(std::io::stderr)).init();
        }
    }
    std::panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        tracing::error!(said, place, thread, %trace, "panic");
    } else {
        tracing::error!(said, place, thread, "panic");
    }
}
