//! One child: its output, its signals, its end.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, kill_process};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::spawner;

/// Lines of output kept, so that a chatty child in a long run costs a bounded amount.
const LINES_MAX: usize = 20_000;
/// How long a child may take to say what is waited for.
const WORD_WITHIN: Duration = Duration::from_secs(60);

/// What can be sent to a child.
pub type Signal = rustix::process::Signal;

/// A running (or ended) child. Dropped: gets its last signal and is waited for.
pub(crate) struct Process {
    name: String,
    last: Signal,
    pid: u32,
    output: Arc<Output>,
    ended: watch::Receiver<Option<ExitStatus>>,
    waiter: Option<JoinHandle<()>>,
}

/// Which stream a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Everything a child said.
struct Output {
    lines: Mutex<VecDeque<(Stream, String)>>,
    /// Streams still open; changes with every line.
    open: watch::Sender<usize>,
}

impl Process {
    /// Starts `command` with both outputs captured. `last` must be a signal that surely ends it.
    pub fn start(name: &str, mut command: Command, last: Signal) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawner::spawn(command)
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let output = Arc::new(Output { lines: Mutex::default(), open: watch::Sender::new(2) });
        output.follow(Stream::Stdout, child.stdout.take().expect("stdout is piped"));
        output.follow(Stream::Stderr, child.stderr.take().expect("stderr is piped"));
        let pid = child.id();
        let (end, ended) = watch::channel(None);
        let waiter = std::thread::spawn(move || {
            let status = child.wait().expect("our own child can be waited for");
            end.send_replace(Some(status));
        });
        Self { name: name.to_owned(), last, pid, output, ended, waiter: Some(waiter) }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for a line that `wanted` likes; if the child ends before, everything it said.
    pub async fn line(
        &self,
        stream: Stream,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, String> {
        let mut open = self.output.open.subscribe();
        let search = async {
            loop {
                let nothing_more = *open.borrow_and_update() == 0;
                let found = self.lines(stream).into_iter().find(|line| wanted(line));
                match found {
                    Some(line) => return Ok(line),
                    None if nothing_more => return Err(self.last_words("ended")),
                    None => drop(open.changed().await),
                }
            }
        };
        let late = |_| Err(self.last_words("did not say in time what was waited for"));
        timeout(WORD_WITHIN, search).await.unwrap_or_else(late)
    }

    /// The lines of one stream so far.
    pub fn lines(&self, stream: Stream) -> Vec<String> {
        let lines = self.output.lines.lock().expect("readers never panic");
        lines.iter().filter(|line| line.0 == stream).map(|line| line.1.clone()).collect()
    }

    /// Sends a signal; one that ended already gets none.
    pub fn signal(&self, signal: Signal) {
        if self.ended.borrow().is_none()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            // It may end at this very moment; then there is nobody to tell.
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits for the end, then until everything it said has been read.
    pub async fn ended(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await.expect("the waiter outlives the child");
        let status = status.expect("waited for it");
        // A grandchild may hold the pipe open; what it says is not waited for.
        let _ = timeout(Duration::from_secs(1), self.output.open.subscribe().wait_for(|n| *n == 0))
            .await;
        status
    }

    /// The name, what became of it, and the last lines it said: for panics.
    pub fn last_words(&self, what: &str) -> String {
        let lines = self.output.lines.lock().expect("readers never panic");
        let last = lines.iter().skip(lines.len().saturating_sub(40));
        let last: Vec<&str> = last.map(|line| line.1.as_str()).collect();
        format!("{} {what}; its last lines:\n{}", self.name, last.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(self.last);
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
    }
}

impl Output {
    fn follow(self: &Arc<Self>, stream: Stream, pipe: impl Read + Send + 'static) {
        let output = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                output.keep(stream, String::from_utf8_lossy(&line).into_owned());
            }
            output.open.send_modify(|open| *open -= 1);
        });
    }

    fn keep(&self, stream: Stream, line: String) {
        let mut lines = self.lines.lock().expect("readers never panic");
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back((stream, line));
        drop(lines);
        // A note without a change of the number: somebody may be waiting for this line.
        self.open.send_modify(|_| {});
    }
}
