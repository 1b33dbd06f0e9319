//! A connection that has been let in, and its place among all others until it is gone.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use tokio::time::Instant;

use crate::Settings;
use crate::metrics::GatewayMetrics;
use crate::throttle::{Addresses, Rate};

/// Who is in, and how many more may come.
pub(crate) struct Admission {
    connections_max: usize,
    unfinished_max: usize,
    connections: AtomicUsize,
    unfinished: AtomicUsize,
    addresses: Addresses,
    metrics: GatewayMetrics,
}

/// One connection's place. It travels with the socket through the upgrade; dropping it gives it back.
pub(crate) struct Arrival {
    pub at: Instant,
    pub from: IpAddr,
    admission: Arc<Admission>,
    finished: AtomicBool,
    asked_before: AtomicBool,
}

impl Admission {
    pub fn new(settings: &Settings, metrics: GatewayMetrics) -> Arc<Self> {
        let rate = Rate::new(settings.connects_per_second, settings.connects_burst);
        Arc::new(Self {
            connections_max: settings.connections_max,
            unfinished_max: settings.unfinished_max,
            connections: AtomicUsize::new(0),
            unfinished: AtomicUsize::new(0),
            addresses: Addresses::new(rate, settings.unfinished_per_address_max),
            metrics,
        })
    }

    /// Lets a connection in, or says why not. `now` is the coarse clock's.
    pub fn admit(self: &Arc<Self>, from: IpAddr, now: u64) -> Result<Arrival, &'static str> {
        if self.connections.load(Relaxed) >= self.connections_max {
            return Err("connections_max");
        }
        if self.unfinished.load(Relaxed) >= self.unfinished_max {
            return Err("unfinished_max");
        }
        if !self.addresses.admit(from, now) {
            return Err("address");
        }
        self.connections.fetch_add(1, Relaxed);
        self.unfinished.fetch_add(1, Relaxed);
        self.metrics.connections_open.inc();
        let (finished, asked_before) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Arrival { at: Instant::now(), from, admission: self.clone(), finished, asked_before })
    }
}

impl Arrival {
    /// From when its time to say `hello` counts: the first request counts from the accepted
    /// connection, later ones on a kept-alive connection from now.
    pub fn began(&self) -> Instant {
        if self.asked_before.swap(true, Relaxed) { Instant::now() } else { self.at }
    }

    /// It has said who it is.
    pub fn finished(&self) {
        if !self.finished.swap(true, Relaxed) {
            self.admission.unfinished.fetch_sub(1, Relaxed);
            self.admission.addresses.finished(self.from);
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.finished();
        self.admission.connections.fetch_sub(1, Relaxed);
        self.admission.metrics.connections_open.dec();
    }
}
