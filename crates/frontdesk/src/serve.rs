//! The server, from its first line of log to its last.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fanout::FanoutMetrics;
use gateway::{Credentials, Gateway, GatewayMetrics};
use hub::{Hub, HubMetrics, SystemClock};
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::health::Parts;
use crate::home::{Claimed, Opened};
use crate::signals::Signals;
use crate::{logs, memory, observe, open_files, others, routes, welcome};

/// Connections that may wait to be accepted: a crowd that returns after a fall. The system may allow less.
const BACKLOG: u32 = 4096;
/// From the signal until the last HTTP request is given up. The contract leaves 10 s for everything.
const EMPTY_WITHIN: Duration = Duration::from_millis(9400);
/// What closing the store may take after that.
const CLOSE_WITHIN: Duration = Duration::from_millis(400);

/// Serves until asked to stop.
pub fn run(config: Config) -> Result<()> {
    logs::start(&config);
    let Config { home, listen, node, console_origins, limits, .. } = &config;
    let redis = config.redis.as_ref().map_or("none".to_owned(), ToString::to_string);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %listen,
        store = %home,
        redis,
        node,
        console_origins = console_origins.join(","),
        commands_per_second = limits.commands_per_second,
        commands_burst = limits.commands_burst,
        connections_per_second = limits.connections_per_second,
        connections_unfinished = limits.connections_unfinished,
        starts_per_minute = limits.starts_per_minute,
        log = ?config.log,
        log_filter = %config.log_filter,
        "starting"
    );
    open_files::raise();
    let claimed = home.claim()?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(&config, &claimed));
    // Work that nobody waits for any more does not hold up the exit.
    runtime.shutdown_background();
    outcome
}

async fn serve(config: &Config, claimed: &Claimed) -> Result<()> {
    let mut signals = Signals::keep()?;
    let opened = config.home.open(claimed).await?;
    let listener = listen(config.listen)?;
    let address = listener.local_addr()?;
    let Node { gateway, stop, serving } = Node::start(config, &opened, listener).await?;
    welcome::people(&*opened.store, address).await?;
    tokio::spawn(memory::give_back_when_quiet());
    say_ready(address)?;

    let mut serving = serving;
    let signal = tokio::select! {
        signal = signals.next() => signal,
        // It ends when it is told to, and otherwise only by a panic.
        _ = &mut serving => bail!("the accept loop ended by itself; the log says why"),
    };
    tracing::info!(signal, connections = gateway.connections(), "stopping");
    signals.exit_at_the_next();
    let empty_by = Instant::now() + EMPTY_WITHIN;
    // `/readyz` still answers, and says no, while sockets are sent away.
    gateway.drain().await;
    stop.cancel();
    if timeout_at(empty_by, serving).await.is_err() {
        tracing::warn!("gave up HTTP requests that did not end in time");
    }
    if timeout(CLOSE_WITHIN, opened.closer.close()).await.is_err() {
        tracing::warn!(
            "the store did not close in time; what was answered is on disk all the same"
        );
    }
    tracing::info!("stopped");
    Ok(())
}

/// What runs until it is stopped.
struct Node {
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Node {
    async fn start(config: &Config, opened: &Opened, listener: TcpListener) -> Result<Self> {
        let store = opened.store.clone();
        let credentials = Credentials::new(store.secret().await?);
        let (hub_metrics, gateway_metrics) = (HubMetrics::default(), GatewayMetrics::default());
        let fanout_metrics = FanoutMetrics::default();
        let fanout = others::fanout(config, &fanout_metrics);
        let mut registry = observe::registry(&config.node);
        register(&mut registry, opened, &hub_metrics, &gateway_metrics);
        if config.home.is_shared() {
            fanout_metrics.register(registry.sub_registry_with_prefix("frontdesk"));
        }
        let settings = hub::Settings {
            starts_per_minute: config.limits.starts_per_minute,
            ..hub::Settings::default()
        };
        let clock = Arc::new(SystemClock);
        let hub = Hub::new(store.clone(), fanout.clone(), clock, settings, hub_metrics);
        let settings = gateway_settings(config);
        let gateway = Gateway::new(hub, store.clone(), credentials, settings, gateway_metrics);
        let parts = Parts { store, gateway: gateway.clone(), fanout };
        let router = routes::routes(parts, registry);
        let stop = CancellationToken::new();
        let serving = gateway::serve(listener, router, gateway.clone(), stop.clone());
        Ok(Self { gateway, stop, serving: tokio::spawn(serving) })
    }
}

fn gateway_settings(config: &Config) -> gateway::Settings {
    let (limits, defaults) = (config.limits, gateway::Settings::default());
    let unfinished = usize::try_from(limits.connections_unfinished).unwrap_or(usize::MAX);
    gateway::Settings {
        node: config.node.as_str().into(),
        console_origins: config.console_origins.clone(),
        commands_per_second: limits.commands_per_second,
        commands_burst: limits.commands_burst,
        connects_per_second: limits.connections_per_second,
        connects_burst: limits.connections_per_second.saturating_mul(2),
        unfinished_per_address_max: limits.connections_unfinished,
        // What one address may have, all together may have.
        unfinished_max: defaults.unfinished_max.max(unfinished),
        ..defaults
    }
}

fn register(
    registry: &mut Registry,
    opened: &Opened,
    hub_metrics: &HubMetrics,
    gateway_metrics: &GatewayMetrics,
) {
    let registry = registry.sub_registry_with_prefix("frontdesk");
    opened.closer.register(registry);
    hub_metrics.register(registry);
    gateway_metrics.register(registry);
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for connections of before to be forgotten.
    socket.set_reuseaddr(true)?;
    let listener = socket.bind(address).and_then(|()| socket.listen(BACKLOG));
    listener.with_context(|| {
        format!("--listen {address}: cannot listen there; is another program on this port?")
    })
}

/// The one line on standard output, for whoever waits for it.
fn say_ready(address: SocketAddr) -> Result<()> {
    tracing::info!(%address, "ready");
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "frontdesk ready on http://{address}")
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn one_address_may_have_as_many_unfinished_connections_as_it_is_promised() {
        let unfinished_max = |flags: &[&str]| {
            let words = ["frontdesk"].iter().chain(flags);
            let config = Config::from_arguments(Arguments::parse_from(words).serve).unwrap();
            gateway_settings(&config).unfinished_max
        };
        let default = gateway::Settings::default().unfinished_max;
        assert_eq!(unfinished_max(&["--connections-unfinished", "5"]), default);
        assert_eq!(unfinished_max(&["--connections-unfinished", "100000"]), 100_000);
    }
}
