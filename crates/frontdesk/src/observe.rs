//! `GET /metrics`: everything that is counted, and what the process costs.

use std::fmt;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use rustix::process::{Resource, getrlimit};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The kernel counts processor time in hundredths of a second for everybody.
const TICKS_PER_SECOND: f64 = 100.0;
const PAGE_BYTES: u64 = 4096;

/// The registry with what the process itself tells; the parts add theirs under `frontdesk_`.
pub fn registry(node: &str) -> Registry {
    let mut registry = Registry::default();
    let labels = vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("node", node.to_owned())];
    registry.register("frontdesk_build", "What this is", Info::new(labels));
    registry.register_collector(Box::new(Process { started: Instant::now() }));
    registry
}

/// Answers in the form that was asked for; the two differ in little but their name.
pub async fn metrics(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    let accepted = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let form = if accepted.contains("openmetrics") { OPEN_METRICS } else { PROMETHEUS };
    // Looking at /proc can take a while with many open files.
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        encode(&mut text, &registry).map(|()| text)
    });
    match text.await {
        Ok(Ok(text)) => ([(CONTENT_TYPE, form), (CACHE_CONTROL, "no-store")], text).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the process costs, read anew each time. What the system does not tell is left out.
#[derive(Debug)]
struct Process {
    started: Instant,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let uptime = self.started.elapsed().as_secs_f64();
        let help = "Since this process started";
        gauge(encoder, "frontdesk_uptime", help, Some(Unit::Seconds), uptime)?;
        memory(encoder)?;
        files(encoder)?;
        processor(encoder)
    }
}

fn memory(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = statm.split_whitespace().map_while(|field| field.parse::<u64>().ok());
    let (Some(whole), Some(resident)) = (pages.next(), pages.next()) else { return Ok(()) };
    for (name, help, pages) in [
        ("process_resident_memory", "Memory in use", resident),
        ("process_virtual_memory", "Memory mapped", whole),
    ] {
        gauge(encoder, name, help, Some(Unit::Bytes), (pages * PAGE_BYTES) as f64)?;
    }
    Ok(())
}

fn files(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    if let Some(open) = open_files() {
        gauge(encoder, "process_open_fds", "Files and sockets open", None, open as f64)?;
    }
    if let Some(limit) = getrlimit(Resource::Nofile).current {
        gauge(encoder, "process_max_fds", "Files and sockets allowed", None, limit as f64)?;
    }
    Ok(())
}

fn processor(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Some(seconds) = processor_seconds() else { return Ok(()) };
    let counter = ConstCounter::new(seconds);
    let (help, unit) = ("Processor time, user and system", Unit::Seconds);
    let descriptor =
        encoder.encode_descriptor("process_cpu", help, Some(&unit), counter.metric_type())?;
    counter.encode(descriptor)
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<Unit>,
    value: f64,
) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    let descriptor = encoder.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?;
    gauge.encode(descriptor)
}

/// Newer kernels tell the number as the folder's size; older ones make us count.
fn open_files() -> Option<u64> {
    match fs::metadata("/proc/self/fd").ok()?.len() {
        0 => Some(fs::read_dir("/proc/self/fd").ok()?.count() as u64),
        open => Some(open),
    }
}

/// User and system time: the 14th and 15th field, counted from behind the name, which may hold spaces.
fn processor_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let mut ticks = fields.map_while(|field| field.parse::<f64>().ok());
    Some((ticks.next()? + ticks.next()?) / TICKS_PER_SECOND)
}
