//! The threads that read, each with a connection of its own: they see what is committed and delay nobody
//! who writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Running;
use super::connection::Place;
use super::error::{OpenError, Trouble, stopped};
use crate::Answer;

/// Questions that may wait; whoever comes later waits for room.
const QUEUE_MAX: usize = 1024;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The door to some reading threads.
pub(super) struct Readers {
    questions: mpsc::Sender<Message>,
    threads: usize,
}

enum Message {
    Ask(Question),
    Stop,
}

type Queue = Arc<Mutex<mpsc::Receiver<Message>>>;

impl Readers {
    /// Starts the threads; they end when they are told to stop, or when nobody can ask any more.
    pub(super) fn start(
        place: &Place,
        running: &Running,
        (name, threads): (&str, usize),
    ) -> Result<Self, OpenError> {
        let (questions, queue) = mpsc::channel(QUEUE_MAX);
        let queue = Arc::new(Mutex::new(queue));
        for n in 1..=threads {
            let (db, queue, running) = (place.to_read()?, queue.clone(), running.clone());
            let name = format!("{name}-{n}");
            std::thread::Builder::new().name(name).spawn(move || {
                answer_all(&db, &queue);
                drop((db, running));
            })?;
        }
        Ok(Self { questions, threads })
    }

    /// What `look` finds. It sees everything that was answered before.
    pub(super) fn read<T, F>(&self, look: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |db| {
            let found = look(db).map_err(|trouble| {
                match trouble {
                    Trouble::TooSlow => tracing::warn!("gave up a search: it took too long"),
                    _ => tracing::error!(error = %trouble, "cannot read"),
                }
                (&trouble).into()
            });
            let _ = reply.send(found);
        });
        Box::pin(async move {
            self.questions.send(Message::Ask(question)).await.map_err(|_| stopped())?;
            answer.await.unwrap_or_else(|_| Err(stopped()))
        })
    }

    /// Tells the threads to finish what is queued and end.
    pub(super) async fn stop(&self) {
        for _ in 0..self.threads {
            // If there is nobody to tell, they have stopped.
            let _ = self.questions.send(Message::Stop).await;
        }
    }
}

fn answer_all(db: &Connection, queue: &Queue) {
    while let Some(message) = next(queue) {
        match message {
            // A panic costs the question that caused it: its asker hears that there is no answer.
            Message::Ask(question) => drop(catch_unwind(AssertUnwindSafe(|| question(db)))),
            Message::Stop => return,
        }
    }
}

fn next(queue: &Queue) -> Option<Message> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}
