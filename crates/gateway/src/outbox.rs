//! What waits to be written to one connection, and the ear through which it gets there.
//!
//! Putting something in never waits. When more waits than the connection may owe, the queue is dropped
//! and the connection ends as too slow: the client resumes from the last number it saw.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use bytes::Bytes;
use conversation::Event;
use futures::task::AtomicWaker;
use hub::{Ear, News, Ticket};

use crate::asked::Done;
use crate::ticker::{Millis, NEVER};

/// With more waiting than this, a row or count replaces the one that waits already.
const COALESCE_ABOVE: usize = 32;

/// One thing to write.
#[derive(Debug)]
pub(crate) enum Item {
    /// What the hub tells.
    News(News),
    /// What a task of this connection has done.
    Done(Ticket, Box<Done>),
    /// A frame that is ready.
    Frame(Bytes),
    /// A sign of life.
    Ping,
}

/// Shared between a connection, its ear in the hub and the ticker.
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    waker: AtomicWaker,
    due: AtomicU64,
    /// More has come than may wait. Beside the queue, because it matters even while nothing is taken.
    overflowed: AtomicBool,
    bytes_max: usize,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// Of what is told without being asked for. Answers are bounded by the questions.
    told_bytes: usize,
    /// Nothing goes out before the answer to `hello`.
    held: bool,
    closed: bool,
}

/// The hub's end of it.
impl Ear for Outbox {
    fn tell(&self, news: News) -> bool {
        let bytes = size_of(&news);
        let mut queue = self.lock();
        if queue.closed || self.has_overflowed() {
            return false;
        }
        if queue.items.len() >= COALESCE_ABOVE && queue.replace(&news) {
            return true;
        }
        let full = queue.told_bytes + bytes > self.bytes_max;
        if full && planted::is_on(planted::Defect::SlowReaderSkipped) {
            return true;
        }
        if full {
            self.overflowed.store(true, Relaxed);
            queue.items = VecDeque::new();
            drop(queue);
            self.waker.wake();
            return false;
        }
        queue.told_bytes += bytes;
        self.push(queue, Item::News(news));
        true
    }
}

impl Outbox {
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::default(),
            waker: AtomicWaker::new(),
            due: AtomicU64::new(NEVER),
            overflowed: AtomicBool::new(false),
            bytes_max,
        })
    }

    /// Puts the outcome of a task in; gives it back once nobody listens any more.
    pub fn done(&self, ticket: Ticket, done: Box<Done>) -> Result<(), Box<Done>> {
        let queue = self.lock();
        if queue.closed {
            return Err(done);
        }
        self.push(queue, Item::Done(ticket, done));
        Ok(())
    }

    /// From now on everything waits, until [`Outbox::release`] or [`Outbox::welcome`].
    pub fn hold(&self) {
        self.lock().held = true;
    }

    /// Nothing waits any longer.
    pub fn release(&self) {
        self.lock().held = false;
    }

    /// The outcome of `hello` goes before everything that has come meanwhile.
    pub fn welcome(&self, ticket: Ticket, done: Box<Done>) -> Result<(), Box<Done>> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(done);
        }
        queue.held = false;
        queue.items.push_front(Item::Done(ticket, done));
        drop(queue);
        self.waker.wake();
        Ok(())
    }

    /// Whether the connection owes more than it may.
    pub fn has_overflowed(&self) -> bool {
        self.overflowed.load(Relaxed)
    }

    /// Takes everything that waits; `into` is empty.
    pub fn take(&self, into: &mut VecDeque<Item>) {
        let mut queue = self.lock();
        if !queue.held && !queue.items.is_empty() {
            *into = mem::take(&mut queue.items);
            queue.told_bytes = 0;
        } else if into.capacity() > 0 {
            // Nothing waits: an idle connection keeps no room for what might.
            *into = VecDeque::new();
        }
    }

    /// Nobody listens any more. Answers what was left.
    pub fn close(&self) -> VecDeque<Item> {
        let mut queue = self.lock();
        queue.closed = true;
        mem::take(&mut queue.items)
    }

    /// Whom to wake.
    pub fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub fn wake(&self) {
        self.waker.wake();
    }

    /// When the connection wants to be woken at the latest.
    pub fn wake_at(&self, due: Millis) {
        self.due.store(due, Relaxed);
    }

    /// Wakes the connection if it is due; `false` once it is gone.
    pub fn tick(&self, now: Millis) -> bool {
        if self.due.load(Relaxed) <= now {
            self.due.store(NEVER, Relaxed);
            self.waker.wake();
        }
        !self.lock().closed
    }

    fn push(&self, mut queue: MutexGuard<'_, Queue>, item: Item) {
        // Whoever takes, takes everything: only the first item has to wake anybody.
        let wake = queue.items.is_empty() && !queue.held;
        queue.items.push_back(item);
        drop(queue);
        if wake {
            self.waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock but an allocation that fails.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Rows and counts are states: the last one wins, and where it stands in the queue is free.
    fn replace(&mut self, news: &News) -> bool {
        let old = self.items.iter_mut().rev().find_map(|item| match (item, news) {
            (Item::News(old @ News::Counts(_)), News::Counts(_)) => Some(old),
            (Item::News(old), News::Row(row)) => match old {
                News::Row(waiting) if waiting.conversation.id == row.conversation.id => Some(old),
                _ => None,
            },
            _ => None,
        });
        match old {
            Some(old) => {
                *old = news.clone();
                true
            }
            None => false,
        }
    }
}

/// About how many bytes it is on the wire, if it was not asked for.
fn size_of(news: &News) -> usize {
    match news {
        News::Answer { .. } => 0,
        News::Event(told) => match &told.committed.event {
            Event::Posted { text } | Event::Noted { text } => 300 + text.as_str().len(),
            _ => 300,
        },
        News::Typing { .. } => 200,
        News::Presence { .. } | News::Counts(_) => 100,
        News::Row(row) => 700 + row.conversation.snippet.text.len(),
    }
}
