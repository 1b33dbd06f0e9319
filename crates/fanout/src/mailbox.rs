//! The end where hints arrive: bounded, and whoever falls behind is told so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::Hint;

/// Hints a node can be behind before more of them are lost.
pub(crate) const HINTS_MAX: usize = 4096;

/// Where hints are put. Never waits: what does not fit is lost, and [`Hint::Lost`] follows as soon as
/// there is room.
pub(crate) struct Mailbox {
    sender: mpsc::Sender<Hint>,
    receiver: Mutex<Option<mpsc::Receiver<Hint>>>,
    /// A task waits for room to say that hints were lost.
    telling: Arc<AtomicBool>,
}

impl Mailbox {
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel(HINTS_MAX);
        Self { sender, receiver: Mutex::new(Some(receiver)), telling: Arc::default() }
    }

    /// The first caller gets the hints; later ones a channel that is silent.
    pub fn take_receiver(&self) -> mpsc::Receiver<Hint> {
        let taken = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.unwrap_or_else(|| mpsc::channel(1).1)
    }

    /// Whether there was room.
    pub fn put(&self, hint: Hint) -> bool {
        match self.sender.try_send(hint) {
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.tell_of_loss();
                false
            }
            // Without a receiver nobody is behind.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => true,
        }
    }

    /// Says that hints were lost, now or when there is room.
    pub fn tell_of_loss(&self) {
        if self.telling.swap(true, Ordering::AcqRel) {
            return;
        }
        let (sender, telling) = (self.sender.clone(), self.telling.clone());
        tokio::spawn(async move {
            let room = sender.reserve().await;
            // Before it is sent: what is lost from here on needs to be told again.
            telling.store(false, Ordering::Release);
            if let Ok(room) = room {
                room.send(Hint::Lost);
            }
        });
    }
}
