//! One connection, one task: what wakes it, what it does then, how it ends.
//!
//! Its task sleeps until the socket can be read or written, something waits in the outbox, or the
//! ticker finds it due. Then it writes what waits, reads what has come, and sleeps again. Anything
//! that takes time runs elsewhere and answers through the outbox.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use protocol::Codec;

use crate::Gateway;
use crate::arrival::Arrival;
use crate::asked::Pending;
use crate::farewell::End;
use crate::hello::Door;
use crate::metrics::RoleLabel;
use crate::outbox::{Item, Outbox};
use crate::session::Session;
use crate::socket::Socket;
use crate::throttle::Bucket;
use crate::ticker::{Millis, NEVER, millis};

pub(crate) struct Connection {
    pub gateway: Arc<Gateway>,
    /// Its place among all; given back when it is gone.
    pub arrival: Arc<Arrival>,
    pub socket: Socket,
    pub codec: Codec,
    pub stage: Stage,
    pub outbox: Arc<Outbox>,
    /// Taken from the outbox and not written yet.
    pub waiting: VecDeque<Item>,
    /// Some bytes have not reached the operating system.
    pub unflushed: bool,
    pub pending: Pending,
    pub excess: Excess,
    pub times: Times,
}

/// How far somebody has got.
pub(crate) enum Stage {
    /// Has not said who it is.
    Stranger(Door),
    Present(Session),
    /// Has left the hub; only goodbyes are left.
    Gone,
}

/// What a client does too much of.
#[derive(Default)]
pub(crate) struct Excess {
    pub commands: Bucket,
    pub controls: Bucket,
    /// Commands refused as too fast, in a row.
    pub refused: u32,
    pub bad_frames: u32,
}

/// When things happened, and when they must.
pub(crate) struct Times {
    /// When it ends if nothing changes: no `hello` by then, or the token is no good any more.
    pub ends: Millis,
    /// The client's last sign of life, and the bytes read by then.
    heard: (Millis, u64),
    pinged: Millis,
    /// Since when no byte could be written, and the bytes written by then.
    pub stalled: Option<(Millis, u64)>,
    draining: Option<Millis>,
}

/// Serves a connection to its end. The future holds the connection once and nothing else: it is what an
/// idle connection costs.
pub(crate) fn serve(
    gateway: Arc<Gateway>,
    socket: Socket,
    codec: Codec,
    door: Door,
    arrival: Arc<Arrival>,
) -> impl Future<Output = ()> {
    let mut connection = Connection::new(gateway, socket, codec, door, arrival);
    async move {
        let end = poll_fn(|context| connection.poll_end(context)).await;
        // Boxed: goodbyes are short, and their state must not weigh on every idle connection.
        Box::pin(connection.farewell(end)).await;
    }
}

impl Connection {
    fn new(
        gateway: Arc<Gateway>,
        socket: Socket,
        codec: Codec,
        door: Door,
        arrival: Arc<Arrival>,
    ) -> Self {
        let outbox = Outbox::new(gateway.settings.outbox_bytes_max);
        gateway.ticker.add(outbox.clone());
        let began = gateway.ticker.at(arrival.began());
        let now = gateway.ticker.now();
        // Noticed within a tick, and never late.
        let hello_within = gateway.settings.hello_within.saturating_sub(gateway.settings.tick);
        let ends = began + millis(hello_within);
        let times = Times { ends, heard: (now, 0), pinged: now, stalled: None, draining: None };
        Self {
            gateway,
            arrival,
            socket,
            codec,
            stage: Stage::Stranger(door),
            outbox,
            waiting: VecDeque::new(),
            unflushed: false,
            pending: Pending::default(),
            excess: Excess::default(),
            times,
        }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<End> {
        // First: whatever comes from now on wakes this task again.
        self.outbox.register(context.waker());
        match self.step(context) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    fn step(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        loop {
            let now = self.gateway.ticker.now();
            self.look_at_the_clock(now)?;
            self.write(context, now)?;
            if !self.read(context, now)? {
                self.outbox.wake_at(self.due(now));
                return Ok(());
            }
        }
    }

    fn look_at_the_clock(&mut self, now: Millis) -> Result<(), End> {
        let settings = &self.gateway.settings;
        let read = self.socket.raw().read;
        if read != self.times.heard.1 {
            self.times.heard = (now, read);
        }
        if now >= self.times.ends && !planted::is_on(planted::Defect::ExpiryIgnored) {
            return Err(match self.stage {
                Stage::Present(_) => End::Unauthorized,
                Stage::Stranger(_) | Stage::Gone => End::Idle,
            });
        }
        if now >= self.times.heard.0 + silence(settings) {
            return Err(End::Idle);
        }
        if now >= self.times.pinged + millis(settings.ping_every) {
            self.times.pinged = now;
            self.waiting.push_back(Item::Ping);
        }
        self.notice_a_stall(now)?;
        self.answer_overdue(now);
        self.notice_draining(now)
    }

    fn notice_a_stall(&mut self, now: Millis) -> Result<(), End> {
        let Some((since, written_then)) = self.times.stalled else { return Ok(()) };
        let written = self.socket.raw().written;
        if written != written_then {
            self.times.stalled = Some((now, written));
        } else if now >= since + millis(self.gateway.settings.stalled_max) {
            return Err(End::TooSlow);
        }
        Ok(())
    }

    fn notice_draining(&mut self, now: Millis) -> Result<(), End> {
        if !self.gateway.is_draining() {
            return Ok(());
        }
        let since = *self.times.draining.get_or_insert(now);
        let all_answered = self.pending.len() == 0 && self.waiting.is_empty();
        if all_answered || now >= since + millis(self.gateway.settings.drain_commands_within) {
            return Err(End::GoingAway);
        }
        Ok(())
    }

    /// Whether it is on its way out and reads nothing more.
    pub fn is_draining(&self) -> bool {
        self.times.draining.is_some()
    }

    /// When the clock has to be looked at again.
    fn due(&self, now: Millis) -> Millis {
        let settings = &self.gateway.settings;
        let Times { ends, heard, pinged, stalled, draining } = &self.times;
        let answer = self.pending.since().map(|at| at + millis(settings.answer_within));
        let stall = stalled.map(|(since, _)| since + millis(settings.stalled_max));
        let drain = draining.map(|_| now + 1);
        let silence = heard.0 + silence(settings);
        let ping = pinged + millis(settings.ping_every);
        let others = [answer, stall, drain].into_iter().flatten().min().unwrap_or(NEVER);
        (*ends).min(silence).min(ping).min(others)
    }

    /// Leaves the hub; what was begun for it is undone or finds nobody.
    pub fn leave(&mut self) {
        for left in self.outbox.close().into_iter().chain(mem::take(&mut self.waiting)) {
            self.forget(left);
        }
        if let Stage::Present(_) = mem::replace(&mut self.stage, Stage::Gone) {
            let role = self.role();
            self.gateway.metrics.present.get_or_create(&RoleLabel { role }).dec();
        }
    }
}

/// How long nothing may be heard. The coarse clock may be a tick behind, and nobody is closed early.
fn silence(settings: &crate::Settings) -> Millis {
    millis(settings.silence_max) + millis(settings.tick)
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.leave();
        let socket = self.socket.raw();
        self.gateway.metrics.bytes_in.inc_by(socket.read);
        self.gateway.metrics.bytes_out.inc_by(socket.written);
    }
}
