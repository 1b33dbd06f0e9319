//! Thousands of connections on one thread and one `epoll`, so that the generator costs less than what
//! it measures: no task, no timer and no allocation for a message that comes or goes.
//!
//! [`Crowd::dial`] begins a connection, [`Crowd::say`] sends a frame, [`Crowd::listen`] hears all until
//! a moment that is exact to microseconds. Pings are answered here. `line.rs` is one connection,
//! `framing.rs` the frames.
//!
//! Never here: what frames mean.

mod framing;
mod line;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use client::Target;
use client::raw::opcode;
use line::{Line, Stage, would_wait};
use rustix::event::{Timespec, epoll};

/// Connections from one address of ours: with more, the kernel's search for a port shows in figures.
pub const LINES_PER_ADDRESS: usize = 5_000;
const READ_BYTES: usize = 256 * 1024;
const EVENTS: usize = 512;

/// One connection, for as long as the crowd lives; never given to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineId(pub u32);

/// What has happened on a connection.
#[derive(Debug)]
pub enum Heard<'a> {
    /// The upgrade is done.
    Open,
    /// One data frame.
    Frame(&'a [u8]),
    /// It is over, and why; the last thing heard of it.
    Ended(&'a str),
}

/// Who listens to a crowd. The first error ends the run.
pub trait Ear {
    /// Something has happened.
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()>;

    /// Whether there is nothing more to wait for.
    fn has_heard_enough(&self) -> bool {
        false
    }
}

/// All connections of the generator.
pub struct Crowd {
    epoll: OwnedFd,
    lines: Vec<Option<Line>>,
    /// Which of our addresses comes first.
    first_address: usize,
    events: Vec<epoll::Event>,
    scratch: Vec<u8>,
    outgoing: Vec<u8>,
    /// When what is being heard was read.
    pub now: Instant,
    /// Frames read so far, and reads that brought them.
    pub frames: u64,
    pub reads: u64,
}

impl Crowd {
    /// Nobody yet.
    pub fn new() -> Result<Self> {
        Self::from_address(0)
    }

    /// The same, from other addresses of ours than those of a crowd with another number.
    pub fn from_address(first_address: usize) -> Result<Self> {
        Ok(Self {
            first_address,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).context("epoll")?,
            lines: Vec::new(),
            events: Vec::with_capacity(EVENTS),
            scratch: vec![0; READ_BYTES],
            outgoing: Vec::new(),
            now: Instant::now(),
            frames: 0,
            reads: 0,
        })
    }

    /// Begins a connection. [`Heard::Open`] or [`Heard::Ended`] follows.
    pub fn dial(&mut self, target: &Target) -> Result<LineId> {
        let to: SocketAddr =
            target.authority().parse().context("an address like 127.0.0.1:8080")?;
        let id = LineId(u32::try_from(self.lines.len()).context("too many connections")?);
        let line = Line::dial(to, source(self.first_address, self.lines.len()), target)
            .with_context(|| format!("connection {} to {to}", id.0))?;
        let both = epoll::EventFlags::IN | epoll::EventFlags::OUT;
        epoll::add(&self.epoll, &line, epoll::EventData::new_u64(id.0.into()), both)?;
        self.lines.push(Some(line));
        Ok(id)
    }

    /// Connections that are there or on their way.
    pub fn alive(&self) -> usize {
        self.lines.iter().flatten().count()
    }

    /// Sends one frame; to a connection that is over, nothing.
    pub fn say(&mut self, id: LineId, payload: &[u8]) -> Result<()> {
        let Some(line) = self.lines[id.0 as usize].as_ref() else { return Ok(()) };
        self.write(id, line.opcode, payload)
    }

    /// Stops reading: what comes meanwhile stays with the kernels, and an end is not noticed.
    pub fn deafen(&mut self, id: LineId) -> Result<()> {
        let Some(line) = self.lines[id.0 as usize].as_ref() else { return Ok(()) };
        Ok(epoll::delete(&self.epoll, line)?)
    }

    /// Reads again.
    pub fn undeafen(&mut self, id: LineId) -> Result<()> {
        let Some(line) = self.lines[id.0 as usize].as_ref() else { return Ok(()) };
        let data = epoll::EventData::new_u64(id.0.into());
        Ok(epoll::add(&self.epoll, line, data, interests(line))?)
    }

    /// Ends a connection without a word; nothing more is heard of it.
    pub fn hang_up(&mut self, id: LineId) {
        if let Some(line) = self.lines[id.0 as usize].take() {
            line.vanish();
        }
    }

    /// Hears everybody until `deadline`, or until `ear` has heard enough; it is asked after every batch.
    pub fn listen(&mut self, deadline: Instant, ear: &mut dyn Ear) -> Result<()> {
        loop {
            self.hear_batch(deadline.saturating_duration_since(Instant::now()), ear)?;
            if ear.has_heard_enough() || Instant::now() >= deadline {
                return Ok(());
            }
        }
    }

    /// Hears what there is, waiting at most `patience` for the first.
    pub fn hear_batch(&mut self, patience: Duration, ear: &mut dyn Ear) -> Result<()> {
        let timeout =
            Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: patience.subsec_nanos().into() };
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        let waited =
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout));
        match waited {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("epoll_wait"),
        }
        for event in &events {
            // Copied: the kernel's record is packed.
            let epoll::Event { flags, data, .. } = *event;
            let id = LineId(data.u64() as u32);
            if flags.contains(epoll::EventFlags::OUT) {
                self.writable(id, ear)?;
            }
            let readable = epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR;
            if flags.intersects(readable) {
                self.readable(id, ear)?;
            }
        }
        self.events = events;
        Ok(())
    }

    fn write(&mut self, id: LineId, opcode: u8, payload: &[u8]) -> Result<()> {
        let Some(line) = self.lines[id.0 as usize].as_mut() else { return Ok(()) };
        self.outgoing.clear();
        framing::write(&mut self.outgoing, opcode, payload);
        // A connection that broke is heard of when it is read.
        if line.write(&self.outgoing).is_ok() && line.owes() && !line.awaits_writing {
            line.awaits_writing = true;
            watch(&self.epoll, id, line)?;
        }
        Ok(())
    }

    fn writable(&mut self, id: LineId, ear: &mut dyn Ear) -> Result<()> {
        let Some(line) = self.lines[id.0 as usize].as_mut() else { return Ok(()) };
        if let Err(error) = line.flush() {
            return self.end(id, &format!("could not write: {error}"), ear);
        }
        if !line.owes() && line.awaits_writing {
            line.awaits_writing = false;
            watch(&self.epoll, id, line)?;
        }
        Ok(())
    }

    fn readable(&mut self, id: LineId, ear: &mut dyn Ear) -> Result<()> {
        let Some(line) = self.lines[id.0 as usize].as_mut() else { return Ok(()) };
        let outcome = line.read(&mut self.scratch);
        self.now = Instant::now();
        match outcome {
            Ok(0) => self.end(id, "end of stream", ear),
            Ok(length) => {
                self.reads += 1;
                let scratch = std::mem::take(&mut self.scratch);
                let taken = self.take_in(id, &scratch[..length], ear);
                self.scratch = scratch;
                taken
            }
            Err(error) if would_wait(&error) => Ok(()),
            Err(error) => self.end(id, &error.to_string(), ear),
        }
    }

    /// Cuts what was read into frames; what is left of the last one waits for the next read.
    fn take_in(&mut self, id: LineId, fresh: &[u8], ear: &mut dyn Ear) -> Result<()> {
        let Some(line) = self.lines[id.0 as usize].as_mut() else { return Ok(()) };
        let mut joined = std::mem::take(&mut line.inbox);
        let mut input = fresh;
        if !joined.is_empty() {
            joined.extend_from_slice(fresh);
            input = &joined;
        }
        if line.stage == Stage::Shaking {
            let Some(length) = answered(input)? else {
                line.inbox = input.to_vec();
                return Ok(());
            };
            line.stage = Stage::Open;
            input = &input[length..];
            ear.hear(self, id, Heard::Open)?;
        }
        while self.lines[id.0 as usize].is_some()
            && let Some(frame) = framing::read(input)?
        {
            input = &input[frame.length..];
            self.heard(id, frame, ear)?;
        }
        if let Some(line) = self.lines[id.0 as usize].as_mut() {
            line.inbox = input.to_vec();
        }
        Ok(())
    }

    fn heard(&mut self, id: LineId, frame: framing::Read<'_>, ear: &mut dyn Ear) -> Result<()> {
        match frame.opcode {
            opcode::TEXT | opcode::BINARY => {
                self.frames += 1;
                ear.hear(self, id, Heard::Frame(frame.payload))
            }
            opcode::PING => self.write(id, opcode::PONG, frame.payload),
            opcode::CLOSE => {
                let code =
                    frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                self.end(id, &format!("the server closed with code {code}"), ear)
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, id: LineId, why: &str, ear: &mut dyn Ear) -> Result<()> {
        match self.lines[id.0 as usize].take() {
            Some(_) => ear.hear(self, id, Heard::Ended(why)),
            None => Ok(()),
        }
    }
}

fn watch(epoll: &OwnedFd, id: LineId, line: &Line) -> Result<()> {
    Ok(epoll::modify(epoll, line, epoll::EventData::new_u64(id.0.into()), interests(line))?)
}

fn interests(line: &Line) -> epoll::EventFlags {
    let mut flags = epoll::EventFlags::IN;
    flags.set(epoll::EventFlags::OUT, line.awaits_writing);
    flags
}

/// 127.0.0.2, .3 …: ports are counted for each address apart.
fn source(first: usize, nth: usize) -> IpAddr {
    let address = 2 + (first + nth / LINES_PER_ADDRESS) % 250;
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, address as u8))
}

/// The length of the answer to the upgrade, once it is there.
fn answered(input: &[u8]) -> Result<Option<usize>> {
    let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    if !input.starts_with(b"HTTP/1.1 101") {
        bail!("the upgrade was refused: {}", String::from_utf8_lossy(&input[..end]));
    }
    Ok(Some(end + 4))
}
